"""What watching a store keeps in memory: rules, calendars, maintenance, whether it heard.

Kept for seconds to minutes, and read again: a rule, a holiday or a maintenance window that somebody
enters counts soon, without a restart, in every server process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, select

from inventory.sentences import Sentence
from schoolops.alerts.models import maintenance
from schoolops.alerts.reading import OwnFile, Rule, city_folder, load
from schoolops.alerts.spans import Span, covers, span_of
from schoolops.calendar.repository import lesson_times
from schoolops.calendar.times import LessonTime
from schoolops.core.zone import local_zone
from schoolops.db.engine import Store

log = logging.getLogger("schoolops.alerts")

LEAD_S = 30 * 60
"""Lesson time begins so long before the first lesson: somebody can still act."""
CALENDAR_US = 300_000_000
MAINTENANCE_US = 5_000_000
RULES_US = 5_000_000
PAUSE_US = 30_000_000
"""A server that did not look for so long has slept, or could not read: it has heard nobody."""
DEAF_INTERVALS = 2.5
"""Intervals of the agents that it then listens before silence means anything."""


class Hold:
    """A maintenance window in force: of a room, a school, or (both None) of all."""

    __slots__ = ("room_id", "school_id", "span")

    def __init__(self, row: Any) -> None:
        self.school_id, self.room_id = row.school_id, row.room_id
        self.span: Span = span_of(row)


class Knowledge:
    """Of one store; thread safe."""

    def __init__(self, store: Store) -> None:
        # Not the store itself: this is kept for as long as the store is.
        self._home, self._interval_s = store.settings.home, store.settings.agent.interval_s
        self._lock = threading.Lock()
        self._calendars: dict[int, tuple[int, LessonTime]] = {}
        self._holds: tuple[int, list[Hold]] | None = None
        self._rules: tuple[int, Any, dict[str, Rule]] | None = None
        self._looked_at: int | None = None
        self._deaf_until = 0
        self._files: dict[str, OwnFile] = {}
        self.problems: list[Sentence] = []
        """Why files of the city's own rules are not in force."""

    # -- rules ---------------------------------------------------------------------------------

    def rules(self, now: int) -> dict[str, Rule]:
        """The rules in force. Of a wrong file of the city: those that it had when it was right."""
        with self._lock:
            if self._rules is not None and self._rules[0] > now - RULES_US:
                return self._rules[2]
            stamp = _stamp(city_folder(self._home))
            if self._rules is not None and self._rules[1] == stamp:
                self._rules = (now, stamp, self._rules[2])
                return self._rules[2]
            found, self._files, self.problems = load(self._home, self._files)
            for problem in self.problems:
                log.warning("rules of the city are not in force: %s", problem)
            self._rules = (now, stamp, found)
            return found

    # -- times ---------------------------------------------------------------------------------

    def is_lesson_time(self, connection: Connection, school_id: int, now: int) -> bool:
        """Whether there are lessons, or will be within the lead."""
        times = self._calendar(connection, school_id, now)
        return times.within(now / 1e6) or times.within(now / 1e6 + LEAD_S)

    def _calendar(self, connection: Connection, school_id: int, now: int) -> LessonTime:
        with self._lock:
            known = self._calendars.get(school_id)
        if known is None or not now - CALENDAR_US < known[0] <= now:
            found = lesson_times(connection, [school_id])[school_id]
            with self._lock:
                self._calendars[school_id] = known = (now, found)
        return known[1]

    def is_held(
        self, connection: Connection, now: int, school_id: int, room_id: int | None = None
    ) -> bool:
        """Whether alerts about that place are held for maintenance."""
        zone = local_zone()
        return any(
            hold.school_id in (None, school_id)
            and hold.room_id in (None, room_id)
            and covers(hold.span, now, zone)
            for hold in self._maintenance(connection, now)
        )

    def _maintenance(self, connection: Connection, now: int) -> Iterable[Hold]:
        with self._lock:
            known = self._holds
        if known is None or not now - MAINTENANCE_US < known[0] <= now:
            rows = connection.execute(
                select(maintenance).where(
                    maintenance.c.ends_at > now, maintenance.c.kind == "maintenance"
                )
            )
            known = (now, [Hold(row) for row in rows])
            with self._lock:
                self._holds = known
        return known[1]

    # -- hearing -------------------------------------------------------------------------------

    def looked(self, now: int) -> None:
        """The store was looked through now. After a pause silence means nothing for a while."""
        with self._lock:
            last, self._looked_at = self._looked_at, now
            if last is None or not 0 <= now - last <= PAUSE_US:
                self._deaf_until = now + round(self._interval_s * DEAF_INTERVALS * 1e6)

    def hears(self, now: int) -> bool:
        """Whether an agent that has not reported is silent, and it is not the server that was."""
        return self._looked_at is not None and now >= self._deaf_until


def _stamp(folder: Any) -> Any:
    try:
        return sorted(
            (path.name, found.st_mtime_ns, found.st_size)
            for path in folder.glob("*.yaml")
            if (found := path.stat())
        )
    except OSError:
        return time.monotonic()


_known: WeakKeyDictionary[Store, Knowledge] = WeakKeyDictionary()
_known_lock = threading.Lock()


def knowledge(store: Store) -> Knowledge:
    """What is known of a store."""
    with _known_lock:
        found = _known.get(store)
        if found is None:
            found = _known[store] = Knowledge(store)
        return found
