"""Plan maintenance, or a freeze: where, when, why."""

from __future__ import annotations

from textual.app import ComposeResult

from inventory.choices import WINDOW_KINDS
from tui import cells
from tui.backend import Json
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.dialogs.widgets import Choice, FormInput
from tui.i18n import _
from tui.said import said


class PlanWindow(FormDialog[Json]):
    """Answers the body of `POST /v1/windows`, or None."""

    def __init__(self, lookup: Lookup = no_lookup, school: str = "") -> None:
        super().__init__(_("Plan maintenance"))
        words = [(name, _(label)) for name, label in WINDOW_KINDS.items()]
        everywhere = _("all schools")
        self.kind = Choice(words, "maintenance", required=True, id="kind")
        self.school = LookupInput(
            "school", lookup, school, placeholder=everywhere, compact=True, id="school"
        )
        self.room = FormInput(placeholder=_("the whole school"), compact=True, id="room")
        self.begins = FormInput(placeholder=_("now"), compact=True, id="begins")
        until = f"{cells.now():%d.%m.%Y 18:00}"
        self.ends = FormInput(placeholder=until, compact=True, id="ends")
        self.every = FormInput(placeholder="mon-fri=22:00-06:00", compact=True, id="every")
        self.reason = FormInput(placeholder=_("others will read it"), compact=True, id="reason")

    def body(self) -> ComposeResult:
        yield plain(
            _(
                "Maintenance holds alerts; a freeze tells people when equipment is not to be "
                "changed. Give an end, the days of every week, or both."
            )
        )
        yield Line(_("What it is"), self.kind, required=True)
        yield Line(_("School"), self.school)
        yield Line(_("Room"), self.room)
        yield Line(_("From when"), self.begins)
        yield Line(_("Until (inclusive)"), self.ends)
        yield Line(_("Every week"), self.every)
        yield Line(_("Reason"), self.reason, required=True)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Plan it")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.set_focus(self.room if self.school.value else self.school.input)

    def on_input_changed(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        times = self._times()
        if times is None:
            return
        every, reason = self.every.value.strip(), self.reason.value.strip()
        if not (times.get("ends") or every):
            self.problem(_("Say until when, or on which days every week."))
            self.ends.focus()
        elif not reason:
            self.problem(_("Say what is done: others will read it."))
            self.reason.focus()
        else:
            where = {"school": self.school.value or None, "room": self.room.value.strip()}
            kind = self.kind.chosen or "maintenance"
            self.answer({"kind": kind, **where, **times, "every": every, "reason": reason})

    def _times(self) -> Json | None:
        """`begins` and `ends` as the API takes them; None when one is no time, which is said."""
        from inventory.filter import end_of, instant_range
        from schoolops.core.clock import to_iso
        from schoolops.core.zone import local_zone

        found: Json = {}
        field = self.begins
        try:
            if text := self.begins.value.strip():
                found["begins"] = to_iso(instant_range(text, local_zone())[0])
            field = self.ends
            if text := self.ends.value.strip():
                found["ends"] = end_of(text, local_zone())
        except ValueError as error:
            self.problem(said(error))
            field.focus()
            return None
        return found
