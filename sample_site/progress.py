"""A progress bar on stderr: one line that is drawn again, or a line a step without a terminal."""

from __future__ import annotations

import time
from typing import TextIO

WIDTH = 28


class Progress:
    """Use with `with`; `show` may be called as often as wanted."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._live = stream.isatty() and not quiet
        self._quiet = quiet and not self._live
        self._said = ""
        self._drawn = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live and self._said:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, what: str, share: float, detail: str = "") -> None:
        """Say what is done, `share` of it between 0 and 1; details only where they can move."""
        if self._quiet:
            return
        if not self._live:
            if what != self._said:
                self._stream.write(f"{what} …\n")
                self._stream.flush()
            self._said = what
            return
        now = time.monotonic()
        if what == self._said and not detail and now - self._drawn < 0.1:
            return
        self._said, self._drawn = what, now
        done = max(0, min(WIDTH, round(share * WIDTH)))
        self._stream.write(f"\r\x1b[K{'█' * done}{'░' * (WIDTH - done)} {what}")
        if detail:
            self._stream.write(f": {detail}")
        self._stream.flush()
