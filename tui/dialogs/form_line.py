"""Labelled lines of small dialogs, and the keys that walk through them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on, work
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup
from textual.widget import Widget
from textual.widgets import Input, Select, Static, TextArea

from tui.dialogs.base import Dialog, Result
from tui.dialogs.confirm import discarded
from tui.dialogs.lookup import LookupInput


class Line(HorizontalGroup):
    """A label and the widget it belongs to."""

    DEFAULT_CSS = """
    Line {
        height: auto;
    }
    Line .mark {
        width: 2;
    }
    Line .label {
        width: 22;
        padding-right: 1;
    }
    Line.-here .label {
        text-style: bold;
    }
    Line Input, Line SelectCurrent {
        background: $boost;
    }
    """

    def __init__(
        self, label: str, control: Widget, *, required: bool = False, id: str | None = None
    ) -> None:
        self._mark = Static("", classes="mark", markup=False)
        text = label + (" *" if required else "")
        super().__init__(self._mark, Static(text, classes="label", markup=False), control, id=id)

    def on_descendant_focus(self) -> None:
        self.call_later(self._show_here)

    def on_descendant_blur(self) -> None:
        self.call_later(self._show_here)

    def _show_here(self) -> None:
        """Asked afterwards: a choice that opens moves the focus inside the line."""
        here = self.is_mounted and self.has_focus_within
        self.set_class(here, "-here")
        self._mark.update("▸" if here else "")


class FormDialog(Dialog[Result]):
    """↓ ↑ walk through the lines; Enter goes on to the next one, and accepts on the last. Esc asks
    before it throws away what `PRECIOUS` says is work."""

    PRECIOUS = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "walk(1)", "Next line", show=False),
        Binding("up", "walk(-1)", "Previous line", show=False),
    ]

    _at_first: tuple[object, ...] = ()

    def on_mount(self) -> None:
        self._at_first = self._contents()

    def _contents(self) -> tuple[object, ...]:
        controls = self.query("Input, Select, TextArea")
        return tuple(
            control.text if isinstance(control, TextArea) else control.value  # type: ignore[attr-defined]
            for control in controls
        )

    def action_cancel(self) -> None:
        if self.PRECIOUS and self._contents() != self._at_first:
            self._ask_discard()
        else:
            self.dismiss(None)

    @work
    async def _ask_discard(self) -> None:
        if await discarded(self):
            self.dismiss(None)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_next_or_accept()

    def settle(self) -> None:
        for control in self.query(LookupInput):
            control.action_close()

    def refuse(self, errors: Mapping[str, str]) -> None:
        """Besides, the cursor goes to the field in question: a control with its name as id."""
        super().refuse(errors)
        for name in filter(None, errors):
            for control in self.query(f"#{name}"):
                target = control.input if isinstance(control, LookupInput) else control
                if target.focusable:
                    target.focus()
                    return

    def action_walk(self, step: int) -> None:
        if any(choice.expanded for choice in self.query(Select)):
            raise SkipAction
        chain = self.focus_chain
        if self.focused in chain:
            at = chain.index(self.focused) + step
            if 0 <= at < len(chain):
                self.set_focus(chain[at])

    def action_next_or_accept(self) -> None:
        chain = self.focus_chain
        if not chain or self.focused is chain[-1]:
            self.action_accept()
        else:
            self.action_walk(1)
