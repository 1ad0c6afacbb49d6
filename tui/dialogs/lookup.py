"""Input with live suggestions from a lookup: debounced, and late answers are dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.backend import sentence
from tui.dialogs.widgets import FormInput
from tui.i18n import _

Lookup = Callable[[str, str], Awaitable[Sequence[tuple[str, str]]]]
"""(kind, text) → at most a screenful of (key, label), best first. The text is a filter of the
common grammar, as typed: words, or `school:164800 2.1` where the school is already chosen."""

PAUSE_S = 0.15
"""Silence after the last key before anything is asked: below it a typist is still typing."""


class Asking:
    """Asks a question when typing pauses, and hands on the newest question's answer only.

    `answer` is called with the outcome, or `failed` with a sentence; neither is called for a
    question that was followed by a newer one, in whatever order the answers come back.
    """

    def __init__(
        self,
        owner: Widget,
        ask: Callable[[str], Awaitable[Sequence[tuple[str, ...]]]],
        answer: Callable[[Sequence[tuple[str, ...]]], None],
        failed: Callable[[str], None],
    ) -> None:
        self._owner = owner
        self._ask = ask
        self._answer = answer
        self._failed = failed
        self._generation = 0
        self._under_way = -1
        self._timer: Timer | None = None

    def about(self, text: str, *, at_once: bool = False) -> None:
        """Replace whatever is being asked by this question."""
        self.forget()
        generation = self._generation

        def start() -> None:
            self._owner.run_worker(self._run(text, generation), exit_on_error=False)

        self._timer = self._owner.set_timer(0.001 if at_once else PAUSE_S, start)

    def hurry(self, text: str) -> None:
        """Do not wait for the pause; a question that is under way goes on."""
        if self._under_way != self._generation:
            self.about(text, at_once=True)

    def forget(self) -> None:
        """Nothing is wanted any more; an answer under way will be dropped."""
        self._generation += 1
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    async def _run(self, text: str, generation: int) -> None:
        self._under_way = generation
        try:
            found = await self._ask(text)
        except Exception as error:  # the callable's own errors: offline, refused, a wrong filter
            if generation == self._generation:
                self._under_way = -1
                self._failed(sentence(error) or type(error).__name__)
            return
        if generation == self._generation:
            self._under_way = -1
            self._answer(found)


def option(key: str, label: str, width: int = 16) -> Content:
    """One suggestion: the key, then what it is called. Never markup."""
    if not label or label == key:
        return Content(key)
    return Content.assemble((key.ljust(width), "bold"), " ", label)


class LookupInput(Vertical):
    """An input for the key of another record, with suggestions under it while one types.

    ↓ and ↑ walk through the suggestions, Enter takes one, Esc closes them. `scope` gives words
    to put before what is typed (`school:164800 `).
    """

    DEFAULT_CSS = """
    LookupInput {
        height: auto;
        width: 1fr;
    }
    LookupInput > OptionList {
        display: none;
        overlay: screen;
        constrain: none inside;
        height: auto;
        max-height: 8;
        border: round $primary;
        padding: 0;
        background: $panel;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "walk(1)", "Next suggestion", show=False),
        Binding("up", "walk(-1)", "Previous suggestion", show=False),
        Binding("enter", "take", "Take the suggestion", show=False, priority=True),
        Binding("escape", "close", "Close the suggestions", show=False),
    ]

    @dataclass
    class Changed(Message):
        """The text is now this; `label` is what was picked with it, '' if it was typed."""

        lookup: LookupInput
        value: str
        label: str = ""

        @property
        def control(self) -> LookupInput:
            return self.lookup

    def __init__(
        self,
        kind: str,
        lookup: Lookup,
        value: str = "",
        *,
        placeholder: str = "",
        scope: Callable[[], str] | None = None,
        compact: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.kind = kind
        self.lookup = lookup
        self.scope = scope or (lambda: "")
        self.input = FormInput(
            value, placeholder=placeholder or _("type to search"), compact=compact
        )
        self.list = OptionList(markup=False, classes="driven")
        self.list.can_focus = False
        self._found: list[tuple[str, ...]] = []
        self._silent = value
        self._asking = Asking(self, self._search, self._show, self._fail)

    def compose(self) -> ComposeResult:
        yield self.input
        yield self.list

    @property
    def value(self) -> str:
        return self.input.value.strip()

    def set(self, key: str, label: str = "") -> None:
        """Put a key in without searching for it."""
        self._silent = key
        self.input.value = key
        self.input.cursor_position = len(key)
        self._close()
        self.post_message(self.Changed(self, key, label))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """These keys are the form's own while no suggestions are shown."""
        if action in ("walk", "take", "close"):
            return self.open
        return super().check_action(action, parameters)

    @property
    def open(self) -> bool:
        return bool(self.list.display)

    async def _search(self, text: str) -> Sequence[tuple[str, ...]]:
        return await self.lookup(self.kind, self.scope() + text)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value == self._silent:
            return
        self._silent = "\0"
        self.post_message(self.Changed(self, event.value.strip()))
        if event.value.strip():
            self._asking.about(event.value.strip())
        else:
            self._close()

    def _show(self, found: Sequence[tuple[str, ...]]) -> None:
        if not self.input.has_focus:
            return
        self._found = list(found)
        self.list.clear_options()
        if found:
            width = min(24, max(len(key) for key, *_rest in found))
            self.list.add_options(Option(option(key, name, width)) for key, name in found)
        else:
            self.list.add_option(Option(_("nothing found"), disabled=True))
        self.list.highlighted = None
        self.list.display = True

    def _fail(self, sentence: str) -> None:
        self._found = []
        self.list.clear_options()
        self.list.add_option(Option(_("no suggestions: {why}").format(why=sentence), disabled=True))
        self.list.display = True

    def _close(self) -> None:
        self._asking.forget()
        self._found = []
        self.list.display = False

    def on_descendant_blur(self) -> None:
        self._close()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._pick(event.option_index)

    def _pick(self, index: int) -> None:
        if index < len(self._found):
            key, name = self._found[index]
            self.set(key, name)

    def action_walk(self, step: int) -> None:
        if not self._found:
            return
        at = self.list.highlighted
        if at is None:
            self.list.highlighted = 0 if step > 0 else len(self._found) - 1
        else:
            self.list.highlighted = (at + step) % len(self._found)

    def action_take(self) -> None:
        """Take the marked suggestion, or the only one there is."""
        at = self.list.highlighted
        if at is None and len(self._found) == 1:
            at = 0
        if at is None:
            self._close()
            raise SkipAction
        self._pick(at)

    def action_close(self) -> None:
        self._close()
