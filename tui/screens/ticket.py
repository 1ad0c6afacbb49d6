"""A ticket: what is promised, what was said and done, and how its place is now and was then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Static

from tui import cells, describe, thread, tickets
from tui.actions import Aim
from tui.backend import Backend, Json
from tui.feed import Changes
from tui.i18n import _
from tui.screens.record import RecordScreen, ScrollText

WIDE = 120
PANE = 50


class TicketScreen(RecordScreen):
    """`id` is the ticket's id or its number."""

    CSS = f"""
    TicketScreen #across {{ height: 1fr; }}
    TicketScreen ScrollText {{ width: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }}
    TicketScreen #place {{ display: none; width: {PANE}; padding: 0 1; background: $surface;
                          scrollbar-size-vertical: 1; }}
    TicketScreen.-wide #place {{ display: block; }}
    """

    def __init__(self, plural: str, id: str) -> None:
        super().__init__(plural, id)
        self.found: Json = {}
        self.now: dict[str, Any] = {}
        self.others: list[Json] = []

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="across"):
            yield ScrollText()
            with VerticalScroll(id="place", can_focus=False):
                yield Static("", id="place-text", markup=False)

    def title_line(self) -> tuple[str, str]:
        number = self.found.get("number", "")
        return _("Ticket {number}").format(number=number), str(self.found.get("title") or "")

    def suits(self, id: str) -> bool:
        if not id.startswith("ticket."):
            return super().suits(id)
        return tickets.suits(id, self.found, str(self.ops.me.get("name") or ""))

    def live(self, changes: Changes) -> None:
        kinds = ("ticket", "health", "incident", "device", "room")
        if self.found.get("id") in changes.of("ticket") or changes.of(*kinds[1:]) & self._near():
            self.begin()

    def _near(self) -> set[str]:
        """The ids of what is shown beside it."""
        return set(self.now.get("ids", ()))

    async def _load(self, client: Backend) -> None:
        self.found = await client.ticket(self.id_or_key)
        self.record = {"id": self.found["id"], "key": str(self.found["number"]), "kind": "ticket",
                       "version": 0, "values": self._values()}  # fmt: skip
        self.show_state()
        self.draw()
        self.now, self.others = await asyncio.gather(
            _state_now(client, self.found), _others(client, self.found)
        )
        self.draw()

    def _values(self) -> Json:
        found = self.found
        room = f"{found['school']}/{found['room']}" if found["room"] else None
        incident = found["incident"]
        return {**found, "room": room, "incident": incident["id"] if incident else None}

    def draw(self) -> None:
        """Show it as the width allows: the place beside the thread, or below it."""
        if not self.found:
            return
        wide = self.app.size.width >= WIDE
        width = self.app.size.width - (PANE if wide else 0) - 4
        lines = [*thread.head(self.found), *thread.course(self.found, min(width, 100))]
        beside = thread.place(self.found, self.now, PANE - 3 if wide else min(width, 64))
        more = thread.linked(self.others)
        if wide:
            text = describe.hang([*beside, *more], PANE - 3)
            self.query_one("#place-text", Static).update(text)
        else:
            lines += [Content(""), *beside, *more]
        self.query_one(ScrollText).show(lines)

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self.draw)

    def copy_text(self) -> str:
        return f"#{self.found['number']} {cells.clean(self.found['title'])}" if self.found else ""

    def aim(self) -> Aim:
        found = super().aim()
        return found if self.found else Aim("tickets")


async def _state_now(client: Backend, found: Json) -> dict[str, Any]:
    """How school, lines, room, access points and device are now; what may not be read, or is no
    longer there, is left out."""
    school, room, device = found["school"], found["room"], found["device"]
    if not school:
        return {}
    key = f"{school}/{room}"
    wanted: dict[str, Any] = {"school": client.get("schools", school)}
    names = ("name", "serial", "health", "reason")
    if room:
        wanted["room"] = client.get("rooms", key)
        wanted["access_points"] = client.page(
            "access-points", q=f'room:"{key}"', limit=20, columns=names
        )
    if device:
        wanted["device"] = client.get("devices", device)
    wanted["uplinks"] = client.page(
        "uplinks", q=f"school:{school}", limit=10, columns=("name", "name", "health", "reason")
    )
    answers = await asyncio.gather(*wanted.values(), return_exceptions=True)
    now: dict[str, Any] = {"ids": set()}
    for name, one in zip(wanted, answers, strict=True):
        if isinstance(one, BaseException):
            continue
        if isinstance(one, dict):
            now[name] = {"health": one.get("health"), "reason": one.get("reason")}
            now["ids"].add(one["id"])
        else:
            rows = [[row[0], *row[4:]] for row in one.rows]
            now[name] = {
                str(title or serial): {"health": health, "reason": why}
                for _id, title, serial, health, why in rows
            }
            now["ids"] |= {row[0] for row in rows}
    return now


async def _others(client: Backend, found: Json) -> list[Json]:
    """What joined it, what it joined, and what it has to do with."""
    wanted = [*found["joined"], *found["links"]]
    if found["joined_to"]:
        wanted.append(found["joined_to"])
    if not wanted:
        return []
    names = ("number", "title", "school", "room", "state", "waits_for", "priority")
    numbers = ",".join(str(number) for number in wanted[:100])
    page = await client.page("tickets", q=f"number:{numbers}", limit=100, columns=names)
    return [dict(zip(("id", *names), (row[0], *row[4:]), strict=True)) for row in page.rows]
