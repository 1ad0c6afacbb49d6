"""Lines for the journal. `logging` would cost 2 MB; the service manager adds time and name."""

from __future__ import annotations

import posix

from agents.quiet import suppress

_last = ""


def say(line: str) -> None:
    """Write one line to standard error; the same line twice in a row is written once."""
    global _last
    if line == _last:
        return
    _last = line
    with suppress(OSError):
        posix.write(2, (line.replace("\n", " ") + "\n").encode("utf-8", "replace"))
