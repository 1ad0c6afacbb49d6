"""Tickets in words: priority, state, what is promised; which are new and which are one's own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from inventory.choices import TICKET_STATES
from tui import cells
from tui.actions import N_
from tui.backend import Backend, Json
from tui.i18n import _, ngettext

PRIORITY_GLYPHS: Mapping[str, str] = {"P1": "✖", "P2": "▲", "P3": "●", "P4": "·"}
PRIORITY_TONES: Mapping[str, str] = {"P1": "down", "P2": "warning", "P4": "dim"}
STATE_GLYPHS: Mapping[str, str] = {
    "new": "◇", "open": "▸", "waiting": "…", "solved": "✓", "closed": "–",
}  # fmt: skip
STATE_TONES: Mapping[str, str] = {
    "new": "warning", "waiting": "dim", "solved": "ok", "closed": "dim",
}  # fmt: skip
WAITS: Mapping[str, str] = {"school": N_("for school"), "vendor": N_("for vendor")}
PROMISES: Mapping[str, str] = {
    "acknowledge": N_("First answer"), "workaround": N_("Workaround"), "fix": N_("Solved"),
}  # fmt: skip
ACTIVE = frozenset({"new", "open", "waiting"})
DONE = frozenset({"solved", "closed"})
BAR = 10
AT_ONCE = 100
"""So many numbers stand in one filter."""
_MINUTE, _HOUR = 60, 3600


def priority(name: str) -> str:
    """'✖ P1'."""
    return f"{PRIORITY_GLYPHS.get(name, '?')} {cells.clean(name)}"


def state(name: str, waits_for: str | None = "") -> str:
    """'◇ new', '… for the vendor'."""
    label = TICKET_STATES.get(name, name)
    whom = WAITS.get(waits_for or "")
    words = _(whom) if whom else cells.clean(_(label))
    return f"{STATE_GLYPHS.get(name, '?')} {words}"


def lesson_time(seconds: int) -> str:
    """'35 min', '3 h 20 min', of lessons."""
    minutes = max(1, round(abs(seconds) / _MINUTE))
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("{count} min of lessons").format(count=rest)
    if not rest or hours >= 10:
        return _("{count} h of lessons").format(count=cells.number(hours))
    return _("{hours} h {count} min of lessons").format(hours=hours, count=rest)


def promise(one: Json) -> tuple[str, str]:
    """How a promise stands, in words and with a bar of what is used; and the tone of it."""
    found, left = str(one["state"]), int(one["left_s"])
    if found == "met":
        return f"✓ {_('in time')}", "ok"
    if found == "missed":
        text = _("{time} too late") if one["kept"] else _("overdue by {time}")
        return f"✖ {text.format(time=lesson_time(left))}", "down"
    drawn = cells.bar(float(one["share"]), 1.0, BAR)
    due = f" ({_clock(one['due'])})" if one["due"] else ""
    if found == "waiting":
        text = _("stands still, {time} left").format(time=lesson_time(left))
        return f"… {drawn} {text}", "dim"
    text = _("due in {time}").format(time=lesson_time(left))
    return f"▸ {drawn} {text}{due}", "warning" if float(one["share"]) >= 0.8 else ""


def _clock(text: str) -> str:
    """A time without seconds."""
    shown = cells.when(text)
    return shown[:5] if shown.count(":") == 2 else shown


def suits(id: str, values: Mapping[str, Any], me: str = "") -> bool:
    """Whether an action makes sense for a ticket in that state."""
    now = str(values.get("state") or "")
    if id in ("ticket.wait", "ticket.solve"):
        return now in ACTIVE
    if id == "ticket.take":
        return now != "closed" and values.get("assigned_to") != me
    if id == "ticket.close":
        return now != "closed"
    if id == "ticket.reopen":
        return now in DONE or now == "waiting"
    if id == "ticket.leave":
        return bool(values.get("joined_to"))
    if id == "ticket.open_incident":
        return bool(values.get("incident"))
    if id == "ticket.open_device":
        return bool(values.get("device"))
    return True


async def of_incident(client: Backend, id: str, limit: int = 1000) -> list[Json]:
    """The tickets of an incident, those to be done first, as `number`, `title`, `state` …"""
    names = ("number", "title", "school", "room", "state", "waits_for", "priority", "active")
    page = await client.page(
        "tickets", q=f'incident:"{id}"', sort="-urgency", limit=limit, columns=names
    )
    return [dict(zip(("id", *names), (row[0], *row[4:]), strict=True)) for row in page.rows]


async def answered_with(client: Backend, id: str) -> int:
    """To how many tickets an update of an incident goes: its own that are not done, and those
    that joined one of these."""
    own = [one for one in await of_incident(client, id) if one["active"]]
    found = {one["id"] for one in own}
    for start in range(0, len(own), AT_ONCE):
        numbers = ",".join(str(one["number"]) for one in own[start : start + AT_ONCE])
        page = await client.page(
            "tickets", q=f"joined_to:{numbers} !state:closed", limit=1000, columns=("number",)
        )
        found |= {row[0] for row in page.rows}
    return len(found)


class OpenTickets:
    """How many tickets are new, and how many of those to be done are this person's."""

    def __init__(self) -> None:
        self.new = 0
        self.own = 0

    async def look(self, client: Backend, me: str) -> None:
        own = "".join(c for c in me if c not in '"\\')
        self.new, self.own = await asyncio.gather(
            client.count("tickets", q="state:new joined_to:"),
            client.count("tickets", q=f'active:yes assigned_to:"{own}"'),
        )

    def text(self, *, short: bool = False) -> str:
        """'◇ 3 new, 2 mine' for the title line; '' while there is nothing. `short`: one of both."""
        parts = []
        if self.new:
            parts.append(
                ngettext("{count} new", "{count} new", self.new).format(
                    count=cells.number(self.new)
                )
            )
        if self.own and not (short and self.new):
            parts.append(_("{count} mine").format(count=cells.number(self.own)))
        return f"{STATE_GLYPHS['new']} {', '.join(parts)}" if parts else ""
