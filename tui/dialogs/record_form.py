"""The form that creates and edits a record of any kind, made from the kind's own description."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on, work
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Select, TextArea

from inventory.kinds import Kind
from tui.dialogs.base import Dialog, Hint, Sentence
from tui.dialogs.confirm import discarded
from tui.dialogs.field_row import FieldRow
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.texts import label
from tui.dialogs.widgets import FormInput
from tui.i18n import _, ngettext

PAGE = 8
"""Fields that page-down goes on by."""


async def no_lookup(_kind: str, _text: str) -> list[tuple[str, str]]:
    """Suggests nothing."""
    return []


@dataclass(slots=True)
class Place:
    """The name of the field at which a form was left."""

    field: str = ""


class FindField(Input):
    """The line in which one types the name of a field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down,tab", "screen.found", "Go to the field", show=False, id="dialog.found"),
    ]


class RecordForm(Dialog[dict[str, Any]]):
    """Edits the values of one record.

    `values` are the record's as the server sent them; references are keys. Answers a dict of
    the values that now differ from them (None: to be emptied), or None if the person gave up or
    nothing differs. After somebody else was faster the frame opens the form anew on their values,
    with what had been typed as `draft` and the `place` it was left at, so that nothing is lost.
    Fields that are `closed` to the person have no row. With `new=True` the values are presets,
    and all that are filled in are answered.
    """

    TALL = True
    DEFAULT_CSS = """
    RecordForm > #box {
        width: 100;
    }
    RecordForm #find {
        display: none;
        height: 1;
        margin-bottom: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "find_by_slash", "Find a field", show=False, id="dialog.find", priority=True
        ),
        Binding("ctrl+f", "find", "Find a field", show=False, id="dialog.find_anywhere"),
        Binding("down", "move(1)", "Next field", show=False),
        Binding("up", "move(-1)", "Previous field", show=False),
        Binding("pagedown", f"move({PAGE})", "Further down", show=False),
        Binding("pageup", f"move(-{PAGE})", "Further up", show=False),
    ]

    def __init__(
        self,
        kind: Kind,
        values: Mapping[str, Any],
        *,
        title: str,
        lookup: Lookup = no_lookup,
        draft: Mapping[str, Any] | None = None,
        new: bool = False,
        place: Place | None = None,
        closed: Collection[str] = (),
    ) -> None:
        super().__init__(title)
        self.kind = kind
        self.new = new
        self.place = place or Place()
        self.refused = False  # once it was, what is filled in stands nowhere but here
        draft = draft or {}
        self.rows = [
            FieldRow(
                field,
                values.get(field.name),
                lookup,
                typed=draft.get(field.name),
                has_typed=field.name in draft,
                scope=self._scope(field.reference),
            )
            for field in kind.editable_fields()
            if field.name not in closed
        ]
        self._before_find: Widget | None = None

    def _scope(self, reference: str | None) -> Callable[[], str] | None:
        """What stands at a school is looked for at the school chosen in this form."""
        if reference not in ("site", "building", "room"):
            return None
        return lambda: f"school:{self.row('school').text} " if self.row("school").text else ""

    def row(self, name: str) -> FieldRow:
        return next(row for row in self.rows if row.field.name == name)

    def above(self) -> Iterable[Widget]:
        yield FindField(placeholder=_("name of a field"), id="find", compact=True)

    def body(self) -> ComposeResult:
        yield from self.rows
        yield Sentence(_("no field of that name"), id="none")

    def hints(self) -> list[Hint]:
        finding = self.is_mounted and bool(self.query_one("#find").display)
        if finding:
            return [
                ("dialog.found", _("Go to the field")),
                ("dialog.cancel", _("Back to the form")),
            ]
        key = "dialog.find_anywhere" if self._slash_is_text() else "dialog.find"
        return [
            ("dialog.accept", _("Save")),
            ("dialog.cancel", _("Cancel")),
            (key, _("Find a field")),
        ]

    def on_descendant_focus(self) -> None:
        self.call_later(self._show_keys)

    @on(FormInput.Begun)
    def _begun(self) -> None:
        self._show_keys()

    def _show_keys(self) -> None:
        """The foot line names what keys do where the cursor is now."""
        if self.is_mounted:
            self.show_hints()

    def on_mount(self) -> None:
        self.query_one("#box").border_subtitle = Content(_("* required  • changed"))
        self.query_one("#none").display = False
        before = [row for row in self.rows if row.field.name == self.place.field]
        (before + self.rows)[0].enter()

    def settle(self) -> None:
        for control in self.query(LookupInput):
            control.action_close()

    def refuse(self, errors: Mapping[str, str]) -> None:
        self.refused = True
        wrong = [row for row in self.rows if errors.get(row.field.name)]
        for row in wrong:
            row.show_error(errors[row.field.name], by_server=True)
        if wrong:
            wrong[0].enter()
        names = {row.field.name for row in wrong}
        super().refuse({name: text for name, text in errors.items() if name not in names})

    def changes(self) -> dict[str, Any]:
        """What differs from the stored values (of a new record: what is filled in)."""
        found = {}
        for row in self.rows:
            value, sentence = row.outcome()
            if not sentence and (value != row.stored or (self.new and value is not None)):
                found[row.field.name] = value
        return found

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_move(1)

    @on(FieldRow.Edited)
    def _edited(self) -> None:
        self.problem("")

    def action_accept(self) -> None:
        self.place.field = next((r.field.name for r in self.rows if r.has_focus_within), "")
        wrong = [row for row in self.rows if row.check()]
        if wrong:
            count = len(wrong)
            self.problem(
                ngettext(
                    "Not saved: {count} field needs attention.",
                    "Not saved: {count} fields need attention.",
                    count,
                ).format(count=count)
            )
            wrong[0].enter()
            return
        if sentence := self._keyless():
            self.problem(sentence)
            self.row(self.kind.key[0]).enter()
            return
        if changes := self.changes():
            self.answer(changes)
        else:
            self.dismiss(None)

    def _keyless(self) -> str:
        """A kind with alternative keys needs one of them; fields alone cannot say so."""
        names = self.kind.key + self.kind.alternative_keys
        if not self.kind.alternative_keys or any(self.row(name).text for name in names):
            return ""
        wanted = _(" or ").join(label(self.kind.field(name)) for name in names)
        return _("Not saved: give {fields}.").format(fields=wanted)

    def action_cancel(self) -> None:
        if self.query_one("#find").display:
            self._end_find(self._before_find)
        elif self.refused or any(row.touched and row.changed for row in self.rows):
            self._ask_discard()
        else:
            self.dismiss(None)

    @work
    async def _ask_discard(self) -> None:
        if await discarded(self):
            self.dismiss(None)

    def action_move(self, step: int) -> None:
        if self.query_one("#find").display or any(choice.expanded for choice in self.query(Select)):
            raise SkipAction
        at = next((i for i, row in enumerate(self.rows) if row.has_focus_within), 0)
        self.rows[max(0, min(len(self.rows) - 1, at + step))].enter()

    def action_find_by_slash(self) -> None:
        """'/' is a character where one is in the middle of typing."""
        if self._slash_is_text():
            raise SkipAction
        self.action_find()

    def _slash_is_text(self) -> bool:
        focused = self.focused
        typing = isinstance(focused, (Input, TextArea))
        return typing and not (isinstance(focused, FormInput) and focused.fresh)

    def action_find(self) -> None:
        if any(choice.expanded for choice in self.query(Select)):
            raise SkipAction
        self._before_find = self.focused
        find = self.query_one("#find", Input)
        find.value = ""
        find.display = True
        find.focus()

    @on(Input.Changed, "#find")
    def _narrow(self, event: Input.Changed) -> None:
        fitting = [row for row in self.rows if row.matches(event.value)]
        for row in self.rows:
            row.display = row in fitting
        self.query_one("#none").display = not fitting

    def action_found(self) -> None:
        first = next((row for row in self.rows if row.display), None)
        if first is not None:
            self._end_find(first)

    def _end_find(self, target: Widget | None) -> None:
        self.query_one("#find").display = False
        self.query_one("#none").display = False
        for row in self.rows:
            row.display = True
        if isinstance(target, FieldRow):
            # after the layout knows where the rows stand again, so that it scrolls right
            self.call_after_refresh(target.enter)
        elif target is not None:
            target.focus()
