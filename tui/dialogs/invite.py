"""Invite an agent: for which school, and what it is called."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.dialogs.widgets import FormInput
from tui.i18n import _


class InviteDialog(FormDialog[dict[str, str]]):
    """Answers `{"school": number, "name": text}`, or None. The frame shows the code that the
    server gives for it in `ShowCode`."""

    def __init__(self, lookup: Lookup = no_lookup, school: str = "") -> None:
        super().__init__(_("Invite an agent"))
        self.school = LookupInput("school", lookup, school, compact=True, id="school")
        self.agent = FormInput("agent", compact=True, id="agent")

    def body(self) -> ComposeResult:
        yield plain(
            _(
                "The agent measures and reports from inside the school. You get a code that "
                "joins one agent, once."
            )
        )
        yield Line(_("School"), self.school, required=True)
        yield Line(_("Name of the agent"), self.agent, required=True)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Make the code")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        (self.agent if self.school.value else self.school.input).focus()

    @on(LookupInput.Changed)
    @on(Input.Changed)
    def _edited(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        name = self.agent.value.strip()
        if not self.school.value:
            self.problem(_("Say for which school."))
            self.school.input.focus()
        elif not name:
            self.problem(_("Give the agent a name, such as “server room”."))
            self.agent.focus()
        else:
            self.answer({"school": self.school.value, "name": name})
