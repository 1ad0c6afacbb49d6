"""One field of a record in a form: its label, the widget its type wants, the sentence under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import HorizontalGroup, VerticalGroup
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Select, Static, TextArea

from inventory.fields import Field, Type, Value, fold
from tui.dialogs import texts
from tui.dialogs.base import Sentence
from tui.dialogs.lookup import Lookup, LookupInput
from tui.dialogs.widgets import Choice, FormInput, Notes
from tui.i18n import _


class FieldRow(VerticalGroup):
    """Holds the text of one field. `stored` is what the server has, `typed` what an earlier
    attempt wanted instead; the row is changed when its text says something else than stored."""

    DEFAULT_CSS = """
    FieldRow {
        height: auto;
    }
    FieldRow .line {
        height: auto;
    }
    FieldRow .mark {
        width: 2;
    }
    FieldRow .label {
        width: 25;
        padding-right: 1;
    }
    FieldRow.-here .label {
        text-style: bold;
    }
    FieldRow .unit {
        width: auto;
        max-width: 26;
        padding-left: 1;
        color: $text-muted;
        height: 1;
        text-overflow: ellipsis;
        text-wrap: nowrap;
    }
    FieldRow FormInput, FieldRow Notes, FieldRow SelectCurrent {
        background: $boost;
    }
    FieldRow Notes {
        height: 3;
        padding: 0;
    }
    FieldRow > .sentence {
        padding-left: 2;
        width: 100%;
    }
    """

    @dataclass
    class Left(Message):
        """The person has left the field."""

        row: FieldRow

    @dataclass
    class Edited(Message):
        """The text of the field is another one."""

        row: FieldRow

    def __init__(
        self,
        field: Field,
        stored: Any,
        lookup: Lookup,
        *,
        typed: Any = None,
        has_typed: bool = False,
        scope: Callable[[], str] | None = None,
    ) -> None:
        super().__init__(id=f"field-{field.name}")
        self.field = field
        self.stored = texts.normal(stored)
        self._stored_text = texts.to_text(field, stored)
        text = self._stored_text
        if has_typed:
            text = typed if isinstance(typed, str) else texts.to_text(field, typed)
        self.control = self._make_control(text, lookup, scope)
        self._mark = Static("", classes="mark", markup=False)
        self._unit = Static(texts.unit(field), classes="unit", markup=False)
        self._error = Sentence()
        self.error = ""
        self._server_said = False
        self._seen = text.strip()

    def _make_control(
        self, text: str, lookup: Lookup, scope: Callable[[], str] | None
    ) -> FormInput | Choice | Notes | LookupInput:
        field = self.field
        if field.type is Type.CHOICE:
            words = [(word, texts.choice_label(field, word)) for word in field.choices]
            return Choice(words, text or None, required=field.required)
        if field.type is Type.BOOLEAN:
            yes_no = [("yes", _("yes")), ("no", _("no"))]
            return Choice(yes_no, text or None, required=field.required)
        if field.type is Type.REFERENCE:
            return LookupInput(field.reference or "", lookup, text, scope=scope, compact=True)
        if "\n" in text or (field.type is Type.TEXT and not field.sortable):
            return Notes(text)
        return FormInput(text, placeholder=texts.example(field), compact=True)

    def compose(self) -> ComposeResult:
        star = " *" if self.field.required else ""
        with HorizontalGroup(classes="line"):
            yield self._mark
            yield Static(texts.label(self.field) + star, classes="label", markup=False)
            yield self.control
            yield self._unit
        yield self._error

    def on_mount(self) -> None:
        self._show_mark()

    @property
    def text(self) -> str:
        if isinstance(self.control, Choice):
            return self.control.chosen or ""
        if isinstance(self.control, Notes):
            return self.control.text.strip()
        return self.control.value.strip()

    @property
    def touched(self) -> bool:
        """Whether the text differs from the stored one (it may still mean the same)."""
        return self.text != self._stored_text.strip()

    def outcome(self) -> tuple[Value, str]:
        """The value, and '' or the sentence that says what is wrong with it. Text nobody touched
        is as right as it was on the server, unless it is missing where it is required."""
        if not self.touched and (self.text or not self.field.required):
            return self.stored, ""
        return texts.check(self.field, self.text)

    @property
    def changed(self) -> bool:
        value, sentence = self.outcome()
        return bool(sentence) or value != self.stored

    def check(self) -> str:
        """Judge the text and say under the field what is wrong; '' when it is right. What the
        server said stays until the text changes."""
        if self._server_said:
            return self.error
        value, sentence = self.outcome()
        self.show_error(sentence)
        if not sentence and self.touched:
            self._error.say(texts.doubt(self.field, value))
        return sentence

    def show_error(self, sentence: str, *, by_server: bool = False) -> None:
        self.error = sentence
        self._server_said = by_server and bool(sentence)
        self._error.say(sentence, problem=True)

    def matches(self, words: str) -> bool:
        """Whether a search for a field means this one."""
        hay = fold(f"{texts.label(self.field)} {self.field.name}")
        return all(word in hay for word in fold(words).split())

    def enter(self) -> None:
        """Put the cursor into the field."""
        target: Widget = self.control
        if isinstance(self.control, LookupInput):
            target = self.control.input
        target.focus()

    def _show_mark(self) -> None:
        here = self.is_mounted and self.has_focus_within
        self.set_class(here, "-here")
        changed = "•" if self.touched and self.changed else " "
        self._mark.update(("▸" if here else " ") + changed)

    def on_descendant_focus(self) -> None:
        self.call_later(self._show_mark)

    def on_descendant_blur(self) -> None:
        self.call_later(self._maybe_left)

    def _maybe_left(self) -> None:
        """Asked afterwards: a choice that opens moves the focus, but inside the field."""
        if not self.is_mounted:
            return
        self._show_mark()
        if self.has_focus_within:
            return
        if self.touched or self.error:
            self.check()
        self.post_message(self.Left(self))

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Select.Changed)
    def _typed(self, event: Message) -> None:
        event.stop()
        self._on_edit()

    @on(LookupInput.Changed)
    def _looked_up(self, event: LookupInput.Changed) -> None:
        event.stop()
        self._unit.update(event.label)
        self._on_edit()

    def _on_edit(self) -> None:
        if self.text == self._seen:
            return  # the first message of an input tells the text it was made with
        self._seen = self.text
        self.show_error("")
        self._show_mark()
        self.post_message(self.Edited(self))
