"""A room: what stands in it, how it is, the last hours as sparklines, whom to call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.content import Content
from textual.widget import Widget

from inventory.choices import CONTACT_ROLES, DEVICE_KINDS, NETWORK_KINDS
from inventory.kinds import ROOM
from tui import cells, describe, metrics, past, room_tests
from tui.actions import Aim
from tui.backend import Backend, Json
from tui.feed import Changes
from tui.frame import Frame
from tui.i18n import _
from tui.lines import Line, Lines
from tui.reasons import reason

SINCE_S = 6 * 3600
MOST_DRAWN = 6
"""Devices whose series are read: a room has one or two access points, a server room more."""
MOST_TESTS = 3
"""Measurements from browsers in the room that are shown."""


class RoomScreen(Frame):
    """`id` is the room's id or its key, '164800/2.14'."""

    kind_name = "room"
    places = frozenset({"room", "lines", "editable"})

    def __init__(self, id: str) -> None:
        super().__init__()
        self.id_or_key = id
        self.record: Json = {}
        self.devices: list[Json] = []

    def body(self) -> Iterable[Widget]:
        yield Lines()

    def title_line(self) -> tuple[str, str]:
        values = self.record.get("values") or {}
        name = _("Room {name}").format(name=values.get("name") or "")
        return name, str(self.record.get("school_name") or values.get("school_name") or "")

    def begin(self) -> None:
        if self.client is not None:
            self.quietly(partial(self._load, self.client), "room")

    def live(self, changes: Changes) -> None:
        mine = {self.record.get("id"), *(device["id"] for device in self.devices)}
        if mine & changes.of("room", "device", "health"):
            self.begin()

    async def _load(self, client: Backend) -> None:
        self.record = await client.get("rooms", self.id_or_key)
        self.show_state()
        school = (self.record.get("values") or {}).get("school") or ""
        latest, tests, people, history = await asyncio.gather(
            client.latest("rooms", self.record["id"]),
            client.room_measurements(self.record["id"], MOST_TESTS),
            self._contacts(client, school),
            client.history("rooms", self.record["id"]),
        )
        self.devices = latest.get("devices") or []
        drawn = [d for d in self.devices if d.get("kind") in NETWORK_KINDS and d.get("values")]
        series = await asyncio.gather(*(self._series(client, d) for d in drawn[:MOST_DRAWN]))
        spark = {d["id"]: lines for d, lines in zip(drawn, series, strict=False)}
        lines = [Line(content) for content in describe.state_lines(self.record)]
        own = (self.record["id"], str(self.record["key"]), self.record["version"])
        lines[0] = Line(lines[0].content, "rooms", *own)
        lines += self._devices(spark)
        lines += room_tests.lines(tests["measurements"])
        lines += people
        fields = describe.field_lines(ROOM, self.record)
        lines += [Line(Content("")), Line(describe.heading(_("The room"))), *map(Line, fields)]
        width = self.query_one(Lines).size.width - 3
        lines += map(Line, past.wrapped(ROOM, history, width))
        # On what is broken if something is; else on the room: a key means what the title says.
        bad = [d["id"] for d in self.devices if d.get("health") in ("down", "warning")]
        self.query_one(Lines).show(lines, bad[0] if bad else "")

    def _devices(self, spark: dict[str, list[Content]]) -> list[Line]:
        found = [Line(Content("")), Line(describe.heading(_("Devices")))]
        if not self.devices:
            found.append(Line(Content(f"  {_('none')}")))
        for device in self.devices:
            kind = _(DEVICE_KINDS.get(device.get("kind") or "", device.get("kind") or ""))
            name = str(device.get("name") or device.get("key"))
            text = f"  {cells.fit(kind, 16)} {cells.fit(name, 20)} "
            state = describe.state(device.get("health"), width=13)
            why = reason(device.get("reason"))
            content = Content.assemble("  ", state, cells.clean(text), why)
            found.append(
                Line(content, "devices", device["id"], str(device["key"]), 0, str(device["key"]))
            )
            found += [Line(Content.assemble("      ", one)) for one in spark.get(device["id"], [])]
        return found

    async def _series(self, client: Backend, device: Json) -> list[Content]:
        names = metrics.series_of("devices", device["values"])[:3]
        answers: list[Any] = await asyncio.gather(
            *(client.series("devices", device["id"], name, SINCE_S) for name in names),
            return_exceptions=True,
        )
        return [
            line
            for name, one in zip(names, answers, strict=True)
            if isinstance(one, dict)
            and (line := describe.sparkline(name, one, self.size.width - 8))
        ]

    async def _contacts(self, client: Backend, school: str) -> list[Line]:
        if not school or not self.ops.may("contacts.read"):
            return []
        page = await client.page(
            "contacts", q=f"school:{school}", limit=20, columns=("role", "name", "phone")
        )
        found = [Line(Content("")), Line(describe.heading(_("Whom to call")))]
        order = list(CONTACT_ROLES)
        for row in sorted(page.rows, key=lambda r: order.index(r[4]) if r[4] in order else 99):
            role = _(CONTACT_ROLES.get(row[4], row[4] or ""))
            text = f"  {cells.fit(role, 20)} {cells.fit(str(row[5] or ''), 24)} {row[6] or ''}"
            found.append(
                Line(Content(cells.clean(text)), "contacts", row[0], row[1], row[2], row[6] or "")
            )
        return found

    def aim(self) -> Aim:
        line = self.query_one(Lines).current()
        if line is None or not line.id:
            return self.room_aim()
        school = (self.record.get("values") or {}).get("school")
        return Aim(line.plural, line.id, line.key, line.version,
                   {"school": school, "room": self.record.get("key")}, (line.id,), (line.key,),
                   count=1)  # fmt: skip

    def room_aim(self) -> Aim:
        """The room itself, whatever the cursor is on."""
        if not self.record:
            return Aim("rooms")
        id, key = self.record["id"], str(self.record["key"])
        school = (self.record.get("values") or {}).get("school")
        return Aim("rooms", id, key, self.record["version"], {"school": school}, (id,), (key,),
                   count=1)  # fmt: skip

    async def on_lines_opened(self) -> None:
        await self.action_run("row.open")

    def copy_text(self) -> str:
        line = self.query_one(Lines).current()
        return (line.copy or line.key) if line else str(self.record.get("key", ""))
