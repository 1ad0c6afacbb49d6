"""A record of one kind, found while one types."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult

from tui.cells import clean
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.i18n import _


class FindRecord(FormDialog[str]):
    """Answers a record's key, or None; '' only where `empty` says what that means.

    `kind` is looked up, `asks` the label, `does` what is done then."""

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        does: str,
        kind: str,
        lookup: Lookup = no_lookup,
        *,
        asks: str = "",
        empty: str = "",
    ) -> None:
        super().__init__(title)
        self.lines = list(lines)
        self.does = does
        self.asks = asks
        self.empty = empty
        self.key = LookupInput(
            kind, lookup, "", placeholder=empty or _("type to search"), compact=True, id="key"
        )

    def body(self) -> ComposeResult:
        for line in self.lines:
            yield plain(clean(line))
        if self.lines:
            yield plain("")
        yield Line(self.asks, self.key, required=not self.empty)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", self.does), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.set_focus(self.key.input)

    @on(LookupInput.Changed)
    def _edited(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        if not self.key.value and not self.empty:
            self.problem(_("Say which one."))
            self.key.input.focus()
        else:
            self.answer(self.key.value)
