"""The fault report to a provider: a draft with what was measured, to be sent or read out."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from inventory.sentences import say
from schoolops.alerts.models import incident_school
from schoolops.alerts.repository import find
from schoolops.core.errors import Conflict
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.estate.access import in_scope
from schoolops.estate.models import TABLES
from schoolops.telemetry import raw
from schoolops.telemetry.history import Availability, History
from schoolops.telemetry.metrics import METRICS, natural
from schoolops.web.languages import Languages
from schoolops.web.templates import LIVE, Templates

MINUTE, DAY = 60_000_000, 86_400_000_000
LISTED = 12
"""So many of the latest measurements a report shows."""
BEFORE_US = 20 * MINUTE
"""What was measured so long before the begin belongs to it."""

schools, uplinks, sites = (TABLES[kind] for kind in ("school", "uplink", "site"))
_METRICS = {m.name: m for m in METRICS["uplink"]}
_TESTS = ("test_down_bps", "test_up_bps")
_SHOWN = ("reachable", "connect_ms", "loss_percent")


def write_report(
    store: Store, connection: Connection, actor: Actor, uid: str, language: Literal["de", "en"]
) -> dict[str, str]:
    """`{"language", "subject", "text"}`. `Conflict` for an incident that is no provider's fault."""
    row = find(connection, actor, uid)
    if row.kind not in ("provider", "school", "uplink"):
        raise Conflict(
            say("this incident is about no line; a provider has nothing to mend"),
            code="incident.no_line",
        )
    lines = [_line(store, connection, row, line) for line in _lines(connection, actor, row)]
    said = Languages(store.settings.home / LIVE / "locale")[language]
    zone = ZoneInfo(store.settings.timezone)

    def number(value: float | None, digits: int = 0) -> str:
        text = "–" if value is None else f"{value:.{digits}f}"
        return text.replace(".", ",") if language == "de" else text

    text = Templates(store.settings.home).render(
        f"report/fault-report.{language}.txt",
        said,
        {
            "city": store.settings.city,
            "operator": store.settings.portal.operator,
            "support": store.settings.portal.support,
            "incident": row,
            "lines": lines,
            "number": number,
            "time": lambda micros: said.time(micros, zone, "medium"),
            "mbit": lambda bps: number(None if bps is None else bps / 1e6),
            "clock": lambda micros: said.time(micros, zone, "medium"),
        },
    )
    subject, _, rest = text.strip().partition("\n")
    return {"language": language, "subject": subject.strip(), "text": rest.strip() + "\n"}


def _lines(connection: Connection, actor: Actor, row: Row[Any]) -> list[Row[Any]]:
    """The lines that the incident is about, at schools that the actor sees."""
    c = incident_school.c
    statement = (
        select(
            uplinks, c.since_at, c.until_at, schools.c.number, schools.c.name.label("school_name"),
            schools.c.street, schools.c.postcode, schools.c.city, schools.c.phone,
            schools.c.opening_hours, sites.c.street.label("site_street"),
            sites.c.postcode.label("site_postcode"), sites.c.city.label("site_city"),
        )
        .join(incident_school, c.school_id == uplinks.c.school_id)
        .join(schools, schools.c.id == uplinks.c.school_id)
        .outerjoin(sites, sites.c.id == uplinks.c.site_id)
        .where(
            c.incident_id == row.id,
            uplinks.c.retired_at.is_(None),
            uplinks.c.state == "active",
            in_scope(actor, c.school_id),
        )
        .order_by(c.since_at, uplinks.c.key)
    )  # fmt: skip
    if row.kind == "uplink":
        statement = statement.where(uplinks.c.id == row.record_id)
    if row.kind == "provider":
        statement = statement.where(uplinks.c.provider == row.provider)
    return list(connection.execute(statement))


def _line(store: Store, connection: Connection, row: Row[Any], line: Row[Any]) -> dict[str, Any]:
    now = store.clock.now()
    until = line.until_at or row.closed_at or now
    readings = raw.load(connection, "uplink", line.id, line.since_at - BEFORE_US, until + MINUTE)
    measured = [
        {"at": at}
        | {name: natural(_METRICS[name], readings.columns[name][place]) for name in _SHOWN}
        for place, at in enumerate(readings.times)
    ]
    tests = raw.load(connection, "uplink", line.id, until - DAY, until + MINUTE, _TESTS)
    tested = [
        {"at": at} | {name: natural(_METRICS[name], tests.columns[name][place]) for name in _TESTS}
        for place, at in enumerate(tests.times)
        if any(tests.columns[name][place] is not None for name in _TESTS)
    ]
    day = History(connection, now)
    available: Availability = day.availability(
        "uplink", line.id, (now - DAY) // 1_000_000, now // 1_000_000
    )
    return {
        "line": line,
        "measured": _around_the_begin(measured, line.since_at),
        "tested": tested[-LISTED // 2 :],
        "available": available,
    }


def _around_the_begin(measured: list[dict[str, Any]], since: int) -> list[dict[str, Any]]:
    """The last ones before, and the first after what is wrong began."""
    after = next((n for n, one in enumerate(measured) if one["at"] >= since), len(measured))
    first = max(0, after - LISTED // 2)
    return measured[first : first + LISTED]
