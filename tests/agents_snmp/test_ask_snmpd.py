"""The client against net-snmp's snmpd, which nobody here wrote."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from agents.snmp.client import Peer, Value
from agents.snmp.clients import Client
from agents.snmp.errors import SnmpDenied, SnmpError, SnmpTimeout, SnmpUnsupported
from tests.peers.snmpd import AUTH_KEY, COMMUNITY, PRIVACY_KEY, Snmpd

SYS_NAME = (1, 3, 6, 1, 2, 1, 1, 5, 0)
IF_DESCR = (1, 3, 6, 1, 2, 1, 2, 2, 1, 2)
IF_HC_IN = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6)
NOWHERE = (1, 3, 6, 1, 4, 1, 99999, 1, 0)


def v2c(snmpd: Snmpd, community: str = COMMUNITY) -> Peer:
    return Peer("127.0.0.1", snmpd.port, community=community)


def v3(snmpd: Snmpd, user: str, *protocols: str, auth: str = AUTH_KEY,
       privacy: str = PRIVACY_KEY) -> Peer:  # fmt: skip
    authentication, privacy_protocol = (*protocols, "", "")[:2]
    return Peer("127.0.0.1", snmpd.port, "3", "", user, authentication,
                auth if authentication else "", privacy_protocol,
                privacy if privacy_protocol else "")  # fmt: skip


def proc_net_dev() -> list[str]:
    return Path("/proc/net/dev").read_text().splitlines()[2:]


async def name(client: Client, peer: Peer) -> Value:
    return (await client.get(peer, [SYS_NAME]))[SYS_NAME]


async def test_v2c_gives_values_and_none_for_what_is_not_there(
    snmpd: Snmpd, client: Client
) -> None:
    answer = await client.get(v2c(snmpd), [SYS_NAME, NOWHERE])
    assert answer == {SYS_NAME: b"peer-box", NOWHERE: None}


async def test_a_walk_gives_the_kernel_s_interfaces_with_64_bit_counters(
    snmpd: Snmpd, client: Client
) -> None:
    rows = await client.walk(v2c(snmpd), [IF_DESCR, IF_HC_IN])
    kernel = {
        line.split(":")[0].strip(): int(line.split(":")[1].split()[0]) for line in proc_net_dev()
    }
    read = {row[IF_DESCR].decode(): row[IF_HC_IN] for row in rows.values()}  # type: ignore[union-attr]
    assert read.keys() == kernel.keys()
    assert isinstance(read["lo"], int)
    assert 0 < read["lo"] <= kernel["lo"]


async def test_a_walk_ends_at_the_bound(snmpd: Snmpd, client: Client) -> None:
    rows = await client.walk(v2c(snmpd), [(1, 3, 6, 1, 2, 1, 1)], max_rows=3)
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("user", "protocols"),
    [("full", ("SHA", "AES")), ("full256", ("SHA256", "AES")), ("signed", ("SHA512",)),
     ("signed5", ("MD5",)), ("plain", ()), ("long", ("SHA256", "AES256")),
     ("cisco", ("SHA256", "AES256C")), ("old", ("SHA", "DES"))],
)  # fmt: skip
async def test_v3_works_at_every_level(
    snmpd: Snmpd, client: Client, user: str, protocols: tuple[str, ...]
) -> None:
    assert await name(client, v3(snmpd, user, *protocols)) == b"peer-box"


async def test_a_wrong_community_is_silence(snmpd: Snmpd, client: Client) -> None:
    with pytest.raises(SnmpTimeout, match="community is wrong"):
        await name(client, v2c(snmpd, "guess"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("stranger", "SHA", "AES", AUTH_KEY, PRIVACY_KEY), "does not know this SNMP v3 user"),
        (("full", "SHA", "AES", "wrong-key-12345", PRIVACY_KEY), "authentication key"),
        (("full", "SHA256", "AES", AUTH_KEY, PRIVACY_KEY), "authentication key"),
        (("full", "SHA", "", AUTH_KEY, ""), "denies access"),
    ],
)
async def test_a_wrong_v3_credential_is_named_without_the_secret(
    snmpd: Snmpd, client: Client, change: tuple[str, ...], says: str
) -> None:
    user, auth, privacy, auth_key, privacy_key = change
    peer = Peer("127.0.0.1", snmpd.port, "3", "", user, auth, auth_key, privacy, privacy_key)
    with pytest.raises(SnmpDenied, match=says) as caught:
        await name(client, peer)
    assert not re.search("key-12345", f"{caught.value!r} {peer!r}")


async def test_a_wrong_privacy_key_ends_in_an_error(snmpd: Snmpd, client: Client) -> None:
    with pytest.raises(SnmpError):
        await name(client, v3(snmpd, "full", "SHA", "AES", privacy="wrong-key-12345"))


async def test_one_name_with_two_keys_does_not_disturb_the_right_one(
    snmpd: Snmpd, client: Client
) -> None:
    good, bad = v3(snmpd, "full", "SHA", "AES"), v3(snmpd, "full", "SHA", "AES", auth="x" * 12)
    client.register([good, bad])
    for _ in range(2):
        assert await name(client, good) == b"peer-box"
        with pytest.raises(SnmpDenied):
            await name(client, bad)


async def test_a_dead_address_is_a_timeout_after_two_tries(client: Client) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(SnmpTimeout):
        await name(client, Peer("127.0.0.1", 9, community=COMMUNITY))
    assert 0.6 < asyncio.get_running_loop().time() - began < 2.5


@pytest.mark.parametrize("forget", [False, True])
async def test_a_restarted_device_is_followed(client: Client, forget: bool) -> None:
    from tests.peers import snmpd as peers

    with peers.running() as mine:
        peer = v3(mine, "full", "SHA", "AES")
        assert await name(client, peer) == b"peer-box"
        mine.restart(forget=forget)
        for _ in range(3):  # the first answer may be spent on learning the new clock
            try:
                assert await name(client, peer) == b"peer-box"
                return
            except SnmpError as error:
                last = error
        raise AssertionError(f"still refused: {last}")


@pytest.mark.parametrize(
    ("peer", "says"),
    [
        (Peer("no address", 161), "IP address"),
        (Peer("127.0.0.1", 161, "1"), "version"),
        (Peer("127.0.0.1", 161, "3", "", "u", "SHA3", "12345678"), "protocol"),
        (Peer("127.0.0.1", 161, "3", "", "u", "SHA", "short"), "8 characters"),
        (Peer("127.0.0.1", 161, "3", "", "u", "SHA"), "8 characters"),
        (Peer("127.0.0.1", 161, "3", "", "u", "", "", "AES", "12345678"), "authentication"),
        (Peer("127.0.0.1", 161, "3"), "user name"),
    ],
)
async def test_settings_that_cannot_work_are_refused_with_the_reason(
    client: Client, peer: Peer, says: str
) -> None:
    with pytest.raises(SnmpUnsupported, match=says):
        await name(client, peer)
