"""Put a device into another room or school."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from tui.cells import clean
from tui.dialogs.base import Hint, plain
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.widgets import FormInput
from tui.i18n import _


class MoveDevice(FormDialog[dict[str, Any]]):
    """Answers `{"room": key or None, "school": number, "note": text}`, or None.

    A room's key begins with its school's number, so a room alone says where the school is.
    """

    def __init__(self, record: Mapping[str, Any], lookup: Lookup) -> None:
        self.values = dict(record.get("values", record))
        self.school = str(self.values.get("school") or "")
        self.room = str(self.values.get("room") or "")
        key = str(record.get("key") or self.values.get("serial") or self.values.get("name") or "")
        super().__init__(_("Move {device}").format(device=clean(key)))
        self.school_input = LookupInput("school", lookup, self.school, compact=True, id="school")
        self.room_input = LookupInput(
            "room",
            lookup,
            self.room,
            compact=True,
            id="room",
            placeholder=_("empty: in no room"),
            scope=lambda: f"school:{self.school_input.value} " if self.school_input.value else "",
        )
        self.note = FormInput(placeholder=_("why, for whom"), compact=True, id="note")

    def body(self) -> ComposeResult:
        name = str(self.values.get("school_name") or "")
        place = " · ".join(part for part in (self.room or _("in no room"), name) if part)
        yield plain(_("Now: {place}").format(place=clean(place)))
        yield Line(_("School"), self.school_input, required=True)
        yield Line(_("Room"), self.room_input)
        yield Line(_("Note"), self.note)

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Move")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.room_input.input.focus()

    @on(LookupInput.Changed, "#school")
    def _other_school(self) -> None:
        """A room of the old school is none of the new one."""
        number = self.school_input.value
        room = self.room_input.value
        if room and "/" in room and number and not room.startswith(f"{number}/"):
            self.room_input.set("")

    @on(LookupInput.Changed)
    @on(Input.Changed)
    def _edited(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        school, room = self.school_input.value, self.room_input.value
        if room and "/" not in room and school:
            room = f"{school}/{room}"
        if room and not school:
            school = room.partition("/")[0]
        if not school:
            self.problem(_("Say at which school the device is to stand."))
            self.school_input.input.focus()
        elif room and not room.startswith(f"{school}/"):
            self.problem(
                _("Room {room} is not at school {school}.").format(room=room, school=school)
            )
            self.room_input.input.focus()
        elif (school, room) == (self.school, self.room):
            self.problem(_("It stands there already."))
        else:
            note = self.note.value.strip()
            self.answer({"room": room or None, "school": school, "note": note})
