"""From a credential of the inventory to Debian's snmpd: the protocols that are written there."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from agents.duties.network import NetworkDuty
from agents.protocol import DeviceReport, config_from_json, config_to_json
from inventory.choices import SNMP_AUTHENTICATION, SNMP_PRIVACY
from inventory.kinds import KINDS
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.estate.service import Inventory
from schoolops.fleet import service as fleet
from schoolops.fleet.config import config_of
from schoolops.fleet.models import agent
from tests.peers import snmpd as peers

ADMIN = Actor.of("anna", "authority-admin")


@pytest.fixture(scope="module")
def snmpd() -> Iterator[peers.Snmpd]:
    with peers.running() as running:
        yield running


def read_as_told(store: Store, port: int, user: str, auth: str, privacy: str) -> DeviceReport:
    """Record a device with such a user, tell it to an agent, let the agent read it."""
    store.settings.agent.snmp_port = port
    with store.write(ADMIN) as unit:
        inventory = Inventory(unit)
        inventory.create(KINDS["school"], {"number": "164800", "name": "Schule"})
        values = {"name": "v3", "kind": "snmp-v3", "username": user}
        values |= {"auth_protocol": auth} if auth else {}
        values |= {"privacy_protocol": privacy} if privacy else {}
        inventory.create(KINDS["credential"], values)
        key = "" if privacy == "" and user.startswith("signed") else peers.PRIVACY_KEY
        inventory.set_secret("v3", peers.AUTH_KEY, key)
        inventory.create(KINDS["device"], {
            "serial": "BOX", "kind": "switch", "school": "164800", "address": "127.0.0.1",
            "management": "snmp", "credential": "v3",
        })  # fmt: skip
        fleet.invite(unit, "164800", "agent-1")
    with store.read() as connection:
        row = connection.execute(select(agent).where(agent.c.name == "agent-1")).one()
        told = json.dumps(config_to_json(config_of(store, connection, row)))
    duty = NetworkDuty(timeout_s=0.4)
    try:
        reports = duty.measure(config_from_json(json.loads(told)), 0)
    finally:
        duty.close()
    (found,) = [report for _, report in reports if isinstance(report, DeviceReport)]
    return found


@pytest.mark.parametrize(
    ("user", "auth", "privacy"),
    [("full", "", ""), ("full256", "sha-256", ""), ("long", "sha-256", "aes-256"),
     ("cisco", "sha-256", "aes-256-c"), ("old", "sha", "des"), ("signed", "sha-512", ""),
     ("signed5", "md5", "")],
)  # fmt: skip
def test_a_device_is_read_with_the_protocols_of_its_credential(
    store: Store, snmpd: peers.Snmpd, user: str, auth: str, privacy: str
) -> None:
    found = read_as_told(store, snmpd.port, user, auth, privacy)
    assert (found.reachable, found.error) == (True, "")


def test_another_protocol_than_the_devices_is_told_by_name(
    store: Store, snmpd: peers.Snmpd
) -> None:
    found = read_as_told(store, snmpd.port, "full256", "sha-512", "")
    assert found.reachable is not True or found.error
    assert "authentication" in found.error


def test_the_agent_knows_every_protocol_of_the_vocabulary() -> None:
    from agents.snmp.client import _AUTH, _PRIVACY

    assert {name.upper().replace("-", "") for name in SNMP_AUTHENTICATION} <= _AUTH.keys()
    assert {name.upper().replace("-", "") for name in SNMP_PRIVACY} <= _PRIVACY.keys()
