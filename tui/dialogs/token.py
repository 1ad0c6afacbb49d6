"""A token for a colleague: name, role, and for which schools."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Select

from schoolops.core.permissions import PERSON_ROLES, ROLES
from tui.dialogs.base import Hint, Sentence
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.dialogs.widgets import Choice, FormInput
from tui.i18n import _

ALL, AUTHORITY, SCHOOLS = "all", "authority", "schools"
LONGEST_DAYS = 3650


class SchoolsInput(LookupInput):
    """School numbers one after the other; suggestions are for the last word."""

    async def _search(self, text: str) -> Sequence[tuple[str, ...]]:
        words = text.split()
        return await self.lookup(self.kind, words[-1]) if words else []

    def _pick(self, index: int) -> None:
        key, name = self._found[index]
        self.set(" ".join([*self.value.split()[:-1], key]) + " ", name)

    @property
    def numbers(self) -> list[str]:
        """The numbers, each once, in the order they were typed."""
        return list(dict.fromkeys(word for word in re.split(r"[\s,;]+", self.value) if word))


class TokenDialog(FormDialog[dict[str, Any]]):
    """Answers the body of `POST /v1/tokens`: `{"name", "role", "schools": […]|None,
    "authority": …|None, "days"}`, or None. The token itself is shown by `ShowToken`."""

    DEFAULT_CSS = """
    TokenDialog > #box {
        width: 88;
    }
    TokenDialog #role-says {
        padding-left: 24;
        color: $text-muted;
    }
    """

    def __init__(self, lookup: Lookup = no_lookup) -> None:
        super().__init__(_("New token"))
        roles = [(name, _(ROLES[name].label)) for name in PERSON_ROLES]
        scopes = [
            (ALL, _("all schools")),
            (AUTHORITY, _("the schools of an authority")),
            (SCHOOLS, _("these schools")),
        ]
        self.who = FormInput(placeholder="m.weber", compact=True, id="who")
        self.role = Choice(roles, "viewer", required=True, id="role")
        self.scope = Choice(scopes, ALL, required=True, id="scope")
        self.authority = FormInput(placeholder="10042", compact=True, id="authority")
        self.schools = SchoolsInput("school", lookup, compact=True, id="schools")
        self.days = FormInput("365", compact=True, id="days")

    def body(self) -> ComposeResult:
        yield Line(_("Name"), self.who, required=True)
        yield Line(_("Role"), self.role, required=True)
        yield Sentence(self._role_says(), id="role-says")
        yield Line(_("Sees"), self.scope, required=True)
        yield Line(_("School authority"), self.authority, required=True, id="authority-line")
        yield Line(_("School numbers"), self.schools, required=True, id="schools-line")
        yield Line(_("Valid for days"), self.days, required=True)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Make the token")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.who.focus()
        self._show_scope()

    def _role_says(self) -> str:
        role = ROLES.get(self.role.chosen or "")
        return _(role.says) if role else ""

    def _of_schools(self) -> bool:
        role = ROLES.get(self.role.chosen or "")
        return role is not None and role.level != "city"

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        event.stop()
        self.problem("")
        if event.select is self.role:
            self.query_one("#role-says", Sentence).say(self._role_says())
            if self._of_schools() and self.scope.chosen == ALL:
                self.scope.value = SCHOOLS
        self._show_scope()

    def _show_scope(self) -> None:
        self.query_one("#authority-line").display = self.scope.chosen == AUTHORITY
        self.query_one("#schools-line").display = self.scope.chosen == SCHOOLS

    @on(LookupInput.Changed)
    @on(Input.Changed)
    def _edited(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        name = self.who.value.strip()
        scope = self.scope.chosen
        schools = self.schools.numbers if scope == SCHOOLS else None
        authority = self.authority.value.strip() if scope == AUTHORITY else None
        days = self.days.value.strip()
        if not re.fullmatch(r"[\w.@-]{2,64}", name):
            self._refuse(self.who, _("Give a name without spaces, such as m.weber."))
        elif schools is not None and not schools:
            self._refuse(self.schools.input, _("Name at least one school."))
        elif authority is not None and not authority:
            self._refuse(self.authority, _("Give the number of the school authority."))
        elif not days.isdecimal() or not 1 <= int(days) <= LONGEST_DAYS:
            self._refuse(
                self.days,
                _("Give the days as a number from 1 to {most}.").format(most=LONGEST_DAYS),
            )
        else:
            self.answer(
                {
                    "name": name,
                    "role": self.role.chosen,
                    "schools": schools,
                    "authority": authority,
                    "days": int(days),
                }
            )

    def _refuse(self, control: Input, sentence: str) -> None:
        control.focus()
        self.problem(sentence)
