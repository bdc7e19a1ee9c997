"""What a person sees and does in one browser tab."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from ctr_app.ui.vega_names import BREAKING, HELD

from .server import Server

# Noisy machines, on which training yields to everything else: nothing here says how fast the app is.
PATIENCE_MS = 200_000
TRAINING_MS = 3 * PATIENCE_MS
expect.set_options(timeout=PATIENCE_MS)
LOOK_AGAIN_MS = 100  # by default a page is looked at whenever it is drawn, which takes half a core
WIDTHS = (1280, 1920)
ColorScheme = Literal["light", "dark"]
BACKGROUNDS: dict[ColorScheme, str] = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 21, 31)"}
PAGES = ("", "data", "train", "interactions", "attention", "predictions", "evaluate", "runs")
# Streamlit asks for these under the page's path first, and takes the answer 404 for "not there".
PROBES = re.compile(r"/_stcore/(health|host-config)$")
IS_SETTLED = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app?.dataset.testScriptState === 'notRunning' && app.dataset.testConnectionState === 'CONNECTED'
    && !document.querySelector('[data-stale="true"], [data-testid="stSkeleton"], [data-testid="stAppSkeleton"]')
    && document.querySelector('h1') !== null;
}"""


class Screen:
    """One tab on one server: what is on it, what is pressed, and what went wrong on the way."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        self.console: list[str] = []
        self.requests: list[str] = []
        self.is_answered = True
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.console.append(f"uncaught: {error}"))
        page.on("request", self._note)
        page.on("websocket", self._listen)

    def open(self, path: str = "") -> None:
        """Load a page anew, as a link from outside does."""
        self.page.goto(f"{self.server.url}/{path}")
        self.settle()

    def go(self, title: str) -> None:
        """Follow the navigation at the top to the page of that title."""
        self.page.locator('[data-testid="stTopNavLink"]', has_text=re.compile(rf"^\W*\w*{title}$")).click()
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked of the server is answered, and what it drew stands still."""
        for _ in range(2):
            self.page.wait_for_timeout(150)
            ends = time.monotonic() + PATIENCE_MS / 1000
            while not self.is_answered and time.monotonic() < ends:
                self.page.wait_for_timeout(50)
            self.page.wait_for_function(IS_SETTLED, polling=LOOK_AGAIN_MS)

    def key(self, key: str) -> Locator:
        """The element with that key."""
        return self.page.locator(f".st-key-{key}")

    def press(self, key: str) -> None:
        """Press the button with that key."""
        self.key(key).locator("button").first.click()

    def press_words(self, words: str) -> None:
        """Press the button, toggle or link that says ``words``."""
        self.page.get_by_text(words, exact=True).first.click()

    def upload(self, file: Path | dict[str, Any], key: str = "data-upload") -> None:
        """Put a file (or a name with its bytes) into the upload with that key."""
        self.key(key).locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]

    def charts(self) -> Locator:
        """The drawn charts that have marks of data in them."""
        marks = '.role-mark [aria-roledescription$="mark"], .role-mark path, .role-mark image'
        return self.page.locator('[data-testid="stVegaLiteChart"]', has=self.page.locator(f"svg :is({marks})"))

    def chart(self, words: str) -> Locator:
        """The chart whose description holds ``words``."""
        return self.page.locator(f'[data-testid="stVegaLiteChart"][aria-label*="{words}"]')

    def see_cell(self, words: str) -> None:
        """Wait until one cell of a table holds ``words``."""
        cells = self.page.locator('[data-testid="stDataFrame"] [role="gridcell"]')
        expect(cells.filter(has_text=words)).to_have_count(1, timeout=PATIENCE_MS)

    def see(self, words: str | re.Pattern[str]) -> None:
        """Wait until ``words`` are on the page."""
        expect(self.page.get_by_text(words).first).to_be_visible(timeout=PATIENCE_MS)

    def read(self, words: str) -> None:
        """Wait until ``words`` can be read on the page, in a chart or beside it."""
        main = self.page.locator('[data-testid="stMain"]')
        expect(main).to_contain_text(words, use_inner_text=True, timeout=PATIENCE_MS)

    def see_described(self, words: str) -> None:
        """Wait until what the charts tell of their marks holds ``words``, a regular expression."""
        ends = time.monotonic() + PATIENCE_MS / 1000
        while not re.search(words, self.described()) and time.monotonic() < ends:
            self.page.wait_for_timeout(200)
        assert re.search(words, self.described()), f"{words!r} is told by no mark"

    def see_chart(self) -> None:
        """Wait until a chart with marks is drawn."""
        expect(self.charts().first).to_be_visible(timeout=PATIENCE_MS)

    def wait_for_path(self, path: str, timeout: float = PATIENCE_MS) -> None:
        """Wait until the address is that page on a run."""
        self.page.wait_for_url(re.compile(rf"/{path}\?run=[\w.-]+$"), timeout=timeout)

    def run_id(self) -> str:
        """The run that the address names."""
        return self.page.url.rpartition("?run=")[2]

    def text(self) -> str:
        """Everything that can be read on the page, titles and labels of charts among it."""
        return self.page.locator('[data-testid="stMain"]').inner_text()

    def described(self) -> str:
        """What the charts tell of each mark, as a screen reader or a tooltip does."""
        told = "\n".join(
            label or ""
            for label in self.page.locator("svg [aria-label]").evaluate_all(
                "marks => marks.map(mark => mark.getAttribute('aria-label'))"
            )
        )
        return told.replace(HELD, BREAKING)

    def alerts(self) -> list[str]:
        """The sentences in boxes of errors and warnings, and exceptions."""
        boxes = (
            '[data-testid="stAlertContentError"], [data-testid="stAlertContentWarning"], [data-testid="stException"]'
        )
        return self.page.locator(boxes).all_inner_texts()

    def boxes(self) -> Locator:
        """The boxes of errors, warnings and information."""
        return self.page.locator('[data-testid="stAlertContainer"]')

    def open_choices(self, label: str) -> Locator:
        """Open the selectbox with that label; returns its options."""
        box = self.page.get_by_role("combobox", name=label)
        options = self.page.get_by_role("option")
        for _ in range(20):  # the list closes again when anything scrolls
            box.scroll_into_view_if_needed()
            self.page.wait_for_timeout(300)
            box.press("ArrowDown")
            self.page.wait_for_timeout(300)
            if options.count():
                break
        expect(options.first).to_be_visible()
        return options

    def choose(self, label: str, option: str | re.Pattern[str]) -> None:
        """Choose an option in the selectbox with that label."""
        self.open_choices(label)
        self.page.get_by_role("option", name=option, exact=True).first.click()
        self.settle()

    def look(self, color_scheme: ColorScheme) -> None:
        """Let the system prefer light or dark, and wait until the page does as well."""
        self.page.emulate_media(color_scheme=color_scheme)
        app = self.page.locator('[data-testid="stApp"]')
        expect(app).to_have_css("background-color", BACKGROUNDS[color_scheme])

    def widen(self, width: int) -> None:
        """Make the window as wide as that, and wait until the page has found its place in it."""
        self.page.set_viewport_size({"width": width, "height": 1080})
        self.settle()

    def is_as_wide_as_the_window(self) -> bool:
        """Whether nothing has to be scrolled to sideways."""
        return bool(
            self.page.evaluate(
                """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
                         .every(part => part.scrollWidth <= part.clientWidth)"""
            )
        )

    def trouble(self) -> list[str]:
        """What the browser complained of, and requests to anywhere but the server."""
        outside = [url for url in self.requests if not url.startswith((self.server.url, "data:", "blob:"))]
        return [*self.console, *(f"asked for {url}" for url in outside)]

    def _hear(self, message: ConsoleMessage) -> None:
        source = message.location.get("url", "")
        if message.type == "error" and not PROBES.search(source):
            self.console.append(f"{message.text} ({source})")
        if "Infinite extent" in message.text:
            self.console.append(message.text)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._hear_asking)
        socket.on("framereceived", self._hear_answer)

    def _hear_asking(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes) and BackMsg.FromString(frame).HasField("rerun_script"):
            self.is_answered = False

    def _hear_answer(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes):
            message = ForwardMsg.FromString(frame)
            if message.HasField("script_finished"):
                self.is_answered = message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def _note(self, request: Request) -> None:
        self.requests.append(request.url)


__all__ = [
    "BACKGROUNDS",
    "LOOK_AGAIN_MS",
    "PAGES",
    "PATIENCE_MS",
    "TRAINING_MS",
    "WIDTHS",
    "ColorScheme",
    "Screen",
    "expect",
]
