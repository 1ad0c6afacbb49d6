"""One of some things, by typing or with the arrows."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from inventory.fields import fold
from tui.cells import clean
from tui.dialogs.picker import Entry, Picker
from tui.i18n import _


class ChooseOne(Picker[str]):
    """Answers the word of one of `choices` (word, label), or None."""

    def __init__(self, title: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__(title, _("type to search"))
        self.choices = list(choices)

    def narrow(self, words: str) -> None:
        wanted = fold(words)
        found = [
            Entry(Content(clean(label)), word)
            for word, label in self.choices
            if wanted in fold(f"{word} {label}")
        ]
        self.fill(found, "" if found else _("nothing fits"))
