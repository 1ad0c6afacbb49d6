"""What happens to tickets by itself: somebody is told of promises, solved ones close, old ones
forget whom they were about."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, delete, select, update

from inventory.choices import TICKET_CATEGORIES
from schoolops.calendar.repository import lesson_times
from schoolops.db.engine import Store, UnitOfWork
from schoolops.identity import receivers
from schoolops.notify import service as notify
from schoolops.tickets.history import set_state, write_entry
from schoolops.tickets.models import (
    ticket,
    ticket_entry,
    ticket_file,
    ticket_mail,
    ticket_page,
)
from schoolops.tickets.sla import WARN_AT, Clock, warnings
from schoolops.tickets.suggesting import TICKET, forget_words
from schoolops.tickets.telling import LATE
from schoolops.tickets.thread import ACTIVE, Clocks, clocks

DAY = 86_400_000_000
AFTER_CLOSING_US = 90 * DAY
"""So long photos and the pages of reporters are kept after a ticket was closed."""
AT_ONCE = 500
SOON_US = 60_000_000
"""A clock that stands still is looked at again after so long; whoever lets it run says so."""
HOLD_NAMES = ("assigned", "message", "note")
"""Entries in whose data people or their files can be named."""
c, e = ticket.c, ticket_entry.c


# -- promises ------------------------------------------------------------------------------------


def watch_promises(store: Store) -> None:
    """Tell of each promise that is half, four fifths or wholly used up.

    Lesson time passes no faster than time: a ticket is looked at again when the next share can be
    reached at the earliest, or something has happened in it (`look_at` is 0).
    """
    with store.read() as connection:
        due = connection.execute(_due(store.clock.now())).all()
    if not due:
        return
    with store.write() as unit:
        rows = unit.connection.execute(
            _due(unit.now).where(c.id.in_([row.id for row in due])).with_for_update()
        ).all()
        times = lesson_times(unit.connection, {row.school_id for row in rows})
        states = _states_of(unit, [row.id for row in rows])
        for row in rows:
            _watch(unit, row, clocks(row, states[row.id], times[row.school_id], unit.now))


def _due(now: int) -> Any:
    return (
        select(ticket)
        .where(
            c.state.in_(ACTIVE), c.look_at <= now, c.joined_to.is_(None),
            c.school_id.is_not(None), c.priority != "P4",
        )
        .order_by(c.look_at)
        .limit(AT_ONCE)
    )  # fmt: skip


def _states_of(unit: UnitOfWork, ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    rows = unit.connection.execute(
        select(ticket_entry).where(e.ticket_id.in_(list(ids)), e.what == "state").order_by(e.id)
    )
    for row in rows:
        found[row.ticket_id].append(row)
    return found


def _watch(unit: UnitOfWork, row: Row[Any], found: Clocks) -> None:
    open_ = {name: one for name, one in found._asdict().items() if one.state not in ("none", "met")}
    reached = max((share for one in open_.values() for share in warnings(one)), default=0.0)
    percent = round(100 * reached)
    again = min((_again(one, percent) for one in open_.values()), default=DAY)
    values: dict[str, Any] = {"look_at": unit.now + max(again, SOON_US)}
    if percent > row.told_share:
        values["told_share"] = percent
        late = max(open_, key=lambda name: open_[name].share)
        _tell(unit, row, late, open_[late], percent)
    unit.connection.execute(update(ticket).where(c.id == row.id).values(values))


def _again(clock: Clock, told: int) -> int:
    """Micros until the next share can be reached at the earliest."""
    left = [share * clock.budget_s - clock.used_s for share in WARN_AT if round(100 * share) > told]
    return round(min((one for one in left if one > 0), default=86_400.0) * 1e6)


def _tell(unit: UnitOfWork, row: Row[Any], promise: str, clock: Clock, percent: int) -> None:
    desk = unit.store.settings.alerts.mail_to
    people = receivers.person(unit.connection, row.assigned_to) if row.assigned_to else []
    to = people if people and percent < 80 else [*people, *desk]
    due = round(clock.due * 1e6) if clock.due is not None else 0
    values = {"number": row.id, "title": row.title, "percent": percent, "promise": promise,
              "due": due, "priority": row.priority, "assigned_to": row.assigned_to}  # fmt: skip
    count = notify.post(unit, LATE, to, values)
    write_entry(unit, row, "promise", data={"promise": promise, "percent": percent, "told": count})


# -- ends ----------------------------------------------------------------------------------------


def close_old(store: Store) -> None:
    """Close what was solved some days ago, and of which nobody said that it does not work."""
    with store.write() as unit:
        before = unit.now - store.settings.tickets.close_after_days * DAY
        for row in unit.connection.execute(
            select(ticket).where(c.state == "solved", c.solved_at <= before).limit(AT_ONCE)
        ).all():
            set_state(unit, row, "closed")


def forget_people(store: Store) -> None:
    """Take out of old closed tickets whom they were about, and all that was written: what is left
    counts, and names nobody."""
    with store.write() as unit:
        before = unit.now - store.settings.tickets.forget_after_days * DAY
        rows = unit.connection.execute(
            select(c.id, c.category)
            .where(c.state == "closed", c.closed_at <= before, c.anonymous.is_(False))
            .limit(AT_ONCE)
        ).all()
        ids = [row.id for row in rows]
        for category, label in TICKET_CATEGORIES.items():
            of = [row.id for row in rows if row.category == category]
            unit.connection.execute(
                update(ticket)
                .where(c.id.in_(of))
                .values(
                    reporter="", reporter_name="", reporter_mail="", title=label, assigned_to="",
                    form_key=None, anonymous=True,
                )
            )  # fmt: skip
        forget_words(unit, TICKET, ids)
        unit.connection.execute(
            update(ticket_entry).where(e.ticket_id.in_(ids)).values(text="", by="")
        )
        unit.connection.execute(
            update(ticket_entry)
            .where(e.ticket_id.in_(ids), e.what.in_(HOLD_NAMES))
            .values(data=json.dumps({}))
        )
        unit.connection.execute(delete(ticket_file).where(ticket_file.c.ticket_id.in_(ids)))
        # Ids are kept: a late answer still finds its ticket.
        unit.connection.execute(
            update(ticket_mail)
            .where(ticket_mail.c.ticket_id.in_(ids))
            .values(address="", name="", topic="", subject="", parties="[]", text="", raw=None)
        )


def forget_closed(store: Store) -> None:
    """Delete photos, and the pages of reporters, of tickets that were closed long ago."""
    f, p = ticket_file.c, ticket_page.c
    with store.write() as unit:
        old = select(c.id).where(c.state == "closed", c.closed_at < unit.now - AFTER_CLOSING_US)
        unit.connection.execute(
            delete(ticket_file).where(f.ticket_id.in_(old), f.type.like("image/%"))
        )
        unit.connection.execute(delete(ticket_page).where(p.ticket_id.in_(old)))
