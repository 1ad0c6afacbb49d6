"""Plan maintenance, or a freeze: where, when, why."""

from __future__ import annotations

from textual.app import ComposeResult

from inventory.choices import WINDOW_KINDS
from tui.backend import Json
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.dialogs.spell import Spell
from tui.dialogs.widgets import Choice, FormInput
from tui.i18n import _


class PlanWindow(FormDialog[Json]):
    """Answers the body of `POST /v1/windows`, or None."""

    PRECIOUS = True

    def __init__(self, lookup: Lookup = no_lookup, school: str = "") -> None:
        super().__init__(_("Plan maintenance"))
        words = [(name, _(label)) for name, label in WINDOW_KINDS.items()]
        everywhere = _("all schools")
        self.kind = Choice(words, "maintenance", required=True, id="kind")
        self.school = LookupInput(
            "school", lookup, school, placeholder=everywhere, compact=True, id="school"
        )
        self.room = FormInput(placeholder=_("the whole school"), compact=True, id="room")
        self.spell = Spell()
        self.reason = FormInput(placeholder=_("others will read it"), compact=True, id="reason")

    def body(self) -> ComposeResult:
        yield plain(
            _(
                "Maintenance holds alerts; during a freeze equipment is not to be changed. Give an "
                "end, the days of every week, or both."
            )
        )
        yield Line(_("What it is"), self.kind, required=True)
        yield Line(_("School"), self.school)
        yield Line(_("Room"), self.room)
        yield from self.spell.lines()
        yield Line(_("Reason"), self.reason, required=True)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Plan it")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.set_focus(self.room if self.school.value else self.school.input)

    def on_input_changed(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        times = self.spell.read(self)
        reason = self.reason.value.strip()
        if times is None:
            return
        if not reason:
            self.problem(_("Say what is done: others will read it."))
            self.reason.focus()
            return
        where = {"school": self.school.value or None, "room": self.room.value.strip()}
        self.answer({"kind": self.kind.chosen or "maintenance", **where, **times, "reason": reason})
