"""Which kind of record: for a new record, or for what a file holds."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from inventory.fields import fold
from inventory.kinds import EDITABLE, Kind
from tui.dialogs.picker import Entry, Picker
from tui.dialogs.texts import kind_label
from tui.i18n import _


class ChooseKind(Picker[str]):
    """Answers the name of a kind ('room'), or None."""

    TALL = False
    DEFAULT_CSS = """
    ChooseKind > #box {
        width: 50;
    }
    """

    def __init__(self, kinds: Sequence[Kind] = EDITABLE, title: str = "") -> None:
        super().__init__(title or _("New: of which kind?"), _("type to narrow"))
        self.kinds = list(kinds)

    def narrow(self, words: str) -> None:
        wanted = fold(words)
        found = [k for k in self.kinds if wanted in fold(f"{kind_label(k)} {k.name} {k.plural}")]
        self.fill(
            [Entry(Content(kind_label(kind)), kind.name) for kind in found],
            "" if found else _("no kind of that name"),
        )
