"""Which measurements from rooms may begin, what is kept of them, and what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from inventory.kinds import KINDS
from schoolops.core.clock import FixedClock
from schoolops.core.errors import Conflict, SchoolopsError
from schoolops.core.permissions import SYSTEM
from schoolops.db.engine import Store
from schoolops.estate import places
from schoolops.estate.repository import Estate
from schoolops.estate.service import Inventory
from schoolops.server.app import Door, make_app
from schoolops.server.web import room_traffic
from schoolops.telemetry import rooms
from schoolops.telemetry.models import room_test
from schoolops.telemetry.room_verdicts import MBIT, Line, Result, enough, narrow

GOOD = Result(50 * MBIT, 10 * MBIT, 20_000, 2_000, 30, 0, 0)


@pytest.fixture
def codes(store: Store) -> list[str]:
    """The codes of nine rooms: 1.1 to 1.8 of one school, 1.1 of each of four others."""
    with store.write(SYSTEM) as unit:
        inventory = Inventory(unit)
        made = []
        for number in ("164800", "164811", "100000", "200000", "164574"):
            inventory.create(KINDS["school"], {"number": number, "name": number})
            for room in range(1, 9 if number == "164800" else 2):
                values = {"school": number, "name": f"1.{room}", "kind": "classroom"}
                inventory.create(KINDS["room"], values)
                made.append(str(places.make(unit, f"{number}/1.{room}", "")["code"]))
    return made


def begin(store: Store, code: str) -> str:
    with store.write() as unit:
        return rooms.begin(unit, code)


def finish(store: Store, ticket: str, result: Result = GOOD) -> dict[str, Any]:
    with store.write() as unit:
        return rooms.finish(unit, ticket, "ipad", result)


def later(store: Store, seconds: float) -> None:
    clock = store.clock
    assert isinstance(clock, FixedClock)
    clock.advance(seconds)


def refusal(store: Store, code: str) -> str:
    with pytest.raises(SchoolopsError) as found:
        begin(store, code)
    return found.value.code


def test_a_school_has_one_measurement_at_a_time_and_the_city_four(
    store: Store, codes: list[str]
) -> None:
    ticket = begin(store, codes[0])
    assert refusal(store, codes[1]) == "room.busy"
    finish(store, ticket)
    begin(store, codes[1])
    for other in codes[8:11]:
        begin(store, other)
    assert refusal(store, codes[11]) == "room.busy"
    later(store, 61)
    begin(store, codes[11])


def test_a_room_is_measured_six_times_an_hour_at_most(store: Store, codes: list[str]) -> None:
    for _ in range(rooms.PER_HOUR):
        finish(store, begin(store, codes[0]))
    assert refusal(store, codes[0]) == "room.often"
    begin(store, codes[1])
    later(store, 3601)
    begin(store, codes[0])


def test_a_ticket_is_good_once_and_for_a_minute(store: Store, codes: list[str]) -> None:
    ticket = begin(store, codes[0])
    finish(store, ticket)
    with pytest.raises(Conflict, match="over"):
        finish(store, ticket)
    ticket = begin(store, codes[0])
    later(store, 61)
    with pytest.raises(Conflict, match="over"):
        finish(store, ticket)
    with store.read() as connection, pytest.raises(Conflict):
        rooms.running(connection, "som_nobody-gave-this-out", store.clock.now())


def test_results_are_kept_thirteen_months_and_what_broke_off_two_hours(
    store: Store, codes: list[str]
) -> None:
    finish(store, begin(store, codes[0]))
    begin(store, codes[1])

    def kept() -> int | None:
        rooms.forget_old(store)
        with store.read() as connection:
            return connection.scalar(select(func.count()).select_from(room_test))

    assert kept() == 2
    later(store, 3 * 3600)
    assert kept() == 1
    later(store, store.settings.telemetry.fine_days * 86_400)
    assert kept() == 0


def test_what_is_kept_names_no_one(store: Store, codes: list[str]) -> None:
    ticket = begin(store, codes[0])
    finish(store, ticket)
    with store.read() as connection:
        row = connection.execute(select(room_test)).one()._asdict()
        told = rooms.of_room(Estate(connection, SYSTEM, store.clock.now()), "164800/1.1")
    assert ticket not in map(str, row.values())
    assert not {"address", "agent", "user_agent", "name"} & set(row)
    assert told["measurements"][0]["enough"] == "video"
    assert told["measurements"][0]["line"] is None
    assert told["measurements"][0]["narrow"] == "unknown"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (GOOD, "video"),
        (GOOD._replace(down_bps=30 * MBIT, lost=0), "video"),
        (GOOD._replace(down_bps=30 * MBIT - 1), "pages"),
        (GOOD._replace(up_bps=4 * MBIT), "pages"),
        (GOOD._replace(latency_us=151_000), "pages"),
        (GOOD._replace(lost=1), "pages"),
        (GOOD._replace(lost=4), "little"),
        (GOOD._replace(down_bps=5 * MBIT), "little"),
        (GOOD._replace(sent=0), "little"),
    ],
)
def test_enough_for_a_class(result: Result, said: str) -> None:
    assert enough(result) == said


@pytest.mark.parametrize(
    ("down_bps", "line", "said"),
    [
        (90 * MBIT, Line(100 * MBIT, 0), "line"),
        (40 * MBIT, Line(100 * MBIT, 0), "room"),
        (40 * MBIT, Line(100 * MBIT, None), "room"),
        (40 * MBIT, Line(100 * MBIT, 35 * MBIT), "others"),
        (40 * MBIT, Line(None, 35 * MBIT), "unknown"),
        (0, Line(0, 0), "unknown"),
    ],
)
def test_where_it_is_narrow(down_bps: int, line: Line, said: str) -> None:
    assert narrow(down_bps, line) == said


# -- over HTTP ----------------------------------------------------------------------------------


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    application = make_app(store, background=False)
    with TestClient(Door(application, local=False), raise_server_exceptions=False) as made:
        yield made


BODY = {
    "device": "phone", "down_bps": 1, "up_bps": 1, "latency_ms": 1.5, "jitter_ms": 0,
    "sent": 30, "lost": 0, "late": 0,
}  # fmt: skip


def test_no_bytes_move_without_a_ticket_or_beyond_its_share(
    client: TestClient, codes: list[str]
) -> None:
    path = f"/r/{codes[0]}"
    assert client.get(f"{path}/down?ticket=x").status_code == 409
    assert client.post(f"{path}/up?ticket=x", content=b"x").status_code == 409
    ticket = client.post(f"{path}/begin").json()["ticket"]
    for _ in range(room_traffic.DOWN_BYTES // room_traffic.ONE_DOWN_BYTES):
        with client.stream("GET", f"{path}/down?ticket={ticket}") as answer:
            assert answer.status_code == 200
    assert client.get(f"{path}/down?ticket={ticket}").status_code == 429
    large = b"x" * (room_traffic.ONE_UP_BYTES + 1)
    assert client.post(f"{path}/up?ticket={ticket}", content=large).status_code == 413
    lots = iter([large])
    assert client.post(f"{path}/up?ticket={ticket}", content=lots).status_code == 413
    assert client.post(f"{path}/up?ticket={ticket}", content=b"xy").json() == {"bytes": 2}


def test_another_sites_page_begins_no_measurement(client: TestClient, codes: list[str]) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert client.post(f"/r/{codes[0]}/begin", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"down_bps": -1},
        {"down_bps": 10**30},
        {"latency_ms": float("nan")},
        {"latency_ms": 1e308},
        {"device": "Mozilla/5.0 (iPad)"},
        {"sent": 0},
        {"lost": "many"},
        {"ticket": "x" * 5000},
    ],
)
def test_results_that_cannot_be_are_refused(
    client: TestClient, store: Store, codes: list[str], wrong: dict[str, Any]
) -> None:
    import json

    ticket = begin(store, codes[0])
    given = json.dumps({**BODY, "ticket": ticket, **wrong})
    answer = client.post(f"/r/{codes[0]}/result", content=given)
    assert answer.status_code in (413, 422), answer.text
    good = client.post(f"/r/{codes[0]}/result", json={**BODY, "ticket": ticket})
    assert good.json()["enough"] == "little"
