"""What the demo's lessons need besides a line: an MDM, a portal, a learning platform, as plain
pages on this computer, since a demo must not ask anybody's real ones."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAMES = ("mdm", "platform", "portal")
ESSENTIAL = ("mdm",)


class Cloud:
    """Answers on a port of its own until it is stopped; names in `broken` answer 503."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End; the port is free again."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def services(self) -> dict[str, str]:
        """Name → URL, as `agent.services` wants them."""
        return {name: f"http://127.0.0.1:{self._server.server_port}/{name}" for name in NAMES}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        broken = self.broken

        class Page(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(503 if self.path.strip("/") in broken else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Page
