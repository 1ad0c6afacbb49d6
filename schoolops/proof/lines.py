"""The lines of the city with what they deliver this month: one query over figures kept ready."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, select

from inventory.kinds import KINDS
from schoolops.core.clock import to_iso
from schoolops.core.permissions import SYSTEM, Actor
from schoolops.core.zone import local_zone
from schoolops.db.engine import Store
from schoolops.db.upsert import upsert
from schoolops.estate.access import readable_by
from schoolops.estate.models import TABLES
from schoolops.proof.models import line_month
from schoolops.proof.months import Month
from schoolops.proof.repository import Lines

FRESH_S = 6 * 3600
"""So long the figures of a line are left as they are."""
AT_ONCE = 10
MICROS = 1_000_000
MOST = 10_000

uplinks, schools = TABLES["uplink"], TABLES["school"]


def lines(connection: Connection, actor: Actor, month: str) -> list[dict[str, Any]]:
    """Every line in use that the actor may see, with its figures of the month; by school."""
    c = line_month.c
    rows = connection.execute(
        select(
            uplinks.c.uid, uplinks.c.key, uplinks.c.provider, uplinks.c.circuit,
            uplinks.c.contract_end, uplinks.c.contract_down_bps, uplinks.c.contract_up_bps,
            schools.c.number, schools.c.name.label("school_name"), c.down_bps, c.up_bps, c.tests,
            c.measured, c.availability, c.outages, c.verdict, c.made_at,
        )
        .join(schools, schools.c.id == uplinks.c.school_id)
        .outerjoin(line_month, and_(c.uplink_id == uplinks.c.id, c.month == month))
        .where(readable_by(actor, KINDS["uplink"]), uplinks.c.retired_at.is_(None))
        .order_by(uplinks.c.key)
        .limit(MOST)
    )  # fmt: skip
    return [
        {
            "id": row.uid, "key": row.key, "school": row.number, "school_name": row.school_name,
            "provider": row.provider, "circuit": row.circuit,
            "contract_end": row.contract_end and str(row.contract_end),
            "booked_down_bps": row.contract_down_bps, "booked_up_bps": row.contract_up_bps,
            "down_bps": row.down_bps, "up_bps": row.up_bps, "tests": row.tests or 0,
            "measured": row.measured, "availability": row.availability,
            "outages": row.outages or 0, "verdict": row.verdict or "unknown",
            "as_of": to_iso(row.made_at),
        }
        for row in rows
    ]  # fmt: skip


def reckon_months(store: Store) -> None:
    """Work out the figures of some lines that are old or missing: of the running month, and once
    of the month before, when late reports have come."""
    now = store.clock.now()
    this = Month.of(now / MICROS, local_zone())
    _reckon(store, this, now - FRESH_S * MICROS)
    # Of the month before until its second day is over: agents that were cut off deliver late.
    begin, _ = this.span(local_zone())
    settled = min(now - FRESH_S * MICROS, (begin + 2 * 86_400) * MICROS)
    _reckon(store, this.before, settled)


def _reckon(store: Store, month: Month, before: int) -> None:
    c = line_month.c
    with store.read(SYSTEM) as connection:
        due = connection.execute(
            select(uplinks)
            .outerjoin(line_month, and_(c.uplink_id == uplinks.c.id, c.month == str(month)))
            .where(
                uplinks.c.retired_at.is_(None),
                uplinks.c.state == "active",
                c.made_at.is_(None) | (c.made_at < before),
            )
            .order_by(c.made_at, uplinks.c.id)
            .limit(AT_ONCE)
        ).all()
        found = Lines(connection, SYSTEM, store.settings, store.clock.now())
        rows = [_figures(found, row, month) for row in due]
    if rows:
        with store.write(SYSTEM) as unit:
            upsert(unit.connection, line_month, rows)


def _figures(found: Lines, row: Any, month: Month) -> dict[str, Any]:
    proof = found.proof_of(row, month)
    down, up = proof["tests"]["down"], proof["tests"]["up"]
    return {
        "uplink_id": row.id, "month": str(month), "school_id": row.school_id,
        "made_at": found.now, "verdict": proof["verdict"], "tests": down["tests"],
        "down_bps": down["p50_bps"], "up_bps": up["p50_bps"],
        "measured": proof["lessons"]["measured"],
        "availability": proof["lessons"]["availability"], "outages": len(proof["outages"]),
    }  # fmt: skip
