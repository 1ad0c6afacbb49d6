"""'My school': does the line work, do the rooms have WLAN, whom to call. In plain words."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from inventory.choices import CONTACT_ROLES
from inventory.kinds import KINDS
from schoolops.core.clock import from_iso
from schoolops.core.permissions import (
    CONTACTS_READ,
    ESTATE_READ,
    NOWHERE,
    PASSWORDS_RESET,
    Actor,
)
from schoolops.estate.repository import Estate
from schoolops.server.web import schools
from schoolops.web.pages import Page, Visit

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
            page = schools.found_by(visit, estate, visit.actor.scope(ESTATE_READ))
            if visit.query("q") or len(page.rows) != 1:
                return schools.choose(visit, page, "/my-school", visit.gettext("Schools"))
            number = str(page.rows[0][4])
        found = facts(estate, number)
        return visit.show("my_school.html", **found, **_passwords(visit, found["school"]))


def _passwords(visit: Visit, school: dict[str, Any]) -> dict[str, Any]:
    """Whose passwords the person may reset here: own classes by name, or those of the school."""
    rights = visit.actor.scope(PASSWORDS_RESET)
    if not visit.portal.settings.identity.issuer:
        rights = NOWHERE
    number = str(school["number"])
    own = (key.partition("/") for key in rights.classes)
    return {
        "own_classes": sorted(name for place, _, name in own if place == number),
        "all_classes": rights.covers(number, school["authority"]),
    }


def facts(estate: Estate, number: str) -> dict[str, Any]:
    """What the page of a school shows. `NotFound` for one that the person may not see."""
    school = schools.school_of(estate, number)
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
