"""The filter line: completion while typing, and what is wrong with it below, in full."""

from __future__ import annotations

from typing import ClassVar, Protocol, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from inventory.kinds import Kind
from tui.backend import extra_of
from tui.i18n import _
from tui.said import found_in, said, translated


def place_of(error: BaseException) -> tuple[int | None, int]:
    """Which characters of the filter are wrong: the first of them, from 0, and how many."""
    found = {**extra_of(error), **getattr(error, "__dict__", {})}
    at, length = found.get("position"), found.get("length")
    return (at if isinstance(at, int) else None), (length if isinstance(length, int) else 1)


def problem_of(error: BaseException) -> str:
    """What is wrong, without the place: the cursor shows that."""
    found = found_in(error)
    params = found.get("params")
    problem = params.get("problem") if isinstance(params, dict) else None
    if place_of(error)[0] is None or not isinstance(problem, dict):
        return said(error)
    return translated(problem, said(error))


class Filtered(Protocol):
    """The list screen that the bar belongs to."""

    table: Widget

    def apply_filter(self, text: str) -> None: ...


class FilterBar(Vertical):
    """Enter applies, Tab completes, Esc closes and leaves the list as it was."""

    DEFAULT_CSS = """
    FilterBar { height: auto; background: $surface; }
    FilterBar Input { border: none; height: 1; padding: 0 1; background: $surface; }
    FilterBar Input:focus { border: none; }
    FilterBar #hint { height: 1; padding: 0 1; color: $foreground 60%; text-wrap: nowrap;
                      text-overflow: ellipsis; }
    FilterBar #hint.-wrong { height: auto; max-height: 15; text-wrap: wrap;
                             color: $text-error; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False, id="filter.close"),
        Binding("tab", "complete", show=False, priority=True, id="filter.complete"),
    ]

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__()
        self.kind = kind
        self.text = text
        self.offers: list[str] = []

    def compose(self) -> ComposeResult:
        yield Input(self.text, placeholder=_("Filter: words, key:value, key:>value, !key:value"))
        yield Static("", id="hint", markup=False)

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.focus()
        field.cursor_position = len(self.text)
        self._suggest()

    def on_input_changed(self) -> None:
        self._suggest()

    def _suggest(self) -> None:
        from inventory.filter import complete

        field = self.query_one(Input)
        self.offers = complete(self.kind, field.value, field.cursor_position)
        hint = self.query_one("#hint", Static)
        hint.remove_class("-wrong")
        text = "  ".join(self.offers[:12])
        start = "Tab: " if self.offers else ""
        hint.update(Content(start + text) if text else Content(_("Enter filters, Esc closes")))

    def action_complete(self) -> None:
        from inventory.filter import token_start

        field = self.query_one(Input)
        if not self.offers:
            return
        start = token_start(field.value, field.cursor_position)
        offer = self._common() if len(self.offers) > 1 else self.offers[0]
        current = field.value[start : field.cursor_position]
        if len(offer) <= len(current):
            offer = self.offers[0]
        rest = field.value[field.cursor_position :]
        field.value = field.value[:start] + offer + rest
        field.cursor_position = start + len(offer)

    def _common(self) -> str:
        """The longest beginning all offers share."""
        first, last = min(self.offers), max(self.offers)
        for at, letter in enumerate(first):
            if at >= len(last) or letter != last[at]:
                return first[:at]
        return first

    def on_input_submitted(self, event: Input.Submitted) -> None:
        from inventory.filter import FilterError, parse

        event.stop()
        text = event.value.strip()
        try:
            parse(text, self.kind)
        except FilterError as error:
            self.refuse(error)
            return
        screen = cast(Filtered, self.screen)
        screen.apply_filter(text)
        self.action_close()

    def refuse(self, error: BaseException) -> None:
        """Say what is wrong, with the cursor behind that term; the text stays for correction."""
        field = self.query_one(Input)
        at, length = place_of(error)
        if at is not None:
            end = at + length
            while end < len(field.value) and not field.value[end].isspace():
                end += 1
            field.cursor_position = end
        hint = self.query_one("#hint", Static)
        hint.add_class("-wrong")
        hint.update(Content(f"✖ {problem_of(error)}"))

    def action_close(self) -> None:
        screen = cast(Filtered, self.screen)
        self.remove()
        screen.table.focus()
