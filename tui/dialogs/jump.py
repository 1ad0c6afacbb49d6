"""Jump: type a few letters of a school, a room or a device, Enter goes there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.content import Content

from inventory.fields import fold
from inventory.kinds import KINDS
from tui.cells import clean
from tui.dialogs.lookup import Asking, Lookup
from tui.dialogs.picker import Entry, Picker
from tui.dialogs.texts import kind_heading
from tui.i18n import _

SEARCHED = ("school", "room", "device")
LIST = "list"
"""First part of the answer when the person jumps to a list: ('list', 'ipads')."""


class JumpDialog(Picker[tuple[str, str]]):
    """Answers (kind, key of the record), or ('list', plural) for one of `lists`, or None.

    `lookup` is asked for each kind at once when typing pauses; if one fails, the others still
    show. Enter before the answer goes to the first record as soon as it is there. `lists` are
    (plural, label), found at once without asking anybody.
    """

    def __init__(
        self,
        lookup: Lookup,
        *,
        kinds: Sequence[str] = SEARCHED,
        lists: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(_("Jump to"), _("name, number, room, serial, address …"))
        self.lookup = lookup
        self.kinds = list(kinds)
        self.lists = list(lists)
        self.asking = Asking(self, self._ask, self._show, self._fail)
        self._shown_for = ""
        self._go_to_first = False

    def verb(self) -> str:
        return _("Go there")

    def narrow(self, words: str) -> None:
        self._shown_for = words
        self._go_to_first = False
        if not words:
            self.asking.forget()
            self.fill(self._matching_lists(""))
            return
        self.asking.about(words)
        # what stood there belongs to other words: Enter must not take it
        self.fill(self._matching_lists(words), _("searching …"))

    def _matching_lists(self, words: str) -> list[Entry[tuple[str, str]]]:
        wanted = fold(words)
        return [
            Entry(Content(label), (LIST, plural), _("Lists"))
            for plural, label in self.lists
            if wanted in fold(f"{plural} {label}")
        ]

    async def _ask(self, words: str) -> Sequence[tuple[str, ...]]:
        answers = await asyncio.gather(
            *(self.lookup(kind, words) for kind in self.kinds), return_exceptions=True
        )
        found: list[tuple[str, ...]] = []
        failed: list[BaseException] = []
        for kind, answer in zip(self.kinds, answers, strict=True):
            if isinstance(answer, BaseException):
                failed.append(answer)
            else:
                found += [(kind, key, label) for key, label in answer]
        if failed and len(failed) == len(self.kinds):
            raise failed[0]
        return found

    def _show(self, found: Sequence[tuple[str, ...]]) -> None:
        width = min(24, max((len(key) for _kind, key, _label in found), default=8))
        entries = [
            Entry(_line(key, label, width), (kind, key), kind_heading(KINDS[kind]))
            for kind, key, label in found
        ]
        if entries and self._go_to_first:
            self.dismiss(entries[0].value)
            return
        self._go_to_first = False
        entries += self._matching_lists(self._shown_for)
        self.fill(entries, "" if entries else _("nothing found"))

    def _fail(self, sentence: str) -> None:
        self._go_to_first = False
        self.fill(self._matching_lists(self._shown_for), sentence)

    def action_accept(self) -> None:
        super().action_accept()
        if not self.entries and self.words:
            self._go_to_first = True
            self.asking.hurry(self.words)


def _line(key: str, label: str, width: int) -> Content:
    if not label or label == key:
        return Content(clean(key))
    return Content.assemble((clean(key).ljust(width), "bold"), " ", clean(label))
