"""The demo's script: which schools live, what breaks, and when a fault counts as named."""

from __future__ import annotations

from typing import Any

import pytest

from sample_site.city import City, Part, build_city
from sample_site.demo import problems_of
from sample_site.equipment.catalogue import BY_NAME
from sample_site.faults import Fault, Script, choose, write_script
from sample_site.simulated import simulate, stranger


@pytest.fixture(scope="module")
def city() -> City:
    return build_city(scale=0.2)


@pytest.fixture(scope="module")
def parts(city: City) -> list[Part]:
    return choose(city.parts(), 4)


class Server:
    """Answers records as the server would; `records` is (plural, key) → (health, reason)."""

    def __init__(self, records: dict[tuple[str, str], tuple[str, str]]) -> None:
        self.records = records

    def get(self, plural: str, key: str) -> dict[str, Any]:
        health, reason = self.records.get((plural, key), ("ok", ""))
        return {"health": health, "reason": reason}


class Nowhere:
    """A stage on which nothing is broken for real."""

    def break_it(self, fault: Fault) -> None:
        self.broken = fault.key

    def mend(self, fault: Fault) -> None:
        self.broken = ""


def script_of(fault: Fault, records: dict[tuple[str, str], tuple[str, str]]) -> Script:
    script = Script(Nowhere(), Server(records), [fault])  # type: ignore[arg-type]
    script.inject(fault)
    script.look()
    return script


def test_live_schools_have_different_wlan_systems(parts: list[Part]) -> None:
    assert len({part.system for part in parts}) == 4


def test_asking_for_more_schools_than_have_equipment_is_refused(city: City) -> None:
    with pytest.raises(ValueError, match="not 500"):
        choose(city.parts(), 500)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_script_names_records_of_the_live_schools(city: City, count: int) -> None:
    chosen = choose(city.parts(), count)
    schools = {part.school for part in chosen}
    faults = write_script(chosen)
    assert {fault.name for fault in faults} == {
        "access point dies", "cable pulled", "line degrades", "school goes dark",
    }  # fmt: skip
    assert {fault.school for fault in faults} <= schools
    assert faults[-1].name == "school goes dark"


def test_the_dying_access_point_does_not_hang_on_the_dying_switch(parts: list[Part]) -> None:
    dead, switch, *_ = write_script(parts[:1])
    assert dead.key not in switch.behind
    assert switch.behind


def test_everything_of_the_network_is_simulated_with_its_parents(
    city: City, parts: list[Part]
) -> None:
    estate = simulate(city, parts)
    by_key = {device.key: device for device in estate.devices}
    assert len(by_key) == len(estate.devices)
    for device in estate.devices:
        assert (device.vendor, device.model) in BY_NAME
        assert not device.parent or device.parent in by_key
        assert not device.controller or by_key[device.controller].kind == "wlan-controller"
    active = [row for part in parts for row in part.of("uplink") if row["state"] == "active"]
    assert len(estate.lines) == len(active)
    addresses = [device.address for device in estate.devices]
    addresses += [line.address for line in estate.lines]
    assert len(addresses) == len(set(addresses))


def test_the_stranger_is_no_device_of_the_inventory(city: City, parts: list[Part]) -> None:
    unknown = stranger(city, parts[0])
    addresses = {row.get("address") for part in parts for row in part.of("device")}
    assert unknown.address not in addresses
    assert unknown.parent in {row["serial"] for row in parts[0].of("device")}


AP = Fault("access point dies", "1", "devices", "A", "ap-1")
SWITCH = Fault("cable pulled", "1", "devices", "S", "sw-1", behind=("A", "B"))
LINE = Fault("line degrades", "1", "uplinks", "1/main", "main")
DARK = Fault("school goes dark", "1", "schools", "1", "School")


def copy(fault: Fault) -> Fault:
    return Fault(fault.name, fault.school, fault.plural, fault.key, fault.label, fault.behind)


@pytest.mark.parametrize(
    ("fault", "records", "named"),
    [
        (AP, {}, False),
        (AP, {("devices", "A"): ("down", "does not answer: no reply")}, True),
        (AP, {("devices", "A"): ("unknown", "behind sw-1, which is down")}, False),
        (AP, {("devices", "A"): ("warning", "hot: 90 °C")}, False),
        (SWITCH, {("devices", "S"): ("down", "does not answer: no reply")}, False),
        (
            SWITCH,
            {
                ("devices", "S"): ("down", "does not answer: no reply"),
                ("devices", "A"): ("unknown", "behind sw-1, which is down"),
                ("devices", "B"): ("down", "does not answer: no reply"),
            },
            False,
        ),
        (
            SWITCH,
            {
                ("devices", "S"): ("down", "does not answer: no reply"),
                ("devices", "A"): ("unknown", "behind sw-1, which is down"),
                ("devices", "B"): ("unknown", "behind sw-1, which is down"),
            },
            True,
        ),
        (LINE, {("uplinks", "1/main"): ("warning", "loses 30 % of the packets")}, True),
        (LINE, {("uplinks", "1/main"): ("unknown", "no news of it")}, False),
        (DARK, {("schools", "1"): ("warning", "down: ap-1")}, False),
        (DARK, {("schools", "1"): ("down", "line main is down")}, False),
        (DARK, {("schools", "1"): ("down", "no report from the school: line, power")}, True),
    ],
)
def test_a_fault_is_named_when_its_own_record_says_so(
    fault: Fault, records: dict[tuple[str, str], tuple[str, str]], named: bool
) -> None:
    script = script_of(copy(fault), records)
    assert script.detected == named
    assert bool(script.open) != named


GOOD: dict[str, Any] = {
    "failure": "",
    "reports": 10,
    "devices_seen_by_snmp": 3,
    "faults": [{"fault": "x", "name": "y", "named_after_s": 3.0}],
    "wrongly_blamed": [],
}


def test_a_demo_in_which_everything_was_named_is_a_success() -> None:
    assert problems_of(GOOD) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"failure": "the server ended"},
        {"reports": 0},
        {"devices_seen_by_snmp": 0},
        {"faults": [{"fault": "x", "name": "y", "named_after_s": None}]},
        {"wrongly_blamed": ["ap-7"]},
    ],
)
def test_a_demo_that_only_looks_alive_is_none(wrong: dict[str, Any]) -> None:
    assert problems_of(GOOD | wrong)
