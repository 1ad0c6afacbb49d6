"""A school: what is broken, its lines, whom to call, sites, buildings and rooms."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inventory.choices import CONTACT_ROLES, DEVICE_KINDS, ROOM_KINDS, UPLINK_STATES
from inventory.kinds import SCHOOL
from tui import cells, describe, incidents, past
from tui.actions import Aim
from tui.backend import Backend, Json
from tui.feed import Changes
from tui.frame import Frame
from tui.i18n import _
from tui.lines import Line, Lines
from tui.reasons import reason

MOST = 200
UUID_LENGTH = 36


class SchoolScreen(Frame):
    """`id` is the school's id or number."""

    kind_name = "school"
    places = frozenset({"school", "lines", "editable"})
    CSS = """
    SchoolScreen #across { height: 1fr; }
    SchoolScreen Lines { width: 1fr; }
    SchoolScreen #detail { display: none; width: 46; padding: 0 1; background: $surface;
                           scrollbar-size-vertical: 1; }
    SchoolScreen.-wide #detail { display: block; }
    """

    def __init__(self, id: str) -> None:
        super().__init__()
        self.id_or_key = id
        self.record: Json = {}
        self.drawn = False

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="across"):
            yield Lines()
            with VerticalScroll(id="detail", can_focus=False):
                yield Static("", id="detail-text", markup=False)

    def title_line(self) -> tuple[str, str]:
        values = self.record.get("values") or {}
        return str(values.get("short_name") or values.get("name") or _("School")), ""

    def begin(self) -> None:
        if self.client is not None:
            self.quietly(partial(self._load, self.client), "school")

    def live(self, changes: Changes) -> None:
        if self.record and (
            self.record["key"] in changes.schools or self.record["id"] in changes.of("school")
        ):
            self.begin()

    async def _load(self, client: Backend) -> None:
        if not self.record and len(self.id_or_key) == UUID_LENGTH:
            self.record = await client.get("schools", self.id_or_key)
            self.show_state()
        # Known by its number, everything can be asked for at once.
        here = f"school:{self.record.get('key') or self.id_or_key}"

        async def rows(plural: str, columns: tuple[str, ...], q: str = "") -> list[Json]:
            page = await client.page(plural, q=f"{here} {q}".strip(), limit=MOST, columns=columns)
            head = ("id", "key", "version", "retired", *page.columns)
            return [dict(zip(head, row, strict=True)) for row in page.rows]

        async def contacts() -> list[Json]:
            if not self.ops.may("contacts.read"):
                return []
            return await rows("contacts", ("role", "name", "phone", "email"))

        asked = [
            rows("devices", ("health", "freshness", "kind", "name", "room", "reason"),
                 "health:down,warning"),
            rows("uplinks", ("health", "freshness", "name", "provider", "hotline", "circuit",
                             "contract_down_bps", "contract_up_bps", "state", "reason")),
            contacts(),
            rows("sites", ("name", "kind", "street")),
            rows("buildings", ("name", "site")),
            rows("rooms", ("health", "freshness", "name", "kind", "building", "seats", "reason")),
            incidents.open_at(client, str(self.record.get("key") or self.id_or_key)),
        ]  # fmt: skip
        record, found = await asyncio.gather(
            client.get("schools", self.record.get("id") or self.id_or_key), asyncio.gather(*asked)
        )
        first, self.record = not self.drawn, record
        uplinks = found[1]
        uplinks.sort(key=lambda row: row["state"] != "active")
        if first and uplinks:  # what is measured comes a round trip later
            self._draw(found, [None] * len(uplinks))
        answers = await asyncio.gather(
            *(client.latest("uplinks", one["id"]) for one in uplinks),
            client.history("schools", record["id"]),
            client.school_readiness(record["id"]),
            return_exceptions=True,
        )
        *facts, history, teaching = [one if isinstance(one, dict) else {} for one in answers]
        self._draw(found, [*facts], history, teaching)

    def _draw(
        self,
        found: list[list[Json]],
        latest: list[Json | None],
        history: Json | None = None,
        teaching: Json | None = None,
    ) -> None:
        self.drawn = True
        faulty, uplinks, people, sites, buildings, rooms, broken = found
        record = self.record
        lines = self._head()
        # Its place is kept until it is known, so that nothing moves under the cursor.
        lines.append(Line(describe.readiness_line(teaching) if teaching else Content("")))
        lines += _incidents(broken)
        lines += _faults(faulty)
        lines += _uplinks(uplinks, latest)
        lines += _people(people)
        lines += _premises(sites, buildings, rooms)
        master = describe.field_lines(SCHOOL, record, skip=("number",))
        width = self.query_one(Lines).size.width - 3
        changed = past.wrapped(SCHOOL, history, width) if history else []
        if not self.has_class("-wide"):
            lines += [_title(_("The school")), *(Line(content) for content in master)]
        lines += [Line(content) for content in changed]
        worst = next((row["id"] for row in faulty if row["health"] == "down"), "")
        start = worst or (faulty[0]["id"] if faulty else "")
        self.query_one(Lines).show(lines, start)
        pair = describe.pair(_("School number"), str(record["key"]))
        text = [pair, *master, *describe.system_lines(record)]
        self.query_one("#detail-text", Static).update(describe.hang(text, 43))
        self.show_state()

    def _head(self) -> list[Line]:
        record = self.record
        values = record.get("values") or {}
        parts: list[Any] = [
            describe.state(record.get("health"), record.get("freshness")),
            f"  {reason(record.get('reason'))}",
        ]
        if record.get("since") and record.get("health") != "ok":
            parts.append((f"  {_('since')} {cells.when(record['since'])}", "$foreground 60%"))
        call = "  ".join(
            part for part in (describe.address(values), str(values.get("phone") or "")) if part
        )
        return [
            Line(
                Content.assemble(*parts),
                "schools",
                record["id"],
                record["key"],
                record["version"],
                str(values.get("phone") or ""),
            ),
            Line(Content.styled(f"{record['key']}  {cells.clean(call)}", "$foreground 60%")),
        ]

    def aim(self) -> Aim:
        line = self.query_one(Lines).current()
        number = str(self.record.get("key", ""))
        if line is None or not line.id:
            return self.school_aim()
        return Aim(line.plural, line.id, line.key, line.version, {"school": number},
                   (line.id,), (line.key,), count=1)  # fmt: skip

    def school_aim(self) -> Aim:
        """The school itself, whatever the cursor is on."""
        if not self.record:
            return Aim("schools")
        id, key = self.record["id"], str(self.record["key"])
        return Aim("schools", id, key, self.record["version"], {"school": key}, (id,), (key,),
                   count=1)  # fmt: skip

    async def on_lines_opened(self) -> None:
        await self.action_run("row.open")

    def copy_text(self) -> str:
        line = self.query_one(Lines).current()
        return (line.copy or line.key) if line else str(self.record.get("key", ""))


def _title(text: str, note: str = "") -> Line:
    return Line(Content.assemble((text, "bold $text-accent"), (f"  {note}", "$foreground 60%")))


def _line(plural: str, row: Json, *parts: Any, copy: str = "") -> Line:
    return Line(Content.assemble("  ", *parts), plural, row["id"], row["key"], row["version"], copy)


def _incidents(rows: list[Json]) -> list[Line]:
    """What is open at the school, a line each."""
    found = []
    for row in rows:
        tone = incidents.STYLES.get(row["severity"], "")
        since = f"  {_('since')} {cells.when(row['began'])}"
        who = f"  {cells.clean(row['claimed_by'])}" if row["claimed_by"] else ""
        head = (f"{incidents.severity(row['severity'])}: ", tone)
        rest = (since + who, "$foreground 60%")
        content = Content.assemble(head, incidents.title(row), rest)
        found.append(Line(content, "incidents", row["id"], row["key"], row["version"]))
    return found


def _faults(rows: list[Json]) -> list[Line]:
    if not rows:
        return []
    found = [_title(_("Not in order"), str(len(rows)))]
    for row in sorted(rows, key=lambda r: r["health"] != "down"):
        kind = _(DEVICE_KINDS.get(row["kind"] or "", row["kind"] or ""))
        room = str(row["room"] or "").partition("/")[2]
        text = f"{cells.fit(str(row['name'] or row['key']), 18)} {cells.fit(kind, 13)} "
        found.append(
            _line(
                "devices",
                row,
                describe.state(row["health"], row["freshness"], 13),
                "  ",
                cells.clean(text + cells.fit(room, 8) + reason(row["reason"])),
            )
        )
    return found


def _uplinks(rows: list[Json], latest: list[Json | None]) -> list[Line]:
    """`latest` has None for what is still on its way."""
    found = [_title(_("Uplinks"), "" if rows else _("none"))]
    for row, last in zip(rows, latest, strict=True):
        text = "  ".join(
            str(row[name]) for name in ("name", "provider", "circuit") if row.get(name)
        )
        if row.get("hotline"):
            text += "  " + _("hotline {number}").format(number=row["hotline"])
        state = describe.state(row["health"], row["freshness"], 13)
        active = row["state"] in (None, "", "active")
        if not active:
            state = Content.styled(
                cells.fit(_(UPLINK_STATES.get(row["state"], row["state"])), 13), "$foreground 60%"
            )
        found.append(_line("uplinks", row, state, "  ", cells.clean(text),
                           copy=str(row.get("hotline") or "")))  # fmt: skip
        if not active:
            continue
        bars = describe.contract_lines(last or {}, {"values": row})
        if last is None:
            bars = [Content("…") for _bar in bars]
        found += [Line(Content.assemble("    ", bar)) for bar in bars]
    return found


def _people(rows: list[Json]) -> list[Line]:
    if not rows:
        return []
    order = list(CONTACT_ROLES)
    found = [_title(_("Whom to call"))]
    for row in sorted(rows, key=lambda r: order.index(r["role"]) if r["role"] in order else 99):
        role = _(CONTACT_ROLES.get(row["role"], row["role"] or ""))
        text = f"{cells.fit(role, 20)} {cells.fit(str(row['name'] or ''), 24)} "
        text += f"{row['phone'] or ''}  {row['email'] or ''}"
        found.append(_line("contacts", row, cells.clean(text), copy=str(row["phone"] or "")))
    return found


def _premises(sites: list[Json], buildings: list[Json], rooms: list[Json]) -> list[Line]:
    """Site, building, room as a tree; what has no parent comes at the end."""
    found: list[Line] = []
    left_buildings = {row["key"]: row for row in buildings}
    left_rooms = list(rooms)

    def add_rooms(building: str | None) -> None:
        for room in [r for r in left_rooms if (r["building"] or None) == building]:
            left_rooms.remove(room)
            found.append(_room(room))

    def add_building(row: Json) -> None:
        found.append(_line("buildings", row, (cells.clean(str(row["name"])), "bold")))
        add_rooms(row["key"])

    for site in sites:
        found.append(_title(cells.clean(f"{_('Site')} {site['name']}"), str(site["street"] or "")))
        for key, row in list(left_buildings.items()):
            if row["site"] == site["key"]:
                add_building(left_buildings.pop(key))
    if left_buildings or left_rooms:
        found.append(_title(_("Rooms")))
    for row in left_buildings.values():
        add_building(row)
    for room in left_rooms:
        found.append(_room(room))
    return found


def _room(row: Json) -> Line:
    kind = _(ROOM_KINDS.get(row["kind"] or "", row["kind"] or ""))
    seats = _("{number} seats").format(number=row["seats"]) if row["seats"] else ""
    text = f"  {cells.fit(str(row['name']), 10)} {cells.fit(kind, 16)} {cells.fit(seats, 10)} "
    state = describe.state(row["health"], row["freshness"], 13)
    return _line("rooms", row, "  ", state, cells.clean(text + reason(row["reason"])))
