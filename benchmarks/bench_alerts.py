"""A school week: is anybody woken for nothing, and how soon is a real fault named?

    python benchmarks/bench_alerts.py         one JSON object a line

Monday to Sunday, minute by minute, on a simulated clock, at four schools: access points restart in
lessons, routers at night, a probe is lost now and then, a school delivers late what it kept for ten
minutes, a switch gets new firmware in its maintenance window, a public holiday and a weekend pass.
Four faults are real. What counts: incidents that are none of them, and the time from a fault to its
incident with the right name, seen by the reports of each minute and the server's looks of each five
seconds around a fault (of twenty otherwise). No peer knows lesson times or dependencies, so none
stands beside it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from inventory.kinds import KINDS

COMMAND = "python benchmarks/bench_alerts.py"
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = dt.datetime(2026, 9, 28, tzinfo=BERLIN)  # Saturday of this week is a public holiday
MINUTES = 7 * 24 * 60
LATE_LIMIT_S = 90
INTERVAL_S = 60
"""The simulated faults come just before a report; the worst comes just after one."""


def minute(day: int, clock: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    return day * 1440 + hours * 60 + minutes


class Week:
    """What happens, by the minute of the week."""

    def __init__(self, town: Any) -> None:
        self.town = town
        self.plan: dict[int, list[Any]] = {}
        self.faults: dict[str, tuple[int, str]] = {}
        first, second, third, fourth = town.numbers
        for day in range(7):
            for number, at in zip(town.numbers, ("09:13", "10:41", "11:02", "12:27"), strict=True):
                self.outage(minute(day, at), 2, number, "AP1")
                self.lost_probe(minute(day, at) + 20, number)
            self.silence(minute(day, "03:10"), 2, second)  # its router restarts
            self.silence(minute(day, "02:00"), 10, third)  # and reports late what it kept
        self.outage(minute(1, "16:30"), 12, fourth, "SW", "AP1", "AP2", "AP3")  # maintenance
        self.fault("a switch loses power in lessons", 2, "10:05", 20, first, "SW does not answer")
        self.fault("a line is cut in lessons", 3, "08:30", 45, second,
                   "no report from the school: line, power or agent")  # fmt: skip
        self.fault("both access points of a room fail", 1, "11:15", 30, third,
                   "room 1.01 has no WLAN")  # fmt: skip
        self.fault("a line is cut at night", 4, "01:00", 60, fourth,
                   "no report from the school: line, power or agent")  # fmt: skip

    def at(self, when: int, what: Any) -> None:
        self.plan.setdefault(when, []).append(what)

    def outage(self, when: int, minutes: int, number: str, *names: str) -> None:
        self.at(when, lambda: self.town.down(*names, number=number))
        self.at(when + minutes, lambda: self.town.up(*names, number=number))

    def lost_probe(self, when: int, number: str) -> None:
        say = self.town.say
        self.at(when, lambda: say("uplink", "line1", number, reachable=True, loss_percent=20.0))
        self.at(when + 1, lambda: say("uplink", "line1", number, reachable=True, loss_percent=0.0))

    def silence(self, when: int, minutes: int, number: str) -> None:
        self.at(when, lambda: self.town.cut.add(number))
        self.at(when + minutes, lambda: self.town.cut.discard(number))

    def fault(self, name: str, day: int, at: str, minutes: int, number: str, title: str) -> None:
        when = minute(day, at)
        self.faults[name] = (when, title)
        if "line" in name:
            self.silence(when, minutes, number)
        elif "switch" in name:
            self.outage(when, minutes, number, "SW", "AP1", "AP2", "AP3")
        else:
            self.outage(when, minutes, number, "AP1", "AP2")


def main() -> int:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    memory = Path("/dev/shm")  # a disk has nothing to do with it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as home:
        os.environ["SCHOOLOPS_HOME"] = home
        from schoolops import migrations
        from schoolops.alerts import schemas, service, tasks
        from schoolops.core.clock import FixedClock
        from schoolops.core.settings import load_settings
        from schoolops.db.engine import Store
        from tests.alerts.town import ADMIN, Town

        settings = load_settings()
        migrations.prepare(settings)
        clock = FixedClock()
        store = Store.open(settings, clock)
        town = Town(store, clock, 4, "Telekom", "Vodafone", "NetCologne", "Deutsche Glasfaser")
        assert KINDS["incident"]
        week = Week(town)
        clock.value = round(MONDAY.timestamp() * 1e6)
        town.minutes(4)
        begin = MONDAY + dt.timedelta(days=1, hours=16)
        with store.write(ADMIN) as unit:
            service.plan_window(
                unit,
                schemas.NewWindow(school=town.numbers[3], reason="firmware", begins=begin,
                                  ends=begin + dt.timedelta(hours=2)),
            )  # fmt: skip
        clock.value = round(MONDAY.timestamp() * 1e6)
        for now in range(MINUTES):
            for what in week.plan.get(now, ()):
                what()
            town.report()
            near = any(now - when in (0, 1, 2, 3) for when, _ in week.faults.values())
            for _ in range(12 if near else 3):
                clock.advance(5 if near else 20)
                tasks.watch(store)
            clock.value = round(MONDAY.timestamp() * 1e6) + (now + 1) * 60_000_000
        incidents = town.incidents(everything=True)
        store.close()
    named: dict[str, float | None] = {}
    for name, (when, title) in week.faults.items():
        at = round(MONDAY.timestamp() * 1e6) + when * 60_000_000
        found = [one for one in incidents if one.title == title and 0 <= one.opened_at - at < 3.6e9]
        named[name] = (found[0].opened_at - at) / 1e6 if found else None
    print(json.dumps({
        "bar": "incidents of a school week that were no fault (four faults, 60 that are none)",
        "figure": len(incidents) - sum(1 for seconds in named.values() if seconds is not None),
        "unit": "incidents", "limit": 0, "peer": {}, "command": COMMAND,
        "detail": [{"name": one.title, "seconds": one.severity} for one in incidents],
    }))  # fmt: skip
    cut = [named[name] for name in named if "in lessons" in name]
    print(json.dumps({
        "bar": "from a switch without power or a line cut in lessons to the right incident, at "
        "worst",
        "figure": max(999.0 if seconds is None else INTERVAL_S + seconds for seconds in cut),
        "unit": "s",
        "limit": LATE_LIMIT_S, "peer": {}, "command": COMMAND,
        "detail": [{"name": name, "seconds": seconds} for name, seconds in named.items()],
    }))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
