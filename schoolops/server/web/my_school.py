"""'My school': does the line work, do the rooms have WLAN, whom to call. In plain words."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from inventory.kinds import CONTACT_ROLES, KINDS
from schoolops.core.clock import from_iso
from schoolops.core.permissions import CONTACTS_READ, ESTATE_READ, Actor
from schoolops.estate.repository import Estate
from schoolops.web.pages import Page, Visit

AT_ONCE = 50
"""Schools on one page of the list."""
MANY = 2000
"""Devices of one school that are looked at; the largest has some hundred of each kind."""
OTHERS = ("switch", "board", "printer", "server", "router")
"""Kinds besides access points whose failure a school notices."""


@dataclass(slots=True)
class Wlan:
    """Rooms by what their access points say; a room is as good as its best one."""

    down: list[str] = field(default_factory=list)
    warning: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    ok: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        if self.down:
            return "down"
        if self.warning:
            return "warning"
        return "ok" if self.ok else "unknown"


def rooms_with_wlan(rows: list[tuple[str, str]]) -> Wlan:
    """(room, health) of each access point → rooms sorted by state."""
    by_room: defaultdict[str, set[str]] = defaultdict(set)
    for room, health in rows:
        by_room[room].add(health)
    found = Wlan()
    for room, states in sorted(by_room.items()):
        best = next(s for s in ("ok", "warning", "unknown", "down") if s in states)
        getattr(found, best).append(room)
    return found


def show(visit: Visit) -> Response:
    """The one school of the person, the one that was asked for, or a list to choose from."""
    with visit.store.read(visit.actor) as connection:
        estate = Estate(connection, visit.actor, visit.store.clock.now())
        number = visit.query("school")
        if not number:
            schools = estate.page(
                KINDS["school"],
                _words(visit.query("q")),
                offset=_offset(visit),
                limit=AT_ONCE,
                columns=("number", "name", "health"),
            )
            if visit.query("q") or len(schools.rows) != 1:
                return visit.show("schools.html", **_listed(visit, schools))
            number = str(schools.rows[0][4])
        return visit.show("my_school.html", **facts(estate, number))


def _words(text: str) -> str:
    """What a person types is words: 'St. Martin:' is a name here and no filter."""
    return " ".join(f'"{word}"' for word in text.replace('"', " ").split())


def _offset(visit: Visit) -> int:
    text = visit.query("from")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _listed(visit: Visit, page: Any) -> dict[str, Any]:
    rows = [{"number": row[4], "name": row[5], "health": row[6] or "unknown"} for row in page.rows]
    return {
        "schools": rows,
        "q": visit.query("q"),
        "offset": page.offset,
        "before": max(0, page.offset - AT_ONCE) if page.offset else None,
        "after": page.offset + AT_ONCE if page.more else None,
    }


def facts(estate: Estate, number: str) -> dict[str, Any]:
    """What the page of a school shows. `NotFound` for one that the person may not see."""
    school = estate.record(KINDS["school"], number)["values"]
    of_school = f'school:"{school["number"]}"'
    uplinks = estate.page(
        KINDS["uplink"],
        of_school,
        columns=("name", "state", "health", "since", "observed", "provider", "hotline", "circuit"),
    )
    lines = [dict(zip(uplinks.columns, row[4:], strict=True)) for row in uplinks.rows]
    points = estate.page(
        KINDS["device"],
        f"{of_school} kind:access-point",
        limit=MANY,
        columns=("room", "health"),
    )
    wlan = rooms_with_wlan(
        [(_in_school(row[4]), row[5] or "unknown") for row in points.rows if row[4]]
    )
    kinds = ",".join(OTHERS)
    broken = estate.page(
        KINDS["device"],
        f"{of_school} kind:{kinds} health:down",
        limit=20,
        columns=("kind", "name", "key", "room"),
    )
    return {
        "school": school,
        "lines": [
            {**line, "since": _micros(line["since"]), "observed": _micros(line["observed"])}
            for line in lines
            if line["state"] == "active"
        ],
        "wlan": wlan,
        "broken": [
            {"kind": row[4], "name": row[5] or row[6], "room": _in_school(row[7])}
            for row in broken.rows
        ],
        "contacts": _contacts(estate, of_school),
        "as_of": estate.now,
    }


def _contacts(estate: Estate, of_school: str) -> list[dict[str, Any]]:
    if not estate.actor.may(CONTACTS_READ):
        return []
    found = estate.page(
        KINDS["contact"], of_school, limit=50, columns=("role", "name", "phone", "email")
    )
    rows = [dict(zip(found.columns, row[4:], strict=True)) for row in found.rows]
    order = list(CONTACT_ROLES)
    rows.sort(key=lambda row: order.index(row["role"]))
    return [{**row, "label": CONTACT_ROLES[row["role"]]} for row in rows]


def _in_school(room: str | None) -> str:
    """'164800/2.14' → '2.14'"""
    return (room or "").partition("/")[2]


def _micros(iso: str | None) -> int | None:
    return from_iso(iso) if iso else None


def _may(actor: Actor) -> bool:
    return actor.may(ESTATE_READ)


PAGES = (
    Page("/my-school", get=show, may=_may, title="My school",
         examples=("/my-school", "/my-school?school=164800", "/my-school?q=nothing")),
)  # fmt: skip
