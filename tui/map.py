"""The map of schools: one cell a school, where it lies in the city, as its state.

Schools closer together than a cell take the nearest free one, the worst keep their place;
when there are more schools than cells, a cell shows the worst of those in it. Without
coordinates, schools are set row by row in the order of their postcodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui import cells
from tui.cells import GLYPHS, TONES
from tui.counts import IDLE
from tui.i18n import _

ORDER = {"down": 0, "warning": 1, "unknown": 2, "ok": 3}


@dataclass(frozen=True, slots=True)
class Spot:
    """A school on the map; degrees, None where unknown."""

    id: str
    name: str
    health: str
    latitude: float | None
    longitude: float | None
    postcode: str = ""


def lay_out(spots: Sequence[Spot], width: int, height: int) -> dict[tuple[int, int], Spot]:
    """Cell (column, row) → school. `width` and `height` are in cells."""
    if width < 1 or height < 1 or not spots:
        return {}
    worst_first = sorted(spots, key=lambda s: ORDER.get(s.health, 2))
    placed = [s for s in worst_first if s.latitude is not None and s.longitude is not None]
    if len(placed) < len(spots) / 2:
        return _in_rows(spots, width, height)
    west, east = _span([s.longitude for s in placed if s.longitude is not None])
    south, north = _span([s.latitude for s in placed if s.latitude is not None])
    crowded = len(placed) > width * height * 0.9
    found: dict[tuple[int, int], Spot] = {}
    for spot in placed:
        assert spot.longitude is not None
        assert spot.latitude is not None
        x = _scale(spot.longitude, west, east, width)
        y = height - 1 - _scale(spot.latitude, south, north, height)
        if crowded:
            found.setdefault((x, y), spot)
            continue
        for cell in _around(x, y, width, height):
            if cell not in found:
                found[cell] = spot
                break
    return found


def _in_rows(spots: Sequence[Spot], width: int, height: int) -> dict[tuple[int, int], Spot]:
    ordered = sorted(spots, key=lambda s: (s.postcode, s.name))
    if len(ordered) > width * height:
        ordered = sorted(ordered, key=lambda s: ORDER.get(s.health, 2))[: width * height]
    return {(i % width, i // width): spot for i, spot in enumerate(ordered)}


def _span(values: list[float]) -> tuple[float, float]:
    """The middle 98 %: one wrong coordinate shall not squeeze the city into a corner."""
    values.sort()
    cut = len(values) // 100
    return values[cut], values[-1 - cut]


def _scale(value: float, low: float, high: float, size: int) -> int:
    if high <= low:
        return size // 2
    return max(0, min(size - 1, int((value - low) / (high - low) * size)))


def _around(x: int, y: int, width: int, height: int) -> Iterator[tuple[int, int]]:
    """Cells by distance; a row counts twice, since cells are twice as high as wide."""
    for radius in range(max(width, height * 2) + 1):
        for dy in range(-(radius // 2), radius // 2 + 1):
            reach = radius - abs(dy) * 2
            for dx in {-reach, reach}:
                if 0 <= x + dx < width and 0 <= y + dy < height:
                    yield x + dx, y + dy


class Legend(Widget):
    """What the signs mean; each stands in its colour, and reads without."""

    DEFAULT_CSS = """
    Legend { height: 1; padding: 0 1; color: $foreground 60%; }
    """

    def render(self) -> RenderResult:
        parts: list[Content | tuple[str, str] | str] = []
        for state in ("down", "warning", "unknown", "ok"):
            parts += [(cells.health(state), _LEGEND_TONES[state]), "  "]
        parts += [IDLE, " ", _("idle"), "   ", _("On the map:"), " ", ("●", "reverse"), " "]
        parts.append(_("chosen"))
        return Content.assemble(*parts)


_LEGEND_TONES = {"down": "bold $error", "warning": "$warning", "unknown": "dim", "ok": "$success"}


class SchoolMap(Widget):
    """Draws the map; a click opens the school, the pointer names it."""

    DEFAULT_CSS = """
    SchoolMap { background: $surface; }
    """

    class Chosen(Message):
        """Somebody clicked a school."""

        def __init__(self, id: str) -> None:
            super().__init__()
            self.id = id

    def __init__(self) -> None:
        super().__init__()
        self.spots: Sequence[Spot] = ()
        self.selected = ""
        self.pitch = 1
        self._cells: dict[tuple[int, int], Spot] = {}
        self._colours: dict[str, Style] = {}

    def show(self, spots: Sequence[Spot]) -> None:
        self.spots = spots
        self._arrange()

    def select(self, id: str) -> None:
        if id != self.selected:
            self.selected = id
            self.refresh()

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        width, height = self.size
        # A blank between schools reads better, if there is room for it.
        self.pitch = 2 if len(self.spots) * 1.3 < width // 2 * height else 1
        self._cells = lay_out(self.spots, width // self.pitch, height)
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._colours.clear()

    def _colour(self, state: str) -> Style:
        if not self._colours:
            variables = self.app.theme_variables
            for tone, name in (("ok", "success"), ("warning", "warning"), ("down", "error")):
                text = variables.get(name, "")
                colour = Style.parse(text) if text.startswith("#") else Style()
                self._colours[tone] = self.rich_style + colour + Style(bold=tone == "down")
            self._colours["unknown"] = self.rich_style + Style(dim=True)
        return self._colours.get(state, self.rich_style)

    def render_line(self, y: int) -> Strip:
        segments = []
        for x in range(self.size.width // self.pitch):
            spot = self._cells.get((x, y))
            if spot is None:
                segments.append(Segment(" " * self.pitch, self.rich_style))
                continue
            state = spot.health if spot.health in TONES else "unknown"
            style = self._colour(state)
            if spot.id == self.selected:
                style += Style(reverse=True)
            segments.append(Segment(GLYPHS[state], style))
            if self.pitch == 2:
                segments.append(Segment(" ", self.rich_style))
        return Strip(segments).extend_cell_length(self.size.width, self.rich_style)

    def _at(self, event: events.MouseEvent) -> Spot | None:
        return self._cells.get((event.x // self.pitch, event.y))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        spot = self._at(event)
        self.tooltip = f"{cells.clean(spot.name)}: {cells.health(spot.health)}" if spot else None

    def on_click(self, event: events.Click) -> None:
        if spot := self._at(event):
            self.post_message(self.Chosen(spot.id))
