"""Explain a permission: who, what, where; then allowed or not, and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Select, Static

from schoolops.core.permissions import FIELD_CLASSES, PERMISSIONS
from tui import grants
from tui.backend import Json, sentence
from tui.dialogs.base import Hint
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.dialogs.widgets import Choice, FormInput
from tui.i18n import _

Ask = Callable[[Json], Awaitable[Json]]
"""What `GET /v1/access/explain` wants → what it answers."""


async def no_answer(_about: Json) -> Json:
    """For a dialog that is looked at without a server."""
    raise ConnectionError


class ExplainDialog(FormDialog[None]):
    """Asks as often as the person likes and shows the answer under the form; Esc closes it.

    `others`: whether the person may ask about somebody else.
    """

    DEFAULT_CSS = """
    ExplainDialog > #box { width: 88; }
    ExplainDialog #answer { height: auto; width: 100%; margin-top: 1; }
    """

    def __init__(
        self,
        ask: Ask = no_answer,
        lookup: Lookup = no_lookup,
        *,
        others: bool = True,
        who: str = "",
        school: str = "",
    ) -> None:
        super().__init__(_("Explain a permission"))
        self.ask = ask
        self.others = others
        allowed = [(p.name, _(p.label)) for p in PERMISSIONS.values()]
        fields = [(name, _(label)) for name, label in FIELD_CLASSES.items()]
        self.who = LookupInput(
            "account", lookup, who if others else "", placeholder=_("me"), compact=True, id="who"
        )
        self.permission = Choice(allowed, "estate.read", required=True, id="permission")
        self.school = LookupInput(
            "school", lookup, school, placeholder=_("the whole city"), compact=True, id="school"
        )
        self.group = FormInput(placeholder=_("the whole school"), compact=True, id="class")
        self.fields = Choice(fields, id="fields")

    def body(self) -> ComposeResult:
        if self.others:
            yield Line(_("Who"), self.who)
        yield Line(_("May"), self.permission, required=True)
        yield Line(_("School"), self.school)
        yield Line(_("Class"), self.group)
        yield Line(_("Fields of persons"), self.fields)
        yield Static("", id="answer", markup=False)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Explain")), ("dialog.cancel", _("Close"))]

    def on_mount(self) -> None:
        self.set_focus(self.who.input if self.others and not self.who.value else self.permission)

    @on(LookupInput.Changed)
    @on(Input.Changed)
    @on(Select.Changed)
    def _edited(self) -> None:
        """An answer belongs to its question."""
        self.problem("")
        self.query_one("#answer", Static).update("")

    def action_accept(self) -> None:
        about = {
            "permission": self.permission.chosen or "",
            "who": self.who.value if self.others else "",
            "school": self.school.value,
            "class_name": self.group.value.strip(),
            "field_class": self.fields.chosen or "",
        }
        if about["class_name"] and not about["school"]:
            self.problem(_("A class is one of a school: name the school too."))
            self.school.input.focus()
            return
        self.run_worker(self._explain(about), exclusive=True, exit_on_error=False)

    async def _explain(self, about: dict[str, Any]) -> None:
        try:
            answer = await self.ask(about)
        except Exception as error:  # offline, refused, a name that nobody has
            self.problem(sentence(error) or type(error).__name__)
            return
        self.problem("")
        shown = self.query_one("#answer", Static)
        shown.update(grants.explained(answer, max(40, shown.size.width)))
        shown.scroll_visible(animate=False)
