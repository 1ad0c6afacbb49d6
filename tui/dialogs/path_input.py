"""Input for the name of a file, which completes names as a shell does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType

from tui.dialogs.lookup import LookupInput
from tui.i18n import _

MOST = 40
"""Names that are offered at once."""


def complete(text: str, suffixes: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Paths that begin with `text`: (path as it would be typed, 'folder' or the size).

    Folders come first and end in a slash; hidden names come only when a dot was typed; files
    are narrowed to the suffixes, if given. A folder that cannot be read offers nothing.
    """
    folder, begin = os.path.split(text)
    found: list[tuple[int, str, str]] = []
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            for entry in entries:
                name = entry.name
                if not name.casefold().startswith(begin.casefold()):
                    continue
                if name.startswith(".") and not begin.startswith("."):
                    continue
                if entry.is_dir():
                    found.append((0, os.path.join(folder, name) + os.sep, _("folder")))
                elif not suffixes or Path(name).suffix.casefold() in suffixes:
                    found.append((1, os.path.join(folder, name), size_text(entry.stat().st_size)))
    except OSError:
        return []
    return [(path, note) for _order, path, note in sorted(found)][:MOST]


def size_text(size: int) -> str:
    """'980 B', '12.4 kB', '3.1 MB'."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


class PathInput(LookupInput):
    """↓ ↑ Enter as in any lookup; Tab takes the marked or the first name and goes on inside a
    folder."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete the name", show=False, priority=True),
    ]

    def __init__(
        self,
        value: str = "",
        *,
        suffixes: Sequence[str] = (),
        placeholder: str = "",
        id: str | None = None,
    ) -> None:
        async def names(_kind: str, text: str) -> list[tuple[str, str]]:
            # a folder on a network drive may take its time
            return await asyncio.to_thread(complete, text, suffixes)

        super().__init__("path", names, value, placeholder=placeholder, compact=True, id=id)

    @property
    def path(self) -> Path:
        return Path(os.path.expanduser(self.value))

    def _pick(self, index: int) -> None:
        super()._pick(index)
        if self.value.endswith(os.sep):
            self._asking.about(self.value, at_once=True)

    def action_complete(self) -> None:
        """With nothing to complete, Tab goes on to the next line as everywhere."""
        if not self.open or not self._found:
            raise SkipAction
        paths = [path for path, *_note in self._found]
        common = os.path.commonprefix(paths)  # noqa: RUF071 (what a shell completes)
        if self.list.highlighted is None and len(paths) > 1 and len(common) > len(self.value):
            self.set(common)
            self._asking.about(common, at_once=True)
        else:
            self._pick(self.list.highlighted or 0)
