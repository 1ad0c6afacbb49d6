"""Facts become health: one broken thing is one fault, named where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert

from inventory.kinds import KINDS
from schoolops.core.clock import FixedClock
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.estate.models import observation
from schoolops.estate.repository import Estate
from schoolops.estate.service import Inventory
from schoolops.fleet import service as fleet
from schoolops.telemetry.health import assess_school
from schoolops.telemetry.models import SAMPLES
from schoolops.telemetry.tasks import notice_silence

ADMIN = Actor.of("anna", "authority-admin")
S = {"school": "164800"}


class House:
    """A school with a router, a switch, two access points in two rooms, a line and an agent."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store, self.clock = store, clock
        with store.write(ADMIN) as unit:
            make = Inventory(unit).create
            make(KINDS["school"], {"number": "164800", "name": "Schule"})
            for name in ("1.01", "1.02"):
                make(KINDS["room"], S | {"name": name})
            for key, kind, parent, room in (
                ("R1", "router", None, None),
                ("SW1", "switch", "R1", None),
                ("AP1", "access-point", "SW1", "164800/1.01"),
                ("AP2", "access-point", "SW1", "164800/1.02"),
            ):
                make(
                    KINDS["device"],
                    S
                    | {
                        "serial": key,
                        "kind": kind,
                        "parent": parent,
                        "room": room,
                        "management": "snmp",
                    },
                )
            line = S | {"name": "line1", "state": "active", "contract_down_bps": "1G"}
            make(KINDS["uplink"], line)
            invited = fleet.invite(unit, "164800", "agent-1")
        joined = fleet.join(store, invited["code"], "box", "0.1.0")
        self.agent_id: int = joined["id"]
        self.facts: dict[tuple[str, str], dict[str, Any]] = {
            ("agent", "agent-1"): {},
            ("uplink", "164800/line1"): {"reachable": True, "connect_ms": 12.0},
            **{("device", key): {"reachable": True} for key in ("R1", "SW1", "AP1", "AP2")},
        }

    def say(self, kind: str, key: str, **facts: Any) -> None:
        self.facts[kind, key] = facts

    def fold(self) -> None:
        """Write the facts as fresh and fold them."""
        now = self.clock.now()
        with self.store.write() as unit:
            unit.connection.execute(observation.delete())
            estate = Estate(unit.connection, ADMIN, now)
            for (kind, key), facts in self.facts.items():
                record = self.agent_id if kind == "agent" else estate.find(KINDS[kind], key).id
                unit.connection.execute(
                    insert(observation),
                    {
                        "kind": kind,
                        "record_id": record,
                        "observed_at": now,
                        "received_at": now,
                        "fresh_until": now + 180_000_000,
                        "facts": json.dumps(facts),
                    },
                )
        self.assess()

    def assess(self) -> int:
        with self.store.write() as unit:
            school = Estate(unit.connection, ADMIN, unit.now).find(KINDS["school"], "164800")
            return assess_school(unit, school.id)

    def health(self, kind: str, key: str) -> tuple[str, str]:
        with self.store.read() as connection:
            record = Estate(connection, ADMIN, self.clock.now()).record(KINDS[kind], key)
        return record["health"], record["reason"]


@pytest.fixture
def house(store: Store, clock: FixedClock) -> House:
    return House(store, clock)


def test_when_all_is_well_all_is_ok(house: House) -> None:
    house.fold()
    for kind, key in (("device", "AP1"), ("room", "164800/1.01"), ("uplink", "164800/line1")):
        assert house.health(kind, key)[0] == "ok"
    assert house.health("school", "164800") == ("ok", "")


def test_what_was_never_seen_is_unknown_and_not_ok(house: House) -> None:
    house.assess()
    assert house.health("device", "AP1") == ("unknown", "never seen")
    assert house.health("school", "164800")[0] == "unknown"


def test_a_dead_access_point_takes_its_room_down_and_warns_the_school(house: House) -> None:
    house.say("device", "AP1", reachable=False, error="timeout")
    house.fold()
    assert house.health("device", "AP1") == ("down", "does not answer: timeout")
    assert house.health("room", "164800/1.01")[0] == "down"
    assert house.health("room", "164800/1.02")[0] == "ok"
    assert house.health("school", "164800") == ("warning", "down: AP1")


def test_behind_a_dead_switch_only_the_switch_is_down(house: House) -> None:
    for key in ("SW1", "AP1", "AP2"):
        house.say("device", key, reachable=False, error="timeout")
    house.fold()
    assert house.health("device", "SW1")[0] == "down"
    for key in ("AP1", "AP2"):
        assert house.health("device", key) == ("unknown", "behind SW1, which is down")
    assert house.health("room", "164800/1.01")[0] == "down"
    assert house.health("school", "164800") == ("warning", "down: SW1")


def test_behind_two_failures_the_nearest_is_named(house: House) -> None:
    for key in ("R1", "SW1", "AP1"):
        house.say("device", key, reachable=False)
    house.fold()
    assert house.health("device", "AP1")[1] == "behind SW1, which is down"
    assert house.health("device", "SW1")[1] == "behind R1, which is down"
    assert house.health("device", "R1")[0] == "down"


def test_a_dead_line_takes_the_school_down(house: House) -> None:
    house.say("uplink", "164800/line1", reachable=False)
    house.fold()
    assert house.health("uplink", "164800/line1") == ("down", "no target answers")
    assert house.health("school", "164800") == ("down", "line line1 is down")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"loss_percent": 12.0}, "loses 12 %"),
        ({"connect_ms": 420.0}, "420 ms"),
        ({"test_down_bps": 200e6}, "20 % of the contracted"),
    ],
)
def test_a_line_that_degrades_is_a_warning_with_figures(
    house: House, facts: dict[str, float], words: str
) -> None:
    house.say("uplink", "164800/line1", reachable=True, **facts)
    house.fold()
    health, reason = house.health("uplink", "164800/line1")
    assert health == "warning"
    assert words in reason
    assert "line1" in house.health("school", "164800")[1]


def test_a_line_test_holds_until_the_next_one(house: House, clock: FixedClock) -> None:
    def measured(bps: float) -> None:
        with house.store.write() as unit:
            line = Estate(unit.connection, ADMIN, unit.now).find(KINDS["uplink"], "164800/line1")
            sample = {"record_id": line.id, "observed_at": unit.now, "delay_ms": 0}
            unit.connection.execute(
                insert(SAMPLES["uplink"]), sample | {"stream_id": 1, "seq": 1, "test_down_bps": bps}
            )

    measured(80e6)
    clock.advance(60)
    house.fold()
    assert "8 % of the contracted" in house.health("uplink", "164800/line1")[1]
    measured(930e6)
    clock.advance(60)
    house.fold()
    assert house.health("uplink", "164800/line1") == ("ok", "")


def test_a_line_test_does_not_count_for_ever(house: House, clock: FixedClock) -> None:
    test_a_line_test_holds_until_the_next_one(house, clock)
    with house.store.write() as unit:
        unit.connection.execute(SAMPLES["uplink"].update().values(test_down_bps=80e6))
    house.fold()
    assert house.health("uplink", "164800/line1")[0] == "warning"
    clock.advance(3 * 3600)
    house.fold()
    assert house.health("uplink", "164800/line1") == ("ok", "")


def test_a_silent_school_is_noticed_and_comes_back(house: House, clock: FixedClock) -> None:
    house.fold()
    clock.advance(200)
    notice_silence(house.store)
    assert house.health("school", "164800")[0] == "down"
    assert "no report" in house.health("school", "164800")[1]
    assert house.health("device", "AP1") == ("unknown", "the school's agent is silent")
    house.fold()
    assert house.health("school", "164800")[0] == "ok"


def test_a_school_whose_agent_was_revoked_is_not_well_for_ever(
    house: House, clock: FixedClock
) -> None:
    house.fold()
    with house.store.write(ADMIN) as unit:
        fleet.revoke(unit, "agent-1", "stolen")
    clock.advance(3600)
    notice_silence(house.store)
    assert house.health("school", "164800") == ("unknown", "no news of it")
    assert house.health("uplink", "164800/line1") == ("unknown", "no news of it")


def test_so_it_is_where_the_agent_measured_nothing_but_itself(
    house: House, clock: FixedClock
) -> None:
    house.facts = {("agent", "agent-1"): {}}
    house.fold()
    with house.store.write(ADMIN) as unit:
        fleet.revoke(unit, "agent-1", "stolen")
    clock.advance(3600)
    notice_silence(house.store)
    assert house.health("school", "164800")[0] == "unknown"


def test_folding_again_writes_nothing_new(house: House) -> None:
    house.fold()
    assert house.assess() == 0


def test_since_is_when_the_state_turned_and_stays(house: House, clock: FixedClock) -> None:
    house.fold()
    clock.advance(60)
    house.say("device", "AP1", reachable=False, error="timeout")
    house.fold()

    def since() -> Callable[[], str]:
        with house.store.read() as connection:
            record = Estate(connection, ADMIN, clock.now()).record(KINDS["device"], "AP1")
        return record["since"]  # type: ignore[no-any-return]

    first = since()
    clock.advance(60)
    house.say("device", "AP1", reachable=False, error="no route")
    house.fold()
    assert since() == first
    assert house.health("device", "AP1")[1] == "does not answer: no route"
