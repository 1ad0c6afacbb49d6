"""What people do with incidents, maintenance and the on-call plan."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from inventory.kinds import KINDS
from inventory.sentences import say, wire
from schoolops.alerts import repository, schemas
from schoolops.alerts.incidents import note, settle
from schoolops.alerts.knowing import knowledge
from schoolops.alerts.models import alert, incident, maintenance, on_call
from schoolops.alerts.reading import Rule, read
from schoolops.alerts.rehearsal import rehearse
from schoolops.alerts.spans import FOREVER, read_every
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Forbidden, Invalid, NotFound
from schoolops.core.ids import uuid7
from schoolops.core.permissions import ESTATE_READ, INCIDENTS_WRITE, Actor
from schoolops.db.access import outside, require, require_everywhere
from schoolops.db.engine import Store, UnitOfWork
from schoolops.estate.repository import Estate
from schoolops.identity import receivers
from schoolops.notify.addresses import masked, usable

HOUR = 3_600_000_000
LONGEST_MAINTENANCE_DAYS = 366


def acknowledge(unit: UnitOfWork, uid: str) -> None:
    """Say that somebody has seen it; whoever did first stays named."""
    row = _workable(unit, uid)
    if row.acknowledged_by:
        return
    _change(unit, row, acknowledged_by=unit.actor.name, acknowledged_at=unit.now)
    note(unit, row.id, "acknowledged")
    _audit(unit, "acknowledge incident", row)


def claim(unit: UnitOfWork, uid: str) -> None:
    """Take it; one person alone has it."""
    row = _workable(unit, uid)
    if row.claimed_by == unit.actor.name:
        return
    if row.claimed_by:
        raise Conflict(
            say(
                "{name} has taken this incident; ask whether it is handed over", name=row.claimed_by
            ),
            code="incident.claimed",
        )
    seen = {} if row.acknowledged_by else {
        "acknowledged_by": unit.actor.name, "acknowledged_at": unit.now
    }  # fmt: skip
    _change(unit, row, claimed_by=unit.actor.name, claimed_at=unit.now, **seen)
    note(unit, row.id, "claimed")
    _audit(unit, "claim incident", row)


def release(unit: UnitOfWork, uid: str) -> None:
    """Give it back; whoever may work on it may also take it from somebody who is away."""
    row = _workable(unit, uid)
    if not row.claimed_by:
        return
    _change(unit, row, claimed_by="", claimed_at=None)
    note(unit, row.id, "released", "" if row.claimed_by == unit.actor.name else row.claimed_by)
    _audit(unit, "release incident", row)


def close(unit: UnitOfWork, uid: str, text: str) -> None:
    """End it by hand, where nobody reports any more whether it is over. If it is not, it begins
    again with the next report, as the same incident."""
    row = _workable(unit, uid)
    if not text.strip():
        raise Invalid(say("say why it is over: others will read it"))
    a = alert.c
    unit.connection.execute(
        update(alert)
        .where(a.incident_id == row.id, a.ended_at.is_(None))
        .values(state="ended", ended_at=unit.now)
    )
    unit.connection.execute(
        update(incident).where(incident.c.id == row.id).values(flapping=False, quiet_at=None)
    )
    note(unit, row.id, "note", text.strip())
    settle(unit, row.id)
    _audit(unit, "close incident", row)


def write_note(unit: UnitOfWork, uid: str, text: str) -> None:
    """Write down what was found out or done."""
    row = repository.find(unit.connection, unit.actor, uid, INCIDENTS_WRITE)
    if not text.strip():
        raise Invalid(say("a note wants some words"))
    note(unit, row.id, "note", text.strip())
    unit.announce("incident", row.uid, row.school_id)
    _audit(unit, "note incident", row)


def _workable(unit: UnitOfWork, uid: str) -> Row[Any]:
    row = repository.find(unit.connection, unit.actor, uid, INCIDENTS_WRITE)
    if row.closed_at is not None:
        raise Conflict(say("this incident is over"), code="incident.closed")
    return row


def _change(unit: UnitOfWork, row: Row[Any], **values: Any) -> None:
    unit.connection.execute(update(incident).where(incident.c.id == row.id).values(values))
    unit.announce("incident", row.uid, row.school_id)


def _audit(unit: UnitOfWork, action: str, row: Row[Any]) -> None:
    unit.audit(action, "incident", row.uid, row.school_id, {"title": row.title})


# -- maintenance and on call ----------------------------------------------------------------------


def plan_window(unit: UnitOfWork, new: schemas.NewWindow) -> dict[str, str]:
    """Hold alerts, or freeze changes, at one school or (city-wide rights) at all."""
    school = room = None
    if new.school is None:
        require_everywhere(unit.actor, INCIDENTS_WRITE)
        if new.room:
            raise Invalid(say("a room belongs to a school; say which"))
    else:
        school = _writable_school(unit, new.school)
        if new.room:
            key = new.room if "/" in new.room else f"{school.key}/{new.room}"
            room = Estate(unit.connection, unit.actor, unit.now).find(KINDS["room"], key)
            if room.school_id != school.id:
                raise Invalid(
                    say("{field} {key} belongs to another school", field=say("Room"), key=room.key)
                )
    values = _times(unit, new.begins, new.ends, new.every)
    lasts = values["ends_at"] - values["begins_at"]
    if not new.every and lasts > LONGEST_MAINTENANCE_DAYS * 24 * HOUR:
        raise Invalid(say("it lasts at most {count} days", count=LONGEST_MAINTENANCE_DAYS))
    uid = uuid7()
    values |= {
        "uid": uid,
        "kind": new.kind,
        "school_id": school.id if school else None,
        "room_id": room.id if room else None,
        "reason": " ".join(new.reason.split()),
        "by": unit.actor.name,
        "at": unit.now,
    }
    unit.connection.execute(insert(maintenance), values)
    _told(unit, "plan maintenance", "window", uid, values["school_id"], values)
    return {"id": uid}


def end_window(unit: UnitOfWork, uid: str) -> None:
    """End it now; one that has not begun is gone. What was stays in the list."""
    row = unit.connection.execute(
        select(maintenance).where(maintenance.c.uid == uid)
    ).one_or_none()  # fmt: skip
    if row is None or not repository.sees(unit.connection, unit.actor, row.school_id):
        raise NotFound(say("there is no maintenance window {id!r}", id=uid))
    if row.school_id is None:
        require_everywhere(unit.actor, INCIDENTS_WRITE)
    else:
        _require_at(unit, row.school_id)
    _end(unit, maintenance, row)
    _told(unit, "end maintenance", "window", uid, row.school_id, {"reason": row.reason})


def plan_on_call(unit: UnitOfWork, new: schemas.NewOnCall) -> dict[str, str]:
    """Enter who is told of incidents, and when."""
    require_everywhere(unit.actor, INCIDENTS_WRITE)
    username = _who_can_be_told(unit, new.username)
    values = _times(unit, new.begins, new.ends, new.every)
    uid = uuid7()
    values |= {"uid": uid, "username": username, "level": new.level,
               "authority": new.authority, "by": unit.actor.name, "at": unit.now}  # fmt: skip
    unit.connection.execute(insert(on_call), values)
    _told(unit, "plan on-call", "on-call", uid, None, values)
    return {"id": uid}


def _who_can_be_told(unit: UnitOfWork, given: str) -> str:
    """The user name of somebody who has signed in, or a mail address."""
    row = receivers.account_of(unit.connection, given.strip())
    if row is not None and row.email:
        return str(row.username)
    if row is not None:
        raise Invalid(
            say("no mail address of {name!r} is known; enter the address itself", name=given)
        )
    if "@" not in given:
        raise NotFound(
            say("nobody called {name!r} has signed in here yet; "
                "a mail address can be entered too", name=given),
            code="account.unknown",
        )  # fmt: skip
    address = usable(given)
    if address is None:
        raise Invalid(
            say("no mail can go to {address!r}; write it as name@city.example", address=given)
        )
    return address


def end_on_call(unit: UnitOfWork, uid: str) -> None:
    """End it now; one that has not begun is gone."""
    require_everywhere(unit.actor, INCIDENTS_WRITE)
    row = unit.connection.execute(select(on_call).where(on_call.c.uid == uid)).one_or_none()
    if row is None:
        raise NotFound(say("there is no on-call time {id!r}", id=uid))
    _end(unit, on_call, row)
    _told(unit, "end on-call", "on-call", uid, None, {"username": row.username})


def _end(unit: UnitOfWork, table: Any, row: Row[Any]) -> None:
    here = table.c.id == row.id
    if row.begins_at >= unit.now:
        unit.connection.execute(delete(table).where(here))
    elif row.ends_at > unit.now:
        unit.connection.execute(update(table).where(here).values(ends_at=unit.now))


def _times(
    unit: UnitOfWork, begins: dt.datetime | None, ends: dt.datetime | None, every: str
) -> dict[str, Any]:
    """The columns of a span."""
    since = _micros(begins) if begins else unit.now
    until = _micros(ends) if ends else (FOREVER if every else 0)
    if not until:
        raise Invalid(say("say until when, or on which days every week"))
    if until <= since:
        raise Invalid(say("the end is not after the begin"))
    if until <= unit.now:
        raise Invalid(say("that time is over"))
    weekdays, first, last = "", 0, 1440
    if every:
        try:
            weekdays, first, last = read_every(every)
        except ValueError as error:
            raise Invalid(error.args[0]) from None
    return {
        "begins_at": since,
        "ends_at": until,
        "weekdays": weekdays,
        "begin_minute": first,
        "end_minute": last,
        "every": every.strip(),
    }


def _micros(given: dt.datetime) -> int:
    if given.tzinfo is None:
        raise Invalid(say("a time needs its zone, such as 2026-12-01T22:00:00+01:00"))
    if not 2000 <= given.year <= 2100:
        raise Invalid(say("the calendar goes from {first} to {last}", first=2000, last=2100))
    return round(given.timestamp() * 1_000_000)


def _told(
    unit: UnitOfWork, action: str, kind: str, uid: str, school_id: int | None, values: Any
) -> None:
    keep = ("kind", "username", "level", "authority", "every", "reason")
    detail = {name: values[name] for name in keep if values.get(name)}
    if "@" in detail.get("username", ""):
        detail["username"] = masked(detail["username"])  # the audit is kept for years
    for name in ("begins_at", "ends_at"):
        if name in values:
            detail[name.removesuffix("_at")] = to_iso(values[name])
    unit.audit(action, kind, uid, school_id, detail)
    unit.announce(kind, uid, school_id)


def _writable_school(unit: UnitOfWork, number: str) -> Row[Any]:
    require(unit.actor, INCIDENTS_WRITE)
    row = Estate(unit.connection, unit.actor, unit.now).find(KINDS["school"], number)
    if not unit.actor.scope(INCIDENTS_WRITE).covers(row.number, row.authority):
        raise Forbidden(outside(unit.actor, INCIDENTS_WRITE))
    return row


def _require_at(unit: UnitOfWork, school_id: int) -> None:
    require(unit.actor, INCIDENTS_WRITE)
    if not repository.sees(unit.connection, unit.actor, school_id, INCIDENTS_WRITE):
        raise Forbidden(outside(unit.actor, INCIDENTS_WRITE))


# -- rules ---------------------------------------------------------------------------------------


def rules_in_force(store: Store, actor: Actor) -> dict[str, Any]:
    """The rules, where each comes from, and how often each fires now at the actor's schools."""
    require(actor, ESTATE_READ)
    known = knowledge(store)
    rules = known.rules(store.clock.now())
    with store.read(actor) as connection:
        firing = repository.firing_by_rule(connection, actor)
    return {
        "rules": [_said(rule, firing.get(rule.id, 0)) for rule in rules.values()],
        "problem": "; ".join(known.problems),
        "problems": [{"text": str(one), **wire(one)} for one in known.problems],
    }


def _said(rule: Rule, firing: int) -> dict[str, Any]:
    return {
        "id": rule.id,
        "about": rule.about,
        "kinds": sorted(rule.kinds),
        "when": rule.when.text,
        "until": rule.until.text if rule.until else "",
        "outage": rule.outage,
        "hours": rule.hours,
        "for_lessons_s": rule.holds.lessons,
        "for_otherwise_s": rule.holds.otherwise,
        "severity_lessons": rule.severity_lessons,
        "severity_otherwise": rule.severity_otherwise,
        "text": rule.text["en"],
        "text_de": rule.text["de"],
        "source": rule.source,
        "open_alerts": firing,
    }


def try_rules(store: Store, actor: Actor, wanted: schemas.Rehearsal) -> dict[str, Any]:
    """What rules would have done with the last hours of a school."""
    require(actor, ESTATE_READ)
    now = store.clock.now()
    rules = (
        read(wanted.rules, "rules", set())
        if wanted.rules.strip()
        else list(knowledge(store).rules(now).values())
    )
    since = now - wanted.hours * HOUR
    with store.read(actor) as connection:
        school = Estate(connection, actor, now).find(KINDS["school"], wanted.school)
        found = rehearse(connection, store.settings.agent, school.id, rules, since, now)
    return {
        "school": school.number,
        "since": to_iso(since),
        "until": to_iso(now),
        "alerts": [
            {
                "rule": one.rule.id,
                "kind": one.subject.kind,
                "subject": one.subject.name,
                "severity": one.severity,
                "text": one.text,
                "since": to_iso(one.since),
                "fired": to_iso(one.fired),
                "until": to_iso(one.ended),
                "devices": one.silent,
            }
            for one in found
        ],
    }
