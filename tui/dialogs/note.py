"""A reason for a decision, with what is decided above it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from tui.cells import clean
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.widgets import FormInput
from tui.i18n import _


class NoteDialog(FormDialog[str]):
    """Shows `lines` and asks why, or for what `asks` names; answers it, or None. `does` names
    what is done then. An `optional` one may stay empty: Enter alone does it."""

    PRECIOUS = True

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        does: str,
        asks: str = "",
        *,
        optional: bool = False,
    ) -> None:
        super().__init__(title)
        self.optional = optional
        self.asks = asks
        self.lines = list(lines)
        self.does = does
        self.note = FormInput(compact=True, id="note")

    def body(self) -> ComposeResult:
        for line in self.lines:
            yield plain(clean(line))
        yield plain("")
        yield Line(self.asks or _("Why"), self.note, required=not self.optional)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", self.does), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.note.focus()

    def on_input_changed(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        note = self.note.value.strip()
        if len(note) < 3 and not (self.optional and not note):
            self.problem(
                _("Write it down in a few words.")
                if self.asks
                else _("Say in a few words why, so that the next person understands it.")
            )
            self.note.focus()
        else:
            self.answer(note)
