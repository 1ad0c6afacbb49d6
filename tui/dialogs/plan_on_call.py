"""Plan who is told of incidents, and when."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.backend import Json
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.dialogs.spell import Spell
from tui.dialogs.widgets import Choice, FormInput
from tui.i18n import _


class PlanOnCall(FormDialog[Json]):
    """Answers the body of `POST /v1/on-calls`, or None."""

    PRECIOUS = True

    def __init__(self, lookup: Lookup = no_lookup) -> None:
        super().__init__(_("On-call time"))
        levels = [("1", _("is told at once")), ("2", _("when nobody of level 1 answers"))]
        self.username = LookupInput(
            "account", lookup, "", placeholder=_("user name, or mail address"), compact=True,
            id="username",
        )  # fmt: skip
        self.level = Choice(levels, "1", required=True, id="level")
        self.authority = FormInput(placeholder=_("all schools"), compact=True, id="authority")
        self.spell = Spell()

    def body(self) -> ComposeResult:
        yield plain(
            _(
                "Critical incidents are told by mail to who is on call, until somebody "
                "acknowledges them. Give an end, the days of every week, or both."
            )
        )
        yield Line(_("Person"), self.username, required=True)
        yield Line(_("Level"), self.level, required=True)
        yield Line(_("Schools of authority"), self.authority)
        yield from self.spell.lines()

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Plan it")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.set_focus(self.username.input)

    def on_input_changed(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        username = self.username.value.strip()
        if not username:
            self.problem(_("Say who is on call: a user name or a mail address."))
            self.username.input.focus()
            return
        times = self.spell.read(self)
        if times is None:
            return
        authority = self.authority.value.strip()
        level = int(self.level.chosen or "1")
        self.answer({"username": username, "level": level, "authority": authority, **times})
