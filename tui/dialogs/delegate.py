"""Hand own rights on: to whom, which, where, until when, why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from textual.app import ComposeResult

from schoolops.core.permissions import DELEGATION_DAYS
from tui import cells
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.dialogs.ticks import RightsDialog, Ticks
from tui.dialogs.widgets import FormInput
from tui.i18n import _
from tui.said import said

USUAL_DAYS = 7


class DelegateDialog(RightsDialog):
    """Answers the body of `POST /v1/delegations`, or None.

    `permissions` are those that the person holds; `receiver` and `school` are filled in.
    """

    def __init__(
        self,
        lookup: Lookup = no_lookup,
        permissions: Sequence[str] = (),
        *,
        receiver: str = "",
        school: str = "",
    ) -> None:
        super().__init__(_("Hand own rights on"))
        day = cells.now().date() + dt.timedelta(days=USUAL_DAYS)
        self.receiver = LookupInput("account", lookup, receiver, compact=True, id="receiver")
        self.school = LookupInput("school", lookup, school, compact=True, id="school")
        self.group = FormInput(placeholder=_("the whole school"), compact=True, id="class")
        self.ticks = Ticks(permissions, id="may")
        self.until = FormInput(cells.date(day.isoformat()), compact=True, id="until")
        self.reason = FormInput(placeholder=_("stands in the audit"), compact=True, id="reason")

    def body(self) -> ComposeResult:
        yield plain(
            _(
                "What you tick (space bar) somebody else may do at that school until the day you "
                "name, and no longer than you may yourself."
            )
        )
        yield Line(_("Receiver"), self.receiver, required=True)
        yield Line(_("School"), self.school, required=True)
        yield Line(_("Class"), self.group)
        yield Line(_("May"), self.ticks, required=True)
        yield Line(_("Until (inclusive)"), self.until, required=True)
        yield Line(_("Reason"), self.reason, required=True)

    def hints(self) -> list[Hint]:
        return [
            ("dialog.accept", _("Hand on")),
            ("dialog.cancel", _("Cancel")),
        ]

    def action_accept(self) -> None:
        chosen, reason = self.ticks.chosen, self.reason.value.strip()
        if not self.receiver.value:
            self.want(self.receiver.input, _("Say to whom, by the user name."))
        elif not self.school.value:
            self.want(self.school.input, _("Say for which school."))
        elif not chosen:
            self.want_ticks()
        elif not (until := self._until()):
            self.until.focus()
        elif not reason:
            self.want(self.reason, _("Say why: it stands in the audit."))
        else:
            self.answer(
                {
                    "receiver": self.receiver.value,
                    "school": self.school.value,
                    "class_name": self.group.value.strip(),
                    "permissions": chosen,
                    "until": until,
                    "reason": reason,
                }
            )

    def _until(self) -> str:
        """The end as the API takes it; '' when what was typed is none, which is said."""
        from inventory.filter import end_of
        from schoolops.core.zone import local_zone

        try:
            end = end_of(self.until.value, local_zone())
        except ValueError as error:
            self.problem(said(error))
            return ""
        moment = dt.datetime.fromisoformat(end)
        days = (moment - dt.datetime.now(dt.UTC)) / dt.timedelta(days=1)
        if not 0 < days <= DELEGATION_DAYS:
            text = _("The end lies between now and {days} days from now.")
            self.problem(text.format(days=DELEGATION_DAYS))
            return ""
        return end
