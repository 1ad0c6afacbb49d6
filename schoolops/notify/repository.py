"""Every query of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from schoolops.db.engine import UnitOfWork
from schoolops.notify.models import mail

SECOND = 1_000_000
HOUR = 3600 * SECOND
PAUSES_S = (60, 300, 900, 1800)
"""Seconds before the second, third, … try; later ones come hourly."""
LAST_PAUSE_S = 3600
STATES = ("waiting", "sent", "failed", "late")

WAITS = mail.c.state == "waiting"


def is_due(connection: Connection, now: int) -> bool:
    """Whether there is something to send."""
    found = connection.execute(select(mail.c.id).where(WAITS, mail.c.due_at <= now).limit(1))
    return found.first() is not None


def give_up(unit: UnitOfWork) -> int:
    """End what nobody needs any more, and what was tried for too long; how many failed."""
    due = and_(WAITS, mail.c.due_at <= unit.now)
    unit.connection.execute(
        update(mail).where(due, mail.c.until_at <= unit.now).values(state="late", ended_at=unit.now)
    )
    # What was never tried is tried once, however long the server was off.
    old = and_(mail.c.give_up_at <= unit.now, mail.c.attempts > 0)
    return unit.connection.execute(
        update(mail).where(due, old).values(state="failed", ended_at=unit.now)
    ).rowcount


def claim(unit: UnitOfWork, for_micros: int) -> Row[Any] | None:
    """Take the mail that waits longest, so that no other worker tries it for so long.

    Whoever dies with it leaves it to be tried again after that.
    """
    row = unit.connection.execute(
        select(mail)
        .where(WAITS, mail.c.due_at <= unit.now)
        .order_by(mail.c.due_at, mail.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is not None:
        unit.connection.execute(
            update(mail)
            .where(mail.c.id == row.id)
            .values(
                attempts=row.attempts + 1,
                due_at=unit.now + for_micros,
                claimed_until=unit.now + for_micros,
            )
        )
    return row


def note_sent(unit: UnitOfWork, row: Row[Any]) -> None:
    unit.connection.execute(
        update(mail)
        .where(mail.c.id == row.id)
        .values(state="sent", ended_at=unit.now, claimed_until=None, error="")
    )


def note_failed(unit: UnitOfWork, row: Row[Any], error: str) -> None:
    """The mail will not be tried again by itself."""
    unit.connection.execute(
        update(mail)
        .where(mail.c.id == row.id, WAITS)
        .values(state="failed", ended_at=unit.now, claimed_until=None, error=error)
    )


def note_delayed(unit: UnitOfWork, row: Row[Any], error: str) -> None:
    """Try the claimed mail again after its pause; if it is ours still."""
    ours = and_(mail.c.id == row.id, WAITS, mail.c.attempts == row.attempts + 1)
    unit.connection.execute(
        update(mail)
        .where(ours)
        .values(due_at=_now(unit) + _pause(1), claimed_until=None, error=error)
    )


def put_off(unit: UnitOfWork, error: str) -> int:
    """Let everything that is due wait for its pause: the mail server cannot be used."""
    return unit.connection.execute(
        update(mail)
        .where(WAITS, mail.c.due_at <= unit.now)
        .values(attempts=mail.c.attempts + 1, due_at=_now(unit) + _pause(0), error=error)
    ).rowcount


def _pause(done: int) -> ColumnElement[int]:
    """Microseconds to wait, by the tries before; `done`: 1 if `attempts` counts this one."""

    def micros(seconds: int) -> ColumnElement[int]:
        return literal(seconds * SECOND, BigInteger)

    steps = [(mail.c.attempts == n + done, micros(s)) for n, s in enumerate(PAUSES_S)]
    return case(*steps, else_=micros(LAST_PAUSE_S))


def _now(unit: UnitOfWork) -> ColumnElement[int]:
    return literal(unit.now, BigInteger)


def bring_back(unit: UnitOfWork, uids: Sequence[str], give_up_at: int) -> int:
    """Try failed and waiting mails now; all of them when no ids are given.

    What a worker is trying at this moment is left to it.
    """
    again = or_(mail.c.state == "failed", WAITS)
    free = or_(mail.c.claimed_until.is_(None), mail.c.claimed_until <= unit.now)
    wanted = or_(mail.c.until_at.is_(None), mail.c.until_at > unit.now)
    which = [mail.c.uid.in_(uids)] if uids else []
    return unit.connection.execute(
        update(mail)
        .where(again, free, wanted, *which)
        .values(state="waiting", due_at=unit.now, give_up_at=give_up_at, ended_at=None, attempts=0)
    ).rowcount


def forget(unit: UnitOfWork, days: float) -> int:
    """Delete what was sent or given up so long ago."""
    before = unit.now - round(days * 24 * HOUR)
    return unit.connection.execute(
        delete(mail).where(mail.c.state != "waiting", mail.c.ended_at < before)
    ).rowcount


def counts(connection: Connection) -> dict[str, int]:
    """State → how many."""
    number = func.count().label("number")
    rows = connection.execute(select(mail.c.state, number).group_by(mail.c.state))
    return dict.fromkeys(STATES, 0) | {row.state: row.number for row in rows}


def latest(connection: Connection, state: str, limit: int) -> Sequence[Row[Any]]:
    """Mails, the newest first; those of one state, or '' for all."""
    found = select(mail).order_by(mail.c.id.desc()).limit(limit)
    return connection.execute(found.where(mail.c.state == state) if state else found).all()
