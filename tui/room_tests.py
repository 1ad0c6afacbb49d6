"""What browsers in a room measured, as lines beside what the school's line was."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui import cells, describe
from tui.actions import N_
from tui.backend import Json
from tui.i18n import _
from tui.lines import Line

ENOUGH = {
    "video": N_("enough for a class with video"),
    "pages": N_("enough for pages and one video"),
    "little": N_("not enough for a class"),
}
NARROW = {
    "line": N_("the line itself is the limit"),
    "others": N_("others used the line at that time"),
    "room": N_("narrow before the line: mostly the WLAN"),
    "unknown": N_("nothing is known about the line"),
}


def lines(tests: Sequence[Json]) -> list[Line]:
    """The latest measurements; nothing where nobody has measured."""
    if not tests:
        return []
    found = [Line(Content("")), Line(describe.heading(_("Measured in the room")))]
    for one in tests:
        when = cells.when(one["at"])
        rates = f"↓ {cells.rate(one['down_bps'])}  ↑ {cells.rate(one['up_bps'])}"
        waits = f"{one['latency_ms']:.0f} ms"
        if one["lost"]:
            lost = _("{lost} of {sent} without an answer")
            waits += "  " + lost.format(lost=one["lost"], sent=one["sent"])
        enough = ENOUGH[one["enough"]]
        found.append(Line(Content(f"  {when}  {rates}  {waits}  {_(enough)}")))
        found.append(Line(Content(f"      {_line(one)}")))
    return found


def _line(one: Json) -> str:
    line = one["line"] or {}
    narrow = NARROW[one["narrow"]]
    if not line.get("down_bps"):
        return _(narrow)
    basis = _("by its own test") if line["basis"] == "test" else _("by contract")
    rate = cells.rate(line["down_bps"])
    told = _("line {rate} {basis}").format(rate=rate, basis=basis)
    return f"{told}: {_(narrow)}"
