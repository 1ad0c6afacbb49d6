"""How the server spares memory: one pool of the C library for all its threads."""

from __future__ import annotations

import contextlib
import ctypes

ARENAS = 1
"""glibc gives up to eight pools a core to threads that ask for memory at once. What a request
leaves free in one is of no use to the others, and Python's threads run one after the other."""
_M_ARENA_MAX = -8


def spare() -> None:
    """Ask for one pool; to be called before threads start. Another C library has none to spare."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
