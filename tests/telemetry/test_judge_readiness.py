"""Whether teaching works, judged from what is known: what is not known never works."""

from __future__ import annotations

from typing import Any

import pytest

from schoolops.telemetry.readiness import Line, Readiness, Rooms, Service, judge, not_there

GOOD_LINE = {"reachable": True, "loss_percent": 0.0, "connect_ms": 12.0, "dns_ms": 8.0}
NO_ROOMS = Rooms()
GOOD_SERVICE = {"reachable": True, "connect_ms": 20.0, "tls_ms": 30.0, "status": 200}


def line(name: str = "line1", **facts: Any) -> Line:
    return Line(name, GOOD_LINE | facts)


def mdm(essential: bool = True, **facts: Any) -> Service:
    return Service("mdm", essential, GOOD_SERVICE | facts)


def found(*lines: Line, services: tuple[Service, ...] = (), rooms: Rooms = NO_ROOMS) -> Readiness:
    return judge(lines or (line(),), services, rooms)


def said(*args: Any, **more: Any) -> tuple[str, str]:
    one = found(*args, **more)
    return one.level, str(one.reason)


def test_where_all_is_measured_and_good_teaching_works() -> None:
    assert said(services=(mdm(),), rooms=Rooms(ok=20)) == ("works", "")


@pytest.mark.parametrize(
    ("facts", "level", "reason"),
    [
        ({"reachable": False}, "fails", "line line1: no target answers"),
        ({"loss_percent": 60.0}, "fails", "line line1: loses 60 % of the packets"),
        ({"loss_percent": 5.0}, "limited", "line line1: loses 5 % of the packets"),
        ({"connect_ms": 400.0}, "limited", "line line1: slow to answer: 400 ms"),
        ({"reachable": None}, "unknown", "line line1: the line is not measured"),
        ({"dns_ms": None}, "fails", "no name is found"),
        ({"dns_ms": 1500.0}, "limited", "names are found slowly: 1500 ms"),
    ],
)
def test_a_line_and_its_names_decide(facts: dict[str, Any], level: str, reason: str) -> None:
    assert said(line(**facts)) == (level, reason)


def test_a_line_of_which_there_is_no_news_is_not_known_and_neither_is_the_school() -> None:
    silent = Line("line1", None)
    assert said(silent, services=(mdm(),), rooms=Rooms(ok=9)) == (
        "unknown",
        "line line1: no news from the school: line, power or agent",
    )
    assert found(Line("a", None), line("b")).level == "works"


def test_a_school_works_by_its_best_line_and_names_the_other() -> None:
    one = found(line("a", reachable=False), line("b"))
    assert one.level == "works"
    assert (one.parts[0].name, one.parts[0].level) == ("a", "fails")
    assert found(line("a", reachable=False), Line("b", None)).level == "unknown"
    assert judge([], [], Rooms()).level == "unknown"


def test_names_count_when_they_are_asked_for() -> None:
    assert found(Line("a", GOOD_LINE | {"dns_ms": None}, wants_dns=False)).level == "works"


@pytest.mark.parametrize(
    ("service", "level"),
    [
        (mdm(reachable=False, error="connection refused", status=None), "fails"),
        (mdm(False, reachable=False, error="no answer", status=None), "limited"),
        (mdm(reachable=False, status=503, error="answers 503"), "fails"),
        (mdm(status=404), "limited"),
        (mdm(status=401), "works"),
        (mdm(connect_ms=1500.0, tls_ms=900.0), "limited"),
        (Service("mdm", True, None), "unknown"),
        (Service("mdm", False, None), "unknown"),
    ],
)
def test_a_service_counts_by_whether_lessons_need_it(service: Service, level: str) -> None:
    assert found(services=(service,)).level == level


def test_what_fails_for_certain_goes_before_what_is_not_known() -> None:
    unknown = Service("portal", True, None)
    assert found(line(reachable=False), services=(unknown,)).level == "fails"


def test_limited_is_said_only_when_the_essential_is_known() -> None:
    slow = line(connect_ms=400.0)
    assert found(slow, services=(Service("portal", True, None),)).level == "unknown"
    assert found(slow, services=(Service("portal", False, None),)).level == "limited"


@pytest.mark.parametrize(
    ("rooms", "level"),
    [
        (Rooms(), "works"),
        (Rooms(ok=5), "works"),
        (Rooms(ok=5, unmanaged=3), "works"),
        (Rooms(unmanaged=3), "unknown"),
        (Rooms(ok=5, unknown=1), "unknown"),
        (Rooms(ok=5, down=1), "limited"),
        (Rooms(ok=1, down=1), "fails"),
        (Rooms(ok=0, down=0, unknown=4), "unknown"),
    ],
)
def test_rooms_count_by_their_wlan(rooms: Rooms, level: str) -> None:
    assert found(rooms=rooms).level == level


def test_many_reasons_are_counted_and_each_keeps_its_message_for_translation() -> None:
    services = tuple(Service(f"s{n}", True, {"reachable": False}) for n in range(5))
    reason = found(services=services).reason
    assert reason == "s0: no answer; s1: no answer; s2: no answer; and 2 more"
    first = reason.params["1"]["params"]["reason"]  # type: ignore[attr-defined]
    assert first == {"message": "no answer", "params": {}}


def test_a_server_that_was_away_says_so() -> None:
    assert not_there("07:30").level == "unknown"
    assert not_there("07:30").reason == "the server was not running at 07:30"
