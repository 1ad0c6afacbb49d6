"""The SNMP client: one pysnmp engine for all devices, v2c and v3, bounded walks.

pysnmp is imported when the first client is made. What it costs decides how it is used here:
values are passed as plain OIDs (no MIB lookup at all), targets are registered before the first
request (each registration spoils a cache that the next request rebuilds), and OIDs are made
into pysnmp's objects once.

A client belongs to the asyncio loop it is made in. Errors are those of `agents.snmp.errors`.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from agents.protocol import Target
from agents.snmp.ber import Oid
from agents.snmp.errors import (
    SnmpBadAnswer,
    SnmpDenied,
    SnmpError,
    SnmpMissing,
    SnmpTimeout,
    SnmpUnsupported,
)

Value = int | bytes | Oid | None
REPETITIONS = 24
MAX_ROWS = 4096

_AUTH = {
    "": "USM_AUTH_NONE",
    "MD5": "USM_AUTH_HMAC96_MD5",
    "SHA": "USM_AUTH_HMAC96_SHA",
    "SHA1": "USM_AUTH_HMAC96_SHA",
    "SHA224": "USM_AUTH_HMAC128_SHA224",
    "SHA256": "USM_AUTH_HMAC192_SHA256",
    "SHA384": "USM_AUTH_HMAC256_SHA384",
    "SHA512": "USM_AUTH_HMAC384_SHA512",
}
_PRIVACY = {
    "": "USM_PRIV_NONE",
    "DES": "USM_PRIV_CBC56_DES",
    "AES": "USM_PRIV_CFB128_AES",
    "AES128": "USM_PRIV_CFB128_AES",
    # Two ways to stretch a key: the draft's (net-snmp, most makers) and Reeder's (Cisco).
    "AES192": "USM_PRIV_CFB192_AES_BLUMENTHAL",
    "AES256": "USM_PRIV_CFB256_AES_BLUMENTHAL",
    "AES192C": "USM_PRIV_CFB192_AES",
    "AES256C": "USM_PRIV_CFB256_AES",
}
_DENIED = {
    "UnknownUserName": "the device does not know this SNMP v3 user",
    "UnknownSecurityName": "the device does not know this SNMP v3 user",
    "WrongDigest": "the authentication key or protocol is wrong",
    "AuthenticationFailure": "the authentication key or protocol is wrong",
    "AuthenticationError": "the authentication key or protocol is wrong",
    "DecryptionError": "the privacy key or protocol is wrong",
    "UnsupportedSecurityLevel": "the device does not allow this security level for the user",
    "NotInTimeWindow": "the SNMP clock of the device cannot be followed: has it lost its boots?",
}
_STATUS = {
    1: "the answer would be too big",
    2: "the device has no such variable",
    5: "the device reports a general error",
    6: "the device denies access",
    16: "the device denies access: the user has no rights on this view",
}


class Peer(NamedTuple):
    """How to talk to one device: everything that makes a different registration."""

    address: str
    port: int = 161
    version: str = "2c"
    community: str = ""
    username: str = ""
    auth_protocol: str = ""
    auth_key: str = ""
    privacy_protocol: str = ""
    privacy_key: str = ""

    def __repr__(self) -> str:
        return f"Peer({self.address}:{self.port}, v{self.version})"


def peer_of(target: Target) -> Peer:
    """The peer that a target of the config names."""
    if target.snmp_version.lstrip("v") in ("2c", "2"):
        return Peer(target.address, target.port, "2c", target.community)
    return Peer(target.address, target.port, target.snmp_version.lstrip("v"), "",
                target.username, target.auth_protocol.upper().replace("-", ""), target.auth_key,
                target.privacy_protocol.upper().replace("-", ""), target.privacy_key)  # fmt: skip


class _Registered(NamedTuple):
    engine: _Engine
    name: str


class _Engine:
    """A pysnmp engine with what is registered in it.

    One serves all devices. pysnmp keeps one set of keys for a v3 user name, so a second engine
    is made where two schools use one name with different keys.
    """

    def __init__(self, modules: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.engine = modules.engine.SnmpEngine()
        self._modules, self._loop = modules, loop
        self._open: set[int] = set()
        self._communities: dict[str, str] = {}
        self._users: dict[str, tuple[str, ...]] = {}
        self._params: dict[tuple[str, str], str] = {}
        self._count = 0

    def takes(self, peer: Peer) -> bool:
        """Whether the peer's user name is free here, or has the same keys."""
        return peer.version != "3" or self._users.get(peer.username, peer[5:]) == peer[5:]

    def add(self, peer: Peer, timeout_s: float, tries: int) -> str:
        """Register an address; returns the name under which it is asked."""
        config = self._modules.config
        ip = ipaddress.ip_address(peer.address)
        if peer.version == "3":
            user, level, model = self._user(peer), security_level(peer), 3
        else:
            user, level, model = self._community(peer.community), "noAuthNoPriv", 1
        if (user, level) not in self._params:
            params = self._params[user, level] = self._name("p")
            config.add_target_parameters(self.engine, params, user, level, model)
        name = self._name("a")
        where = (peer.address, peer.port) if ip.version == 4 else (peer.address, peer.port, 0, 0)
        config.add_target_address(self.engine, name, self._transport(ip.version), where,
                                  self._params[user, level], timeout_s * 100,
                                  tries - 1)  # fmt: skip
        return name

    def forget(self, peer: Peer) -> None:
        """Drop the v3 engine id and clock learnt from an address.

        pysnmp keeps them for good and answers nothing but time-outs when the device comes back
        with another engine id or a smaller boot count (flashed, or replaced under its address).
        It has no call for this, hence the reach into its caches; the queues go along, since a
        missing entry would end its timer.
        """
        messages = self.engine.message_processing_subsystems.get(3)
        security = self.engine.security_models.get(3)
        learnt = getattr(messages, "_SnmpV3MessageProcessingModel__engineIdCache", {})
        queue = getattr(messages, "_SnmpV3MessageProcessingModel__engineIdCacheExpQueue", {})
        clocks = getattr(security, "_SnmpUSMSecurityModel__timeline", {})
        for key in [key for key in learnt if tuple(key[1])[:2] == (peer.address, peer.port)]:
            clocks.pop(learnt.pop(key)["securityEngineId"], None)
            for waiting in queue.values():
                waiting[:] = [other for other in waiting if other != key]

    def remove(self, name: str) -> None:
        self._modules.config.delete_target_address(self.engine, name)

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def _transport(self, version: int) -> Any:
        module = self._modules.udp if version == 4 else self._modules.udp6
        if version not in self._open:
            kind = module.UdpAsyncioTransport if version == 4 else module.Udp6AsyncioTransport
            self._modules.config.add_transport(
                self.engine, module.DOMAIN_NAME, kind(loop=self._loop).open_client_mode()
            )
            self._open.add(version)
        return module.DOMAIN_NAME

    def _community(self, community: str) -> str:
        if community not in self._communities:
            name = self._communities[community] = self._name("c")
            self._modules.config.add_v1_system(self.engine, name, community, securityName=name)
        return self._communities[community]

    def _user(self, peer: Peer) -> str:
        if peer.username not in self._users:
            config = self._modules.config
            config.add_v3_user(
                self.engine, peer.username,
                getattr(config, _AUTH[peer.auth_protocol]), peer.auth_key or None,
                getattr(config, _PRIVACY[peer.privacy_protocol]), peer.privacy_key or None,
            )  # fmt: skip
            self._users[peer.username] = peer[5:]
        return peer.username


def security_level(peer: Peer) -> str:
    """What the peer's protocols add up to."""
    if peer.privacy_protocol:
        return "authPriv"
    return "authNoPriv" if peer.auth_protocol else "noAuthNoPriv"


def check(peer: Peer) -> None:
    """Raise SnmpUnsupported, with what to do, if the settings cannot work."""
    try:
        ipaddress.ip_address(peer.address)
    except ValueError:
        raise SnmpUnsupported(f"{peer.address!r} is no IP address") from None
    if peer.version == "2c":
        return
    if peer.version != "3":
        raise SnmpUnsupported(f"SNMP version {peer.version!r} is not supported: use 2c or 3")
    if not peer.username:
        raise SnmpUnsupported("SNMP v3 needs a user name")
    for protocol, key, known, what in (
        (peer.auth_protocol, peer.auth_key, _AUTH, "authentication"),
        (peer.privacy_protocol, peer.privacy_key, _PRIVACY, "privacy"),
    ):
        if protocol not in known:
            names = ", ".join(name for name in known if name)
            raise SnmpUnsupported(f"unknown {what} protocol {protocol!r}: use {names}")
        if protocol and len(key) < 8:
            raise SnmpUnsupported(f"the {what} key needs at least 8 characters")
    if peer.privacy_protocol and not peer.auth_protocol:
        raise SnmpUnsupported("SNMP v3 privacy needs authentication as well")


class SnmpClient:
    """Asks devices. `timeout_s` holds for one try; there are `tries` of them."""

    name = "pysnmp"

    def __init__(self, timeout_s: float = 2.0, tries: int = 2) -> None:
        try:
            from pysnmp.carrier.asyncio.dgram import udp, udp6
            from pysnmp.entity import config, engine
            from pysnmp.entity.rfc3413 import cmdgen
            from pysnmp.proto import rfc1902
        except ImportError:
            raise SnmpMissing(
                "SNMP needs the extra: install schoolops[snmp], or pysnmp beside the agent"
            ) from None
        self._modules = SimpleNamespace(udp=udp, udp6=udp6, config=config, engine=engine)
        self._loop = asyncio.get_running_loop()
        self._types = rfc1902
        self._timeout_s, self._tries = timeout_s, tries
        self._engines: list[_Engine] = []
        self._get = cmdgen.GetCommandGenerator()
        self._bulk = cmdgen.BulkCommandGeneratorSingleRun()
        self._peers: dict[Peer, _Registered] = {}
        self._oids: dict[Oid, Any] = {}
        self._null = rfc1902.Null("")

    def register(self, peers: Iterable[Peer], *, keep: bool = False) -> dict[Peer, SnmpError]:
        """Make devices known before they are asked, and forget those not named any more, but for
        `keep`.

        Returns the peers that cannot be asked, with the reason.
        """
        wanted = set(peers)
        for peer in () if keep else self._peers.keys() - wanted:
            gone = self._peers.pop(peer)
            gone.engine.remove(gone.name)
        refused: dict[Peer, SnmpError] = {}
        for peer in wanted - self._peers.keys():
            try:
                self._add(peer)
            except SnmpError as error:
                refused[peer] = error
        return refused

    def _add(self, peer: Peer) -> _Registered:
        check(peer)
        engine = next((engine for engine in self._engines if engine.takes(peer)), None)
        if engine is None:
            engine = _Engine(self._modules, self._loop)
            self._engines.append(engine)
        try:
            registered = _Registered(engine, engine.add(peer, self._timeout_s, self._tries))
        except Exception as error:
            raise _translate(error) from None
        self._peers[peer] = registered
        return registered

    # Requests ---------------------------------------------------------------------------------

    async def get(self, peer: Peer, oids: Sequence[Oid]) -> dict[Oid, Value]:
        """The values of single variables; None for what the device does not have."""
        answer = await self._ask(peer, self._get.send_varbinds, self._binds(oids))
        if len(answer) != len(oids):
            raise SnmpBadAnswer("the answer has another number of variables than the question")
        return {oid: value for oid, (_, value) in zip(oids, answer, strict=True)}

    async def walk(
        self,
        peer: Peer,
        columns: Sequence[Oid],
        max_rows: int = MAX_ROWS,
        expected: int | None = None,
    ) -> dict[Oid, dict[Oid, Value]]:
        """Columns of a table side by side: row index → column → value.

        Ends at `max_rows` rows. The columns of a row that the device does not have are left
        out. With the number of rows `expected` no more than that and one are asked for: each
        variable that is not wanted costs as much as one that is. Raises SnmpBadAnswer if the
        OIDs do not increase (a device that loops).
        """
        rows: dict[Oid, dict[Oid, Value]] = {}
        places = {column: column for column in columns}
        size = most = max(4, min(REPETITIONS, 120 // len(columns)))
        if expected is None:
            size = min(most, 8)
        while places and len(rows) <= max_rows:
            heads = list(places)
            if expected is not None:
                size = max(1, min(most, expected + 1 - len(rows)))
            answer = await self._ask(
                peer, self._bulk.send_varbinds, self._binds(places.values()), 0, size
            )
            if not answer:
                raise SnmpBadAnswer("the device answers a walk with nothing")
            for number, (oid, value) in enumerate(answer):
                column = heads[number % len(heads)]
                if column not in places:
                    continue
                if value is None or oid[: len(column)] != column:
                    del places[column]
                elif oid <= places[column]:
                    raise SnmpBadAnswer("the device's OIDs do not increase")
                else:
                    places[column] = oid
                    rows.setdefault(oid[len(column) :], {})[column] = value
            size = most
        return dict(list(rows.items())[:max_rows])

    def _binds(self, oids: Iterable[Oid]) -> list[tuple[Any, Any]]:
        binds = []
        for oid in oids:
            name = self._oids.get(oid)
            if name is None:
                if len(self._oids) > 20_000:
                    self._oids.clear()
                name = self._oids[oid] = self._types.ObjectName(oid)
            binds.append((name, self._null))
        return binds

    async def _ask(self, peer: Peer, send: Any, binds: Any, *bulk: int) -> list[tuple[Oid, Value]]:
        registered = self._peers.get(peer) or self._add(peer)
        future: asyncio.Future[list[tuple[Oid, Value]]] = self._loop.create_future()
        try:
            send(
                registered.engine.engine,
                registered.name,
                None,
                "",
                *bulk,
                binds,
                self._answered,
                future,
            )
        except Exception as error:
            raise _translate(error) from None
        try:
            return await future
        except SnmpError:
            if peer.version == "3":
                registered.engine.forget(peer)
            raise

    def _answered(
        self, engine: Any, handle: Any, indication: Any, status: Any, index: Any, binds: Any,
        future: asyncio.Future[list[tuple[Oid, Value]]],
    ) -> None:  # fmt: skip
        if future.done():
            return
        if indication:
            future.set_exception(_translate(indication))
        elif int(status):
            text = _STATUS.get(int(status), f"the device answers with SNMP error {int(status)}")
            future.set_exception(SnmpDenied(text))
        else:
            try:
                future.set_result([(tuple(oid), _plain(value)) for oid, value in binds])
            except Exception:
                future.set_exception(SnmpBadAnswer("the answer holds an unknown type"))

    def close(self) -> None:
        """Close the sockets. The client is of no use afterwards."""
        for engine in self._engines:
            engine.engine.close_dispatcher()
        self._engines.clear()
        self._peers.clear()


def _translate(indication: Any) -> SnmpError:
    """pysnmp's error as one of ours. Its own text is never passed on: it may hold keys."""
    names = {kind.__name__ for kind in type(indication).__mro__}
    fields = getattr(indication, "args", ())
    if fields and isinstance(fields[0], dict):  # StatusInformation wraps the reason
        names |= {k.__name__ for k in type(fields[0].get("errorIndication")).__mro__}
    for name, text in _DENIED.items():
        if name in names:
            return SnmpDenied(text)
    if "RequestTimedOut" in names:
        return SnmpTimeout("no answer: it is off, unreachable, or the community is wrong")
    if "CarrierError" in names or "OSError" in names:
        return SnmpTimeout("its address cannot be reached from here")
    return SnmpBadAnswer(f"the answer is not valid SNMP ({type(indication).__name__})")


def _plain(value: Any) -> Value:
    """pysnmp's value as an int, bytes, an OID, or None for the three exceptions and NULL."""
    tag = type(value).__name__
    if tag in ("NoSuchObject", "NoSuchInstance", "EndOfMibView", "Null"):
        return None
    if tag == "ObjectIdentifier":
        return tuple(value)
    if hasattr(value, "asOctets"):
        return bytes(value)
    return int(value)
