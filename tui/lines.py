"""A list of lines, some of which lead somewhere: what school and room screens are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option


@dataclass(frozen=True, slots=True)
class Line:
    """A line; `plural` and `id` say what Enter opens and actions act on, '' for nothing."""

    content: Content
    plural: str = ""
    id: str = ""
    key: str = ""
    version: int = 0
    copy: str = ""


class Lines(OptionList, inherit_bindings=False):
    """Lines with a cursor that stands only on those that lead somewhere."""

    DEFAULT_CSS = """
    Lines { text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1; }
    Lines > .option-list--option-disabled { color: $foreground; }
    Lines > .option-list--option-highlighted, Lines:focus > .option-list--option-highlighted {
        background: $primary 30%; color: $foreground; text-style: bold;
    }
    Lines:nocolor > .option-list--option-highlighted { text-style: bold reverse; }
    """

    class Opened(Message):
        """Somebody clicked a line."""

    def __init__(self) -> None:
        super().__init__(classes="main", markup=False)
        self.lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line], start: str = "") -> None:
        """Show other lines; the cursor stays on its record if that is still there, and stands
        on that of id `start` at first."""
        here = self.current()
        top = self.scroll_y
        self.lines = lines
        self.clear_options()
        self.add_options([Option(line.content, disabled=not line.id) for line in lines])
        wanted = here.id if here and here.id else start
        place = next(
            (i for i, line in enumerate(lines) if wanted and line.id == wanted),
            next((i for i, line in enumerate(lines) if line.id), None),
        )
        self.highlighted = place
        self.scroll_to(y=top, animate=False)

    def current(self) -> Line | None:
        """The line under the cursor."""
        at = self.highlighted
        return self.lines[at] if at is not None and at < len(self.lines) else None

    def go(self, step: str) -> None:
        page = max(1, self.size.height - 1)
        moves = {"down": 1, "up": -1, "page_down": page, "page_up": -page,
                 "half_down": page // 2, "half_up": -page // 2,
                 "top": -len(self.lines), "bottom": len(self.lines)}  # fmt: skip
        if step in moves:
            self._jump(moves[step])

    def _jump(self, by: int) -> None:
        places = [i for i, line in enumerate(self.lines) if line.id]
        if not places:
            self.scroll_relative(y=by, animate=False)
            return
        at = self.highlighted if self.highlighted is not None else places[0]
        if abs(by) == 1:
            nearer = [i for i in places if (i > at if by > 0 else i < at)]
            target = (nearer[0] if by > 0 else nearer[-1]) if nearer else at
        else:
            target = min(places, key=lambda i: abs(i - (at + by)))
        stays = target == self.highlighted
        self.highlighted = target
        if target == places[0] and by < 0:
            self.scroll_home(animate=False)
        elif target == places[-1] and by >= len(self.lines):
            self.call_after_refresh(self.scroll_end, animate=False)
        elif target == places[-1] and by > 0 and stays:
            self.scroll_relative(y=by, animate=False)  # what follows leads nowhere, but is read

    def on_option_list_option_selected(self, event: Any) -> None:
        event.stop()
        self.post_message(self.Opened())
