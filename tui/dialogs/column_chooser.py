"""Which columns a list shows, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from inventory.kinds import Kind
from tui.dialogs.base import Dialog, Hint, plain
from tui.dialogs.texts import label
from tui.i18n import _


class ColumnChooser(Dialog[tuple[str, ...]]):
    """Answers the names of the columns in order, or None. The chosen ones stand first."""

    TALL = True
    DEFAULT_CSS = """
    ColumnChooser > #box {
        width: 68;
    }
    ColumnChooser #columns {
        border: none;
        padding: 0;
        height: auto;
        max-height: 100%;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_column", "Show or hide", show=False, id="dialog.toggle"),
        Binding("K,shift+up,left", "shift(-1)", "Further left", show=False, id="dialog.earlier"),
        Binding("J,shift+down,right", "shift(1)", "Further right", show=False, id="dialog.later"),
        Binding("r", "reset", "As it came", show=False, id="dialog.reset"),
        Binding("j", "step('cursor_down')", "Next", show=False),
        Binding("k", "step('cursor_up')", "Previous", show=False),
        Binding("enter", "accept", "Done", show=False, id="dialog.take", priority=True),
    ]

    def __init__(self, kind: Kind, chosen: Sequence[str]) -> None:
        super().__init__(_("Columns"))
        self.kind = kind
        self.fields = kind.by_name()
        self.shown = [name for name in chosen if name in self.fields]
        self.order = self._ordered()

    def _ordered(self) -> list[str]:
        return [*self.shown, *(name for name in self.fields if name not in self.shown)]

    def above(self) -> Iterable[Widget]:
        yield plain(_("[x] is shown; the first stands leftmost"))

    def body(self) -> ComposeResult:
        yield OptionList(*self._options(), id="columns", markup=False)

    def _options(self) -> list[Option]:
        return [
            Option(f"[{'x' if name in self.shown else ' '}] {label(self.fields[name])}", id=name)
            for name in self.order
        ]

    def hints(self) -> list[Hint]:
        return [
            ("dialog.toggle", _("Show or hide")),
            ("dialog.earlier", _("Earlier")),
            ("dialog.later", _("Later")),
            ("dialog.reset", _("As it came")),
            ("dialog.take", _("Done")),
            ("dialog.cancel", _("Cancel")),
        ]

    @property
    def list(self) -> OptionList:
        return self.query_one("#columns", OptionList)

    def on_mount(self) -> None:
        self.list.focus()

    def _draw(self, at: int) -> None:
        self.list.set_options(self._options())
        self.list.highlighted = max(0, min(len(self.order) - 1, at))
        self.problem("")

    def action_toggle_column(self) -> None:
        at = self.list.highlighted or 0
        name = self.order[at]
        if name in self.shown:
            self.shown.remove(name)
        else:
            self.shown = [n for n in self.order if n in self.shown or n == name]
        self._draw(at)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_toggle_column()

    def action_shift(self, step: int) -> None:
        at = self.list.highlighted or 0
        to = at + step
        if 0 <= to < len(self.order):
            self.order[at], self.order[to] = self.order[to], self.order[at]
            self.shown = [name for name in self.order if name in self.shown]
            self._draw(to)

    def action_reset(self) -> None:
        self.shown = [field.name for field in self.kind.columns()]
        self.order = self._ordered()
        self._draw(0)

    def action_step(self, how: str) -> None:
        getattr(self.list, f"action_{how}")()

    def action_accept(self) -> None:
        if not self.shown:
            self.problem(_("A list needs at least one column: space shows one."))
        else:
            self.dismiss(tuple(self.shown))
