"""What is imported when it is first wanted: `importlib` costs 0.1 MB to say it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def named(path: str) -> Any:
    """What `package.module:name` means. Raises ImportError, AttributeError."""
    module, _, name = path.partition(":")
    __import__(module)
    return getattr(sys.modules[module], name)
