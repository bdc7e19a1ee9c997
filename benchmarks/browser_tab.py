"""One browser tab without a browser: speaks with the server as the page's script does, over the same websocket."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE_SECONDS = 120.0
MAX_MESSAGE_BYTES = 2**28
AGAIN = ForwardMsg.FINISHED_EARLY_FOR_RERUN
FAILED = ForwardMsg.FINISHED_WITH_COMPILE_ERROR
TRIGGER = "trigger_value"


class PageFailed(RuntimeError):
    """A page shows an error, or lacks what was to be pressed."""


@dataclass
class Drawn:
    """What one run of the script drew: seconds until it was finished, ids of widgets, fragments that renew themselves.

    ``options`` are those of each selectbox, by its id.
    """

    seconds: float = 0.0
    widgets: list[str] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)

    def widget(self, key: str) -> str:
        """The id of the widget with that key; raises PageFailed if it was not drawn."""
        found = [id for id in self.widgets if re.search(rf"-{re.escape(key)}$", id)]
        if not found:
            raise PageFailed(f"The page has no widget {key}; it has {', '.join(self.widgets) or 'none'}.")
        return found[0]


@contextmanager
def open_tab(url: str, page: str, query: str = "") -> Iterator[Tab]:
    """A new session on one page, the address ``query`` (without its question mark) included."""
    address = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(address, max_size=MAX_MESSAGE_BYTES, subprotocols=[Subprotocol("streamlit")]) as connection:
        yield Tab(connection, page, query)


class Tab:
    """A session on one page; ``first`` is what opening it drew."""

    def __init__(self, connection: ClientConnection, page: str, query: str) -> None:
        self._connection, self._page, self._page_hash, self.query = connection, page, "", query
        self._values: dict[str, WidgetState] = {}
        self._fragments: dict[str, str] = {}  # of widgets in a fragment, by their ids
        self.first = self.rerun()

    def set(self, id: str, **value: object) -> Drawn:
        """Give a widget a value, as ``double_value=3.0`` or ``string_array_value=[...]``, and run what it is in."""
        state = WidgetState(id=id)
        for kind, content in value.items():
            if isinstance(content, list):
                getattr(state, kind).data.extend(content)
            else:
                setattr(state, kind, content)
        self._values[id] = state
        try:
            return self._run(self._fragments.get(id, ""))
        finally:
            if TRIGGER in value:
                del self._values[id]

    def press(self, id: str) -> Drawn:
        """Press a button."""
        return self.set(id, **{TRIGGER: True})

    def rerun(self, fragment: str = "") -> Drawn:
        """Run the page's script, or a fragment that renews itself, and wait until all that it drew has come."""
        return self._run(fragment, is_auto=bool(fragment))

    def _run(self, fragment: str, is_auto: bool = False) -> Drawn:
        asked = BackMsg()
        state = asked.rerun_script
        state.query_string = self.query
        state.fragment_id, state.is_auto_rerun = fragment, is_auto
        state.page_script_hash, state.page_name = self._page_hash, "" if self._page_hash else self._page
        state.widget_states.widgets.extend(self._values.values())
        drawn, started = Drawn(), time.perf_counter()
        self._connection.send(asked.SerializeToString())
        for message in self._messages(started + PATIENCE_SECONDS):
            kind = message.WhichOneof("type")
            if kind == "script_finished" and message.script_finished == FAILED:
                raise PageFailed(f"The page {self._page} could not be run.")
            if kind == "script_finished" and message.script_finished != AGAIN:
                drawn.seconds = time.perf_counter() - started
                return drawn
            self._note(kind, message, drawn)
        raise AssertionError("messages end with an error")

    def _messages(self, until: float) -> Iterator[ForwardMsg]:
        while True:
            content = self._connection.recv(timeout=until - time.perf_counter(), decode=False)
            message = ForwardMsg()
            message.ParseFromString(content)
            yield message

    def _note(self, kind: str | None, message: ForwardMsg, drawn: Drawn) -> None:
        if kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            drawn.fragments.append(message.auto_rerun.fragment_id)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._note_element(message.delta.new_element, message.delta.fragment_id, drawn)

    def _note_element(self, element: Any, fragment: str, drawn: Drawn) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise PageFailed(f"The page {self._page} shows an error: {element.exception.message}")
        widget = getattr(element, kind)
        if id := getattr(widget, "id", ""):
            drawn.widgets.append(id)
            if fragment:
                self._fragments[id] = fragment
        if kind == "selectbox":
            drawn.options[id] = list(widget.options)
