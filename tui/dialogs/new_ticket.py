"""Report a fault or a wish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, TextArea

from inventory.choices import TICKET_CATEGORIES, TICKET_PRIORITIES
from tui.backend import Json
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.record_form import no_lookup
from tui.dialogs.widgets import Choice, FormInput, Notes
from tui.i18n import _, language


class NewTicket(FormDialog[Json]):
    """Answers the body of `POST /v1/tickets`, or None.

    `at`: school, room (its key), device and category that are known. `works`: whether the person
    works on tickets, and may say how urgent it is and who told it by telephone.
    """

    PRECIOUS = True
    DEFAULT_CSS = """
    NewTicket Notes {
        height: 4;
        background: $boost;
    }
    """

    def __init__(
        self, at: Mapping[str, Any] | None = None, lookup: Lookup = no_lookup, *, works: bool = True
    ) -> None:
        super().__init__(_("New ticket"))
        known = {name: str(value or "") for name, value in (at or {}).items()}
        self.works = works
        self.school = LookupInput(
            "school", lookup, known.get("school", ""), compact=True, id="school"
        )
        self.room = LookupInput(
            "room", lookup, known.get("room", ""), compact=True, id="room", scope=self._scope
        )
        self.device = LookupInput(
            "device", lookup, known.get("device", ""), compact=True, id="device", scope=self._scope
        )
        categories = [(word, _(label)) for word, label in TICKET_CATEGORIES.items()]
        usual = known.get("category") or ("device" if known.get("device") else "other")
        self.category = Choice(categories, usual, required=True, id="category")
        urgent = [(word, _(label)) for word, label in TICKET_PRIORITIES.items()]
        self.priority = Choice(urgent, None, prompt=_("follows from the rest"), id="priority")
        self.told_by = FormInput(placeholder=_("if somebody told it you"), compact=True, id="name")
        self.mail = FormInput(placeholder=_("where answers go"), compact=True, id="mail")
        self.text = Notes("", id="text")
        self.form_key = uuid4().hex

    def _scope(self) -> str:
        return f"school:{self.school.value} " if self.school.value else ""

    def body(self) -> ComposeResult:
        yield Line(_("School"), self.school)
        yield Line(_("Room"), self.room)
        yield Line(_("Device"), self.device)
        yield Line(_("Category"), self.category, required=True)
        if self.works:
            yield Line(_("Priority"), self.priority)
            yield Line(_("Reported by"), self.told_by)
            yield Line(_("E-mail"), self.mail)
        yield plain(_("What does not work, or what is wished for?"))
        yield self.text

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Report")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        known = self.school.value or self.device.value
        self.set_focus(self.text if known else self.school.input)

    @on(LookupInput.Changed, "#school")
    def _other_school(self) -> None:
        """A room of another school is none of this one."""
        number, room = self.school.value, self.room.value
        if number and "/" in room and not room.startswith(f"{number}/"):
            self.room.set("")

    @on(LookupInput.Changed)
    @on(Input.Changed)
    @on(TextArea.Changed)
    def _edited(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        school, room = self.school.value, self.room.value
        if not school and "/" in room:
            school = room.partition("/")[0]
        text = self.text.text.strip()
        if not school and not self.device.value:
            self.problem(_("Say at which school, or which device."))
            self.school.input.focus()
        elif not text:
            self.problem(_("Say in some words what it is about."))
            self.text.focus()
        else:
            name, mail = self.told_by.value.strip(), self.mail.value.strip()
            self.answer({
                "school": school, "room": room, "device": self.device.value, "text": text,
                "category": self.category.chosen or "other",
                "priority": self.priority.chosen or "", "name": name, "mail": mail,
                "via": "phone" if name else "tui", "language": language(),
                "form_key": self.form_key,
            })  # fmt: skip
