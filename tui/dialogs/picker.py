"""A line to type in and the list that it narrows: base of help, jump and the choice of a kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.dialogs.base import Dialog, Hint, Sentence
from tui.i18n import _

Picked = TypeVar("Picked")


@dataclass(frozen=True, slots=True)
class Entry(Generic[Picked]):
    """A line to pick: what it shows, what it stands for, the group whose heading it is under."""

    content: Content
    value: Picked
    group: str = ""


class Picker(Dialog[Picked]):
    """The cursor stays in the line; ↓ ↑ and page keys move in the list, Enter picks."""

    TALL = True
    DEFAULT_CSS = """
    Picker #words {
        height: 1;
        margin-bottom: 1;
    }
    Picker #entries {
        height: auto;
        max-height: 100%;
        border: none;
        padding: 0;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    Picker #state {
        color: $text-muted;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step('cursor_down')", "Next", show=False, priority=True),
        Binding("up", "step('cursor_up')", "Previous", show=False, priority=True),
        Binding("pagedown", "step('page_down')", "Page down", show=False, priority=True),
        Binding("pageup", "step('page_up')", "Page up", show=False, priority=True),
        Binding("enter", "accept", "Take", show=False, id="dialog.take", priority=True),
    ]

    def __init__(self, title: str, placeholder: str) -> None:
        super().__init__(title)
        self.placeholder = placeholder
        self.entries: list[Entry[Picked]] = []

    def above(self) -> Iterable[Widget]:
        yield Input(placeholder=self.placeholder, id="words", compact=True)

    def body(self) -> ComposeResult:
        entries = OptionList(id="entries", markup=False, classes="driven")
        entries.can_focus = False
        yield entries
        yield Sentence(id="state")

    def hints(self) -> list[Hint]:
        return [("dialog.take", self.verb()), ("dialog.cancel", _("Cancel"))]

    def verb(self) -> str:
        return _("Choose")

    def on_mount(self) -> None:
        self.query_one("#words").focus()
        self.narrow("")

    @property
    def words(self) -> str:
        return self.query_one("#words", Input).value.strip()

    def narrow(self, words: str) -> None:
        """The words are now these: call `fill`, at once or when an answer has come."""
        raise NotImplementedError

    @on(Input.Changed, "#words")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.problem("")
        self.narrow(event.value.strip())

    def fill(self, entries: Sequence[Entry[Picked]], state: str = "") -> None:
        """Show these lines, the first one marked, and a remark under them."""
        self.entries = list(entries)
        shown = self.query_one("#entries", OptionList)
        shown.clear_options()
        options: list[Option] = []
        group = ""
        first = None
        for number, entry in enumerate(self.entries):
            if entry.group and entry.group != group:
                group = entry.group
                options.append(Option(Content.styled(group, "bold underline"), disabled=True))
            if first is None:
                first = len(options)
            options.append(Option(entry.content, id=str(number)))
        shown.add_options(options)
        shown.display = bool(options)
        shown.highlighted = first
        shown.scroll_home(animate=False)
        self.query_one("#state", Sentence).say(state)

    def action_step(self, how: str) -> None:
        getattr(self.query_one("#entries", OptionList), f"action_{how}")()

    def action_accept(self) -> None:
        option = self.query_one("#entries", OptionList).highlighted_option
        if option is not None and option.id is not None:
            self.dismiss(self.entries[int(option.id)].value)

    @on(OptionList.OptionSelected, "#entries")
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_accept()
