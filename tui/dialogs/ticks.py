"""Ticks: several of a few rights, each on its own line; base of the forms that have them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup, VerticalGroup
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.dialogs.form_line import FormDialog
from tui.dialogs.lookup import LookupInput
from tui.i18n import _


class Tick(HorizontalGroup, can_focus=True):
    """One thing that is wanted or not: `[x]` or `[ ]`. Space or a click changes it."""

    DEFAULT_CSS = """
    Tick > .mark { width: 4; }
    Tick > .label { width: 1fr; height: auto; }
    Tick:focus > Static { text-style: reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "Mark", show=False, id="dialog.tick"),
        Binding("enter", "next", "Next line", show=False),
    ]

    def __init__(self, name: str, label: str) -> None:
        self.mark = Static("", markup=False, classes="mark")
        super().__init__(self.mark, Static(label, markup=False, classes="label"), name=name)
        self.on = False

    def on_mount(self) -> None:
        self._draw()

    def _draw(self) -> None:
        self.mark.update("[x]" if self.on else "[ ]")

    def action_tick(self) -> None:
        self.on = not self.on
        self._draw()

    def action_next(self) -> None:
        if isinstance(self.screen, FormDialog):
            self.screen.action_next_or_accept()

    def on_click(self) -> None:
        self.action_tick()


class Ticks(VerticalGroup):
    """Permissions to choose from, by what they allow."""

    def __init__(self, names: Iterable[str], *, id: str) -> None:
        super().__init__(id=id)
        self.names = tuple(names)

    def compose(self) -> ComposeResult:
        from schoolops.core.permissions import PERMISSIONS

        for name in self.names:
            yield Tick(name, _(PERMISSIONS[name].label))

    @property
    def chosen(self) -> list[str]:
        return [str(tick.name) for tick in self.query(Tick) if tick.on]


class RightsDialog(FormDialog[dict[str, Any]]):
    """A form with ticks; subclasses make `ticks`."""

    DEFAULT_CSS = """
    RightsDialog > #box { width: 84; }
    """
    ticks: Ticks

    def on_mount(self) -> None:
        empty = [each for each in self.query(LookupInput) if not each.value]
        self.set_focus(empty[0].input if empty else self.query(Tick).first())

    @on(LookupInput.Changed)
    @on(Input.Changed)
    def _edited(self) -> None:
        self.problem("")

    def want(self, control: Widget, sentence: str) -> None:
        """Say what is missing, and go there."""
        control.focus()
        self.problem(sentence)

    def want_ticks(self) -> None:
        text = _("Tick at least one right with the space bar.")
        self.want(self.query(Tick).first(), text)
