"""The plan of something destructive, which goes on only when the number is typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.cells import clean, number
from tui.dialogs.base import Body, Dialog, Hint, plain
from tui.i18n import _, ngettext

SHOWN = 500
"""Lines of a plan that are drawn; of more, the number is said."""


class ConfirmPlan(Dialog[bool]):
    """Shows `lines` and asks to type `number`; with None, one key agrees. Answers True, or
    None when the person does not agree."""

    DEFAULT_CSS = """
    ConfirmPlan #number {
        width: 16;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "Do it", show=False, id="dialog.take", priority=True),
        Binding("pagedown,down", "scroll_plan(1)", "Further down", show=False),
        Binding("pageup,up", "scroll_plan(-1)", "Further up", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[str], number: int | None = None) -> None:
        super().__init__(title)
        self.lines = list(lines)
        self.number = number
        self.make_room(self.lines)

    def body(self) -> ComposeResult:
        for line in self.lines[:SHOWN]:
            yield plain(clean(line))
        if len(self.lines) > SHOWN:
            more = len(self.lines) - SHOWN
            yield plain(
                ngettext("… and {count} more", "… and {count} more", more).format(
                    count=number(more)
                )
            )

    def below(self) -> Iterable[Widget]:
        if self.number is None:
            return
        yield Static(
            _("Type {number} to go on; Esc leaves everything as it is.").format(number=self.number),
            classes="caption",
            markup=False,
        )
        yield Input(id="number", compact=True)

    def hints(self) -> list[Hint]:
        return [("dialog.take", _("Do it")), ("dialog.cancel", _("Cancel"))]

    def action_accept(self) -> None:
        if self.number is not None:
            typed = re.sub(r"[.,\s]", "", self.query_one("#number", Input).value)
            if typed != str(self.number):
                self.problem(
                    _("Nothing was done: that is not {number}.").format(number=self.number)
                    if typed
                    else _("Nothing was done: type {number} first.").format(number=self.number)
                )
                return
        self.dismiss(True)

    def action_scroll_plan(self, pages: int) -> None:
        body = self.query_one("#body", Body)
        body.scroll_relative(y=pages * max(1, body.size.height - 1), animate=False)
