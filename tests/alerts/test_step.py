"""A rule on a subject through time."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schoolops.alerts.engine import FIRING, PENDING, Moment, Seen, Watch, step
from schoolops.alerts.reading import read

MINUTE = 60_000_000
(LOSSY,) = read(
    """
- id: lossy
  about: uplink
  when: loss_percent >= 5
  until: loss_percent < 2
  for: {lessons: 5m, otherwise: 1h}
  until_for: 10m
  text: x
""",
    "t.yaml",
)
(IN_LESSONS,) = read(
    "- {id: slow, about: uplink, when: connect_ms > 1, hours: lessons, text: x}", "t.yaml"
)


class Line:
    """A rule's watch, moved minute by minute."""

    def __init__(self, rule: Any = LOSSY, lessons: bool = True) -> None:
        self.rule, self.lessons, self.held = rule, lessons, False
        self.minute = 0
        self.watch: Watch | None = None

    def go(self, minutes: int, **facts: Any) -> str:
        """Report these facts each minute (none: not known); answers the state at the end."""
        for _ in range(minutes):
            at = self.minute * MINUTE
            seen = Seen(facts or None, at)
            self.watch = step(self.rule, self.watch, seen, Moment(at, self.lessons, self.held))
            self.minute += 1
        return self.watch.state if self.watch else "quiet"


def test_it_begins_when_the_condition_has_held_long_enough() -> None:
    line = Line()
    assert line.go(5, loss_percent=9) == PENDING
    assert line.go(1, loss_percent=9) == FIRING


def test_a_single_good_report_takes_the_beginning_back() -> None:
    line = Line()
    line.go(4, loss_percent=9)
    assert line.go(1, loss_percent=0) == "quiet"
    assert line.go(4, loss_percent=9) == PENDING


def test_it_takes_longer_to_begin_outside_lessons() -> None:
    line = Line(lessons=False)
    assert line.go(60, loss_percent=9) == PENDING
    assert line.go(1, loss_percent=9) == FIRING


def test_between_begin_and_end_it_goes_on() -> None:
    line = Line()
    line.go(6, loss_percent=9)
    assert line.go(60, loss_percent=3) == FIRING
    assert line.go(10, loss_percent=1) == FIRING
    assert line.go(1, loss_percent=1) == "quiet"


def test_what_comes_back_while_it_ends_starts_the_end_again() -> None:
    line = Line()
    line.go(6, loss_percent=9)
    line.go(9, loss_percent=1)
    line.go(1, loss_percent=4)
    assert line.go(10, loss_percent=1) == FIRING
    assert line.go(1, loss_percent=1) == "quiet"


def test_what_is_not_known_begins_and_ends_nothing() -> None:
    line = Line()
    line.go(2, loss_percent=9)
    assert line.go(14) == PENDING
    assert line.go(1, loss_percent=9) == FIRING
    assert line.go(600) == FIRING


def test_what_was_about_to_begin_and_is_not_known_for_long_is_forgotten() -> None:
    line = Line()
    line.go(2, loss_percent=9)
    assert line.go(17) == "quiet"


def test_a_rule_for_lessons_waits_for_them_and_then_begins_at_once() -> None:
    line = Line(IN_LESSONS, lessons=False)
    assert line.go(60, connect_ms=5) == PENDING
    line.lessons = True
    assert line.go(1, connect_ms=5) == FIRING


def test_in_maintenance_nothing_begins_until_it_is_over() -> None:
    line = Line()
    line.held = True
    assert line.go(60, loss_percent=9) == PENDING
    line.held = False
    assert line.go(1, loss_percent=9) == FIRING


@given(st.lists(st.sampled_from([None, 0.0, 1.0, 3.0, 9.0]), max_size=60), st.booleans())
def test_whatever_comes_it_fires_only_after_its_time_and_ends_only_when_seen_good(
    values: list[float | None], lessons: bool
) -> None:
    line = Line(lessons=lessons)
    before: Watch | None = None
    for value in values:
        line.go(1, **({} if value is None else {"loss_percent": value}))
        now = line.watch
        if now and now.state == FIRING and (before is None or before.state == PENDING):
            assert value == 9.0
            assert now.fired_at is not None
            assert now.fired_at - now.since >= LOSSY.holds.at(lessons) * 1_000_000
        if before and before.state == FIRING and now is None:
            assert value is not None
            assert value < 2
        before = now
