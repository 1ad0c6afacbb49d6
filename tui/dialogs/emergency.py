"""Ask for emergency access: where, what, how long, what has happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    """Answers the body of `POST /v1/approvals/emergency`, or None.

    `draft` is an earlier answer that the server refused, for the reason `problem`.
    """

    def __init__(
        self,
        lookup: Lookup = no_lookup,
        *,
        draft: Mapping[str, Any] | None = None,
        problem: str = "",
    ) -> None:
        super().__init__(_("Ask for emergency access"))
        draft = draft or {}
        self.school = LookupInput(
            "school",
            lookup,
            draft.get("school", ""),
            placeholder=_("its number, also of a school you do not see"),
            compact=True,
            id="school",
        )
        self.ticks = Ticks(IN_EMERGENCIES, draft.get("permissions", ()), id="may")
        self.hours = FormInput(str(draft.get("hours", 2)), compact=True, id="hours")
        self.reason = FormInput(
            draft.get("reason", ""), placeholder=_("what has happened"), compact=True, id="reason"
        )
        self.refusal = problem

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
            self.refuse(self.school.input, _("Say for which school."))
        elif not chosen:
            self.refuse_ticks()
        elif not hours.isdecimal() or not 1 <= int(hours) <= EMERGENCY_HOURS:
            text = _("Give the hours as a number from 1 to {most}.")
            self.refuse(self.hours, text.format(most=EMERGENCY_HOURS))
        elif len(reason) < SHORTEST_REASON:
            self.refuse(self.reason, _("Say what has happened, in a sentence."))
        else:
            self.dismiss(
                {
                    "school": self.school.value,
                    "permissions": chosen,
                    "hours": int(hours),
                    "reason": reason,
                }
            )
