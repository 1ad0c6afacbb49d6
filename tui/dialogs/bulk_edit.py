"""Set one field of many records: which field, which value, and a sentence that says it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Select

from inventory.kinds import Kind
from tui.cells import number
from tui.dialogs.base import Hint, Sentence
from tui.dialogs.field_row import FieldRow
from tui.dialogs.form_line import FormDialog, Line
from tui.dialogs.lookup import Lookup
from tui.dialogs.record_form import no_lookup
from tui.dialogs.texts import check, kind_label, label, show
from tui.dialogs.widgets import Choice
from tui.i18n import _

SET, EMPTY = "set", "empty"


class BulkEdit(FormDialog[dict[str, Any]]):
    """Answers `{"field": name, "value": value or None}`, or None. Nothing is written yet: the
    frame has the server try it and shows the outcome in `ConfirmPlan`.

    Fields that identify one record (a serial number) are not offered.
    """

    DEFAULT_CSS = """
    BulkEdit FieldRow .label {
        width: 22;
    }
    BulkEdit #preview {
        margin-top: 1;
    }
    """

    def __init__(self, kind: Kind, count: int, lookup: Lookup = no_lookup) -> None:
        things = kind_label(kind, count)
        super().__init__(_("Change {count} {things}").format(count=number(count), things=things))
        self.kind = kind
        self.count = count
        self.lookup = lookup
        own = {*kind.key, *kind.alternative_keys}
        self.fields = {f.name: f for f in kind.editable_fields() if f.name not in own}
        self.which = Choice([(name, label(f)) for name, f in self.fields.items()], required=True)
        self.how = Choice([(SET, _("set this value")), (EMPTY, _("empty it"))], SET, required=True)
        self.row: FieldRow | None = None

    def body(self) -> ComposeResult:
        yield Line(_("Field"), self.which, required=True)
        yield Line(_("What"), self.how, required=True)
        yield Sentence(id="preview")

    def hints(self) -> list[Hint]:
        return [("dialog.accept", _("Show the plan")), ("dialog.cancel", _("Cancel"))]

    def on_mount(self) -> None:
        self.which.focus()
        self._preview()

    @property
    def emptied(self) -> bool:
        return self.how.chosen == EMPTY

    @on(Select.Changed)
    async def _chosen(self, event: Select.Changed) -> None:
        event.stop()
        if event.select is self.which:
            await self._value_row()
        if self.row is not None:
            self.row.display = not self.emptied
        self.problem("")
        self._preview()

    async def _value_row(self) -> None:
        """The widget for the value is the one of the chosen field."""
        if self.row is not None:
            await self.row.remove()
            self.row = None
        if self.which.chosen is None:
            return
        field = self.fields[self.which.chosen]
        # emptying is said in its own line, so an empty value here is a forgotten one
        self.row = FieldRow(dataclasses.replace(field, required=True), None, self.lookup)
        await self.query_one("#body").mount(self.row, before="#preview")

    @on(FieldRow.Edited)
    @on(FieldRow.Left)
    def _edited(self) -> None:
        self.problem("")
        self._preview()

    def _preview(self) -> None:
        self.query_one("#preview", Sentence).say(self._sentence())

    def _sentence(self) -> str:
        name = self.which.chosen
        if name is None:
            return _("Choose the field: Enter opens the list.")
        field = self.fields[name]
        count, things = number(self.count), kind_label(self.kind, self.count)
        if self.emptied:
            text = _("Empties {field} on {count} {things}.")
            return text.format(field=label(field), count=count, things=things)
        value, wrong = check(field, self.row.text if self.row else "")
        if wrong or value is None:
            return ""
        text = _("Sets {field} to {value} on {count} {things}.")
        return text.format(field=label(field), value=show(field, value), count=count, things=things)

    def refuse(self, errors: Mapping[str, str]) -> None:
        at_field = errors.get(self.which.chosen or "", "")
        if at_field and self.row is not None and self.row.display:
            self.row.show_error(at_field, by_server=True)
            self.row.enter()
            self.problem("")
        else:
            super().refuse(errors)

    def action_accept(self) -> None:
        name = self.which.chosen
        if name is None:
            self.problem(_("Choose the field first."))
            self.which.focus()
            return
        field = self.fields[name]
        if self.emptied:
            if field.required:
                self.problem(
                    _("{field} is required and cannot be emptied.").format(field=label(field))
                )
                return
            self.answer({"field": name, "value": None})
            return
        if self.row is None or self.row.check():
            self.problem(_("Nothing to set yet: give the value, or choose “empty it”."))
            if self.row is not None:
                self.row.enter()
            return
        value, _wrong = check(field, self.row.text)
        self.answer({"field": name, "value": value})
