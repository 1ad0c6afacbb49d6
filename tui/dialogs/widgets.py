"""Input widgets of the forms: Textual's own, with keys that suit a form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input, Select, TextArea


class FormInput(Input):
    """One line of text. While nothing was typed since it was entered, '/' is left to the form
    (it finds a field); afterwards it is a character like any other, as in a room's key."""

    fresh = True

    class Begun(Message):
        """The first key since it was entered: from now on '/' is a character."""

    def on_focus(self) -> None:
        self.fresh = True

    def check_consume_key(self, key: str, character: str | None) -> bool:
        if character == "/" and self.fresh:
            return False
        return super().check_consume_key(key, character)

    def on_key(self) -> None:
        self._begin()

    def on_paste(self) -> None:
        self._begin()

    def _begin(self) -> None:
        if self.fresh:
            self.fresh = False
            self.post_message(self.Begun())


class Choice(Select[str], inherit_bindings=False):
    """A choice that opens on Enter, space or →; ↓ and ↑ are left to walk through the form."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,right", "show_overlay", "Show the choices", show=False),
        Binding("delete,backspace", "clear", "Empty", show=False),
    ]

    def __init__(
        self,
        choices: Iterable[tuple[str, str]],
        value: str | None = None,
        *,
        required: bool = False,
        prompt: str = "—",
        id: str | None = None,
        compact: bool = True,
    ) -> None:
        """`choices` are (stored word, label); a value that is none of them is kept and shown."""
        options = [(Text(label), word) for word, label in choices]
        if value and value not in [word for _, word in options]:
            options.insert(0, (Text(value), value))
        self._required = required
        super().__init__(
            options,
            value=value or Select.NULL,
            prompt=prompt,
            allow_blank=True,
            id=id,
            compact=compact,
        )

    @property
    def chosen(self) -> str | None:
        return self.value if isinstance(self.value, str) else None

    def action_clear(self) -> None:
        if not self._required:
            self.clear()


class Notes(TextArea):
    """Several lines of text; ↑ on the first and ↓ on the last line leave it."""

    def __init__(self, text: str, *, id: str | None = None) -> None:
        super().__init__(text, compact=True, soft_wrap=True, tab_behavior="focus", id=id)

    def action_cursor_up(self, select: bool = False) -> None:
        if self.cursor_at_first_line and not select:
            raise SkipAction
        super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if self.cursor_at_last_line and not select:
            raise SkipAction
        super().action_cursor_down(select)
