"""A publisher's web server on this machine, which can be as unreliable as real ones are."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Publisher:
    """What is served by path, and how badly.

    ``break_after`` are numbers of bytes after which one answer each breaks off; ``pause`` is how long to wait before
    each piece of 64 KiB; ``asked`` are the requests that came: path and Range header.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    status: int | None = None
    has_ranges: bool = True
    break_after: list[int] = field(default_factory=list)
    pause: float = 0.0
    may_go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str | None]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    publisher: Publisher
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        publisher, wanted = self.publisher, self.headers.get("Range")
        publisher.asked.append((self.path, wanted))
        self.close_connection = True
        content = publisher.files.get(self.path)
        if content is None or publisher.status is not None:
            self.send_error(publisher.status or 404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1)) if wanted and publisher.has_ranges else 0  # type: ignore[union-attr]
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        with suppress(OSError):  # whoever asked has gone
            self._send(content[start:])

    def _send(self, content: bytes) -> None:
        publisher = self.publisher
        if publisher.break_after:
            content = content[: publisher.break_after.pop(0)]
        for start in range(0, len(content), 2**16):
            time.sleep(publisher.pause)
            publisher.may_go_on.wait()
            self.wfile.write(content[start : start + 2**16])
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def publishing(files: dict[str, bytes]) -> Iterator[Publisher]:
    """Serve ``files`` by path while the block runs."""
    publisher = Publisher(files=files)
    publisher.may_go_on.set()
    handler = type("Handler", (_Handler,), {"publisher": publisher})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    publisher.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield publisher
    finally:
        publisher.may_go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
