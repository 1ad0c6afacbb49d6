"""Ask for emergency access: where, what, how long, what has happened."""

from __future__ import annotations

from textual.app import ComposeResult

from schoolops.core.permissions import EMERGENCY_HOURS, IN_EMERGENCIES
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.dialogs.ticks import RightsDialog, Ticks
from tui.dialogs.widgets import FormInput
from tui.i18n import _

SHORTEST_REASON = 10


class EmergencyDialog(RightsDialog):
    """Answers the body of `POST /v1/approvals/emergency`, or None."""

    def __init__(self, lookup: Lookup = no_lookup, school: str = "") -> None:
        super().__init__(_("Ask for emergency access"))
        self.school = LookupInput(
            "school",
            lookup,
            school,
            placeholder=_("its number, also of a school you do not see"),
            compact=True,
            id="school",
        )
        self.ticks = Ticks(IN_EMERGENCIES, id="may")
        self.hours = FormInput("2", compact=True, id="hours")
        self.reason = FormInput(placeholder=_("what has happened"), compact=True, id="reason")

    def body(self) -> ComposeResult:
        yield plain(
            _(
                "Tick what you need (space bar). Asking gives you nothing yet: a second person "
                "decides. Then it holds for these hours; the school and the audit see all of it."
            )
        )
        yield Line(_("School"), self.school, required=True)
        yield Line(_("I need to"), self.ticks, required=True)
        yield Line(_("For hours"), self.hours, required=True)
        yield Line(_("Reason"), self.reason, required=True)

    def hints(self) -> list[Hint]:
        return [
            ("dialog.accept", _("Ask")),
            ("dialog.cancel", _("Cancel")),
        ]

    def action_accept(self) -> None:
        chosen, reason = self.ticks.chosen, self.reason.value.strip()
        hours = self.hours.value.strip()
        if not self.school.value:
            self.want(self.school.input, _("Say for which school."))
        elif not chosen:
            self.want_ticks()
        elif not hours.isdecimal() or not 1 <= int(hours) <= EMERGENCY_HOURS:
            text = _("Give the hours as a number from 1 to {most}.")
            self.want(self.hours, text.format(most=EMERGENCY_HOURS))
        elif len(reason) < SHORTEST_REASON:
            self.want(self.reason, _("Say what has happened, in a sentence."))
        else:
            self.answer(
                {
                    "school": self.school.value,
                    "permissions": chosen,
                    "hours": int(hours),
                    "reason": reason,
                }
            )
