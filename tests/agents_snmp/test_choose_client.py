"""Which client asks: the first that is installed, or the one that the server names."""

from __future__ import annotations

import sys

import pytest

from agents.duties.network import NetworkDuty
from agents.job import Job
from agents.protocol import Config, DeviceReport, Target
from agents.snmp.client import Peer
from agents.snmp.clients import make_client
from agents.snmp.errors import SnmpMissing
from agents.snmp.gufo import GufoClient
from agents.snmp.oids import SYS_NAME
from schoolops.cli._checks import check_snmp
from tests.peers.snmpd import COMMUNITY, Snmpd

WITHOUT_GUFO = {"gufo.snmp": None}
WITHOUT_ANY = {"gufo.snmp": None, "pysnmp.carrier.asyncio.dgram": None}


def without(monkeypatch: pytest.MonkeyPatch, modules: dict[str, None]) -> None:
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(
    ("choice", "lacking", "name"),
    [("auto", {}, "gufo-snmp"), ("gufo", {}, "gufo-snmp"), ("pysnmp", {}, "pysnmp"),
     ("auto", WITHOUT_GUFO, "pysnmp")],
)  # fmt: skip
async def test_the_client_is_the_named_one_or_the_fastest_that_is_installed(
    monkeypatch: pytest.MonkeyPatch, choice: str, lacking: dict[str, None], name: str
) -> None:
    without(monkeypatch, lacking)
    client = make_client(choice, 1.0, 1)
    assert client.name == name
    client.close()


@pytest.mark.parametrize(
    ("choice", "lacking", "says"),
    [("gufo", WITHOUT_GUFO, r"install schoolops\[fast-snmp\]"),
     ("auto", WITHOUT_ANY, r"install schoolops\[snmp\]"),
     ("netsnmp", {}, "use auto, gufo, pysnmp, or upgrade")],
)  # fmt: skip
async def test_a_client_that_is_not_there_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, choice: str, lacking: dict[str, None], says: str
) -> None:
    without(monkeypatch, lacking)
    with pytest.raises(SnmpMissing, match=says):
        make_client(choice, 1.0, 1)


def test_the_duty_takes_another_client_when_the_server_names_another(snmpd: Snmpd) -> None:
    duty = NetworkDuty(timeout_s=0.5)
    assert duty.tool == ""
    target = Target("BOX", "server", "127.0.0.1", snmpd.port, community=COMMUNITY)
    try:
        for choice, tool in (("auto", "gufo-snmp"), ("pysnmp", "pysnmp"), ("nothing", ""),
                             ("gufo", "gufo-snmp")):  # fmt: skip
            config = Config("1", "agent", "164800", targets=[target], snmp_client=choice)
            ((_, report),) = duty.measure(config, 0)
            assert isinstance(report, DeviceReport)
            assert duty.tool == tool
            assert report.reachable is (True if tool else None)
            assert bool(duty.trouble) is not bool(tool)
    finally:
        duty.close()


async def test_without_pysnmp_gufo_reads_v2c_and_tells_of_v3(
    monkeypatch: pytest.MonkeyPatch, snmpd: Snmpd
) -> None:
    without(monkeypatch, {"pysnmp.carrier.asyncio.dgram": None})
    plain = Peer("127.0.0.1", snmpd.port, community=COMMUNITY)
    signed = Peer("127.0.0.1", snmpd.port, "3", "", "plain")
    client = GufoClient(1.0)
    assert list(client.register([plain, signed])) == [signed]
    assert await client.get(plain, [SYS_NAME]) == {SYS_NAME: b"peer-box"}
    with pytest.raises(SnmpMissing, match=r"schoolops\[snmp\]"):
        await client.get(signed, [SYS_NAME])
    client.close()


def test_status_says_which_client_asks(snmpd: Snmpd) -> None:
    job = Job("network", lambda: NetworkDuty(timeout_s=0.5))
    target = Target("BOX", "server", "127.0.0.1", snmpd.port, community=COMMUNITY)
    job.measure(Config("1", "agent", "164800", targets=[target]), 0)
    job.close()
    assert job.status()["tool"] == "gufo-snmp"


@pytest.mark.parametrize(
    ("lacking", "state", "says"),
    [({}, "ok", "gufo-snmp"), (WITHOUT_GUFO, "ok", "schoolops[fast-snmp]"),
     ({"pysnmp": None}, "warn", "schoolops[snmp]")],
)  # fmt: skip
def test_doctor_says_which_client_asks(
    monkeypatch: pytest.MonkeyPatch, lacking: dict[str, None], state: str, says: str
) -> None:
    without(monkeypatch, lacking)
    found, text = check_snmp()
    assert found == state
    assert says in text
