"""What exists, by kind and state. Each number can be opened: the list has as many rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui import cells
from tui.actions import N_
from tui.backend import Json
from tui.i18n import _

LINES = (
    ("2", "schools", N_("Schools")), ("3", "rooms", N_("Rooms")),
    ("4", "access-points", N_("Access points")), ("", "switches", N_("Switches")),
    ("5", "ipads", N_("iPads")), ("6", "uplinks", N_("Uplinks")), ("7", "agents", N_("Agents")),
    ("8", "discovered", N_("Discovered")),
)  # fmt: skip
STATES = ("all", "down", "warning", "unknown", "idle")
_WIDTHS = (6, 7, 7, 8, 5)
_TONES = {"down": "$text-error", "warning": "$text-warning"}
IDLE = "–"
_START = 15
"""Cells of the digit and the name before the numbers."""

_IN_USE: Mapping[str, str] = {"schools": "!operating:closed", "uplinks": "state:active"}
_IDLE: Mapping[str, str] = {"schools": "operating:closed", "uplinks": "!state:active"}
_AGENTS: Mapping[str, str] = {
    "ok": "active", "down": "silent", "unknown": "invited", "idle": "revoked",
}  # fmt: skip


def query(plural: str, state: str) -> str:
    """The filter whose rows a number counts; only for numbers that a kind has."""
    if state == "all":
        return ""
    if plural == "agents":
        return f"state:{_AGENTS[state]}"
    if state == "idle":
        return _IDLE[plural]
    return f"{_IN_USE.get(plural, '')} health:{state}".strip()


class Counts(Widget, can_focus=True):
    """One line a kind, with the digit that leads to its list. The arrows choose a number."""

    DEFAULT_CSS = """
    Counts { width: 50; height: 9; padding-left: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1, 0)", show=False),
        Binding("down,j", "move(1, 0)", show=False),
        Binding("left,h", "move(0, -1)", show=False),
        Binding("right,l", "move(0, 1)", show=False),
        Binding("enter", "open", show=False),
    ]

    class Chosen(Message):
        """Somebody wants to see what a number counts."""

        def __init__(self, plural: str, q: str) -> None:
            super().__init__()
            self.plural = plural
            self.q = q

    def __init__(self) -> None:
        super().__init__()
        self.counts: Json = {}
        self.discovered: int | None = None
        self.line = 0
        self.column = 0

    def show(self, counts: Json, discovered: int | None) -> None:
        self.counts, self.discovered = counts, discovered
        self.refresh()

    def numbers(self, plural: str) -> dict[str, int] | None:
        """State → how many, with `all`; None while nothing is known."""
        if plural == "discovered":
            return None if self.discovered is None else {"all": self.discovered}
        found: dict[str, int] | None = self.counts.get(plural)
        if found is None:
            return None
        if plural == "agents":
            found = {state: found.get(name, 0) for state, name in _AGENTS.items()}
        return {**found, "all": sum(found.values())}

    def render(self) -> RenderResult:
        # The line under the map says what the signs mean.
        words = (_("all"), *(cells.GLYPHS[state] for state in STATES[1:4]), IDLE)
        head = f"{'':{_START}}{words[0]:>{_WIDTHS[0]}} "
        head += "".join(map(cells.fit, words[1:], _WIDTHS[1:]))
        lines = [Content.styled(head, "$foreground 60%")]
        for place, (digit, plural, label) in enumerate(LINES):
            lines.append(self._line(place, f"{digit:1} {cells.fit(_(label), 13)}", plural))
        return Content("\n").join(lines)

    def _line(self, place: int, start: str, plural: str) -> Content:
        numbers = self.numbers(plural)
        if numbers is None:
            return Content(f"{start}{'…':>{_WIDTHS[0]}}")
        parts: list[Content | tuple[str, str] | str] = [start]
        for at, (state, width) in enumerate(zip(STATES, _WIDTHS, strict=True)):
            number = numbers.get(state, 0)
            if state == "all":
                text = cells.number(number)
                parts.append(" " * (width - len(text)))
            else:
                glyph = cells.GLYPHS.get(state, IDLE)
                text = f"{glyph}{cells.number(number)}" if number else "·"
            tone = _TONES.get(state, "") if number else "$foreground 30%"
            if self.has_focus and (place, at) == (self.line, self.column):
                tone = f"{tone} reverse bold".strip()
            parts.append((text, tone) if tone else text)
            parts.append(" " if state == "all" else " " * (width - len(text)))
        return Content.assemble(*parts)

    def action_move(self, lines: int, columns: int) -> None:
        self.line = (self.line + lines) % len(LINES)
        self.column = (self.column + columns) % len(STATES)
        self.refresh()

    def action_open(self) -> None:
        plural = LINES[self.line][1]
        numbers = self.numbers(plural) or {}
        state = STATES[self.column]
        if numbers.get(state):
            self.post_message(self.Chosen(plural, query(plural, state)))
        else:
            self.notify(_("There is nothing here to do that with."), markup=False)

    def on_click(self, event: events.Click) -> None:
        x, y = event.x - 1, event.y - 1
        if not 0 <= y < len(LINES):
            return
        edges = [_START + sum(_WIDTHS[:n]) + (n > 0) for n in range(1, len(_WIDTHS))]
        self.line, self.column = y, sum(x >= edge for edge in edges)
        self.action_open()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
