"""What can be said and done in a ticket, and what follows from it for the promises: pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from schoolops.calendar.times import LessonTime
from schoolops.tickets.sla import NO_CLOCK, PROMISES, Clock, Promise, Spell, reckon

SIDES = ("reporter", "staff", "vendor", "system")
ENTRIES = (
    "opened", "message", "note", "state", "priority", "assigned", "incident", "joined", "linked",
    "loaner", "update", "promise",
)  # fmt: skip
"""Words of `ticket_entry.what`. A message or update is read by the reporter, a note is not."""

STATES = ("new", "open", "waiting", "solved", "closed")
ACTIVE = ("new", "open", "waiting")
"""States in which somebody still has to do something."""
MAIL_STATES = ("opened", "filed", "automatic", "quarantine", "dropped", "sent")
"""What became of a mail: it opened a ticket, was filed on one, is a machine's (on a ticket or on
none), waits for somebody who works on tickets, was put away by one; or it is ours."""
WAITS_FOR = ("school", "vendor")
"""Whom a ticket can wait for: for nobody else do its clocks stand still."""


class Clocks(NamedTuple):
    """How the three promises of a ticket stand."""

    acknowledge: Clock = NO_CLOCK
    workaround: Clock = NO_CLOCK
    fix: Clock = NO_CLOCK

    @property
    def next(self) -> Clock:
        """The one that is to be kept next: what was promised first and is not kept yet."""
        open_ = [one for one in self if one.state in ("running", "waiting", "missed") and one.due]
        still = [one for one in open_ if one.state != "missed"] or open_
        return min(still, key=lambda one: one.due or 0.0, default=NO_CLOCK)


def still_spells(entries: Iterable[Any], now: float) -> list[Spell]:
    """When a ticket waited for school or vendor, or counted as solved; seconds. From its entries of
    state, oldest first; one that lasts ends never."""
    found: list[Spell] = []
    since: float | None = None
    for entry in entries:
        if entry.what != "state":
            continue
        state = json.loads(entry.data).get("to", "")
        stands = state in ("waiting", "solved", "closed")
        at = entry.at / 1e6
        if stands and since is None:
            since = at
        elif not stands and since is not None:
            found.append((since, at))
            since = None
    if since is not None:
        found.append((since, max(now, since) + 4e8))
    return found


def clocks(row: Any, entries: Iterable[Any], times: LessonTime, now_us: int) -> Clocks:
    """The promises of a ticket (a row of `ticket`) now. Of what belongs to no school, none."""
    promise: Promise = PROMISES.get(row.priority, Promise())
    if promise == Promise() or row.joined_to is not None:
        return Clocks()
    now, opened = now_us / 1e6, row.opened_at / 1e6
    still = still_spells(entries, now)

    def of(target: Any, kept_at: int | None) -> Clock:
        stopped = kept_at / 1e6 if kept_at is not None else None
        return reckon(times, opened, stopped, still, target, now)

    done = row.solved_at if row.state in ("solved", "closed") else None
    first = min((at for at in (row.answered_at, done) if at is not None), default=None)
    bypassed = min((at for at in (row.bypassed_at, done) if at is not None), default=None)
    return Clocks(
        of(promise.acknowledge, first),
        of(promise.workaround, bypassed),
        of(promise.fix, done),
    )
