"""A server on this machine that hands out calendars, and misbehaves where a test asks it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Feeds:
    """What stands at `/feed`: its text with its status and headers, how slowly it comes, and what was asked."""

    text: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0  # between two bytes
    cut: bool = False  # end in the middle
    asked: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        """Where it is, with a secret in it."""
        return f"http://127.0.0.1:{self.port}/feed?key=s3cret"


@contextmanager
def serving() -> Iterator[Feeds]:
    """The server for the length of a test."""
    feeds = Feeds()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            feeds.asked.append(dict(self.headers.items()))
            unchanged = "ETag" in feeds.headers and self.headers.get("If-None-Match") == feeds.headers["ETag"]
            self.send_response(304 if unchanged else feeds.status)
            for name, value in feeds.headers.items():
                self.send_header(name, value)
            if not unchanged:
                self._send(feeds.text)
            else:
                self.end_headers()

        def _send(self, text: bytes) -> None:
            if "Transfer-Encoding" not in feeds.headers and "Content-Length" not in feeds.headers:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            try:
                if feeds.pause:
                    for at in range(len(text)):
                        self.wfile.write(text[at : at + 1])
                        time.sleep(feeds.pause)
                else:
                    self.wfile.write(text[: len(text) // 2] if feeds.cut else text)
            except OSError:
                pass  # whoever asked has gone

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    feeds.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield feeds
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
