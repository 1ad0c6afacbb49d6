"""What an agent is told to do, made from the inventory of its school."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from agents.protocol import Config, Target
from inventory.kinds import KINDS
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.estate.service import Inventory
from schoolops.fleet import service as fleet
from schoolops.fleet.config import config_of
from schoolops.fleet.models import agent

ADMIN = Actor.of("anna", "authority-admin")
S = {"school": "164800"}


def school_with(store: Store, *devices: dict[str, Any]) -> None:
    with store.write(ADMIN) as unit:
        make = Inventory(unit).create
        make(KINDS["school"], {"number": "164800", "name": "Schule"})
        for name, kind, user in (("snmp", "snmp-v2c", None), ("console", "http", "reader")):
            make(KINDS["credential"], {"name": name, "kind": kind, "username": user})
            Inventory(unit).set_secret(name, f"secret of {name}", "")
        for values in devices:
            make(KINDS["device"], S | values)
        make(KINDS["uplink"], S | {"name": "line1", "state": "active"})
        fleet.invite(unit, "164800", "agent-1")


def config(store: Store) -> Config:
    with store.read() as connection:
        row = connection.execute(select(agent).where(agent.c.name == "agent-1")).one()
        return config_of(store, connection, row)


def target(store: Store, key: str) -> Target:
    return next(t for t in config(store).targets if t.device == key)


SWITCH = {
    "serial": "SW1", "kind": "switch", "vendor": "Aruba", "address": "10.0.0.2",
    "management": "snmp", "credential": "snmp",
}  # fmt: skip
CONTROLLER = {
    "serial": "WLC", "kind": "wlan-controller", "vendor": "Cisco", "address": "10.0.0.5",
    "management": "snmp", "credential": "snmp", "parent": "SW1",
}  # fmt: skip


def access_point(**values: Any) -> dict[str, Any]:
    return {
        "serial": "AP1", "kind": "access-point", "vendor": "Cisco", "address": "10.0.0.9",
        "management": "controller", "parent": "SW1", "macs": "aa:bb:cc:dd:ee:ff",
    } | values  # fmt: skip


def test_an_access_point_on_a_switch_is_asked_of_its_vendors_controller(store: Store) -> None:
    school_with(store, SWITCH, CONTROLLER, access_point())
    found = target(store, "AP1")
    assert (found.address, found.community) == ("10.0.0.5", "secret of snmp")
    assert found.identifiers == ["aa:bb:cc:dd:ee:ff", "ap1"]


def test_a_controller_it_is_connected_to_goes_before_others(store: Store) -> None:
    other = CONTROLLER | {"serial": "WLC2", "address": "10.0.0.6"}
    school_with(store, SWITCH, CONTROLLER, other, access_point(parent="WLC2"))
    assert target(store, "AP1").address == "10.0.0.6"


def test_an_access_point_that_answers_itself_is_asked_itself(store: Store) -> None:
    school_with(store, SWITCH, CONTROLLER, access_point(management="snmp", credential="snmp"))
    assert target(store, "AP1").address == "10.0.0.9"


def test_a_console_is_asked_over_rest_with_the_access_points_credential(store: Store) -> None:
    console = CONTROLLER | {"vendor": "Ubiquiti"}
    point = access_point(vendor="Ubiquiti", management="unifi", credential="console")
    school_with(store, SWITCH, console, point)
    found = target(store, "AP1")
    assert (found.method, found.url) == ("unifi", "https://10.0.0.5")
    assert (found.username, found.password) == ("reader", "secret of console")
    assert target(store, "WLC").community == "secret of snmp"


def test_the_consoles_address_can_be_set(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.settings.agent, "console_url", "https://{address}:8443")
    point = access_point(vendor="Ubiquiti", management="unifi", credential="console")
    school_with(store, SWITCH, CONTROLLER | {"vendor": "Ubiquiti"}, point)
    assert target(store, "AP1").url == "https://10.0.0.5:8443"


def test_all_of_the_inventory_is_known_to_a_sweep(store: Store) -> None:
    printer = {"serial": "PR1", "kind": "printer", "address": "10.0.0.77"}
    school_with(store, SWITCH, printer)
    assert config(store).known_addresses == ["10.0.0.2", "10.0.0.77"]


def test_a_line_is_tested_against_its_own_target(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent_settings = store.settings.agent
    monkeypatch.setattr(agent_settings, "uplink_targets", {"164800/line1": ["10.9.9.9:8080"]})
    monkeypatch.setattr(agent_settings, "download_url", "http://{target}/download")
    school_with(store)
    (line,) = config(store).uplinks
    assert line.targets == ["10.9.9.9:8080"]
    assert line.download_url == "http://10.9.9.9:8080/download"
    assert line.test_every_s == agent_settings.test_every_s


def test_the_client_that_asks_devices_is_the_setting_s(store: Store) -> None:
    school_with(store)
    assert config(store).snmp_client == "auto"
    store.settings.agent.snmp_client = "pysnmp"
    assert config(store).snmp_client == "pysnmp"
