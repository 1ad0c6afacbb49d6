"""Unknown devices on the school's LAN: a slow, bounded sweep without raw sockets.

Every address of the config's networks that the server does not know is asked once over SNMP
v2c, and, where something is there, by TCP connects to 22, 80 and 443; at most 50 datagrams or
connects a second, 4,096 addresses (a /20) a sweep. On the LAN itself, the kernel's ARP table
tells after the first question where something is there.

Reported is what answers SNMP or has one of the ports open: equipment. A telephone or a private
tablet, of which the ARP table alone knows, is not: those addresses belong to persons.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from agents.duties.guess import guess_kind
from agents.log import say
from agents.protocol import Config, DiscoveredReport
from agents.snmp import ber, oids
from agents.snmp.profiles.lancom import LCOS_SERIAL, LX_SERIAL
from agents.snmp.profiles.mikrotik import SERIAL as MIKROTIK_SERIAL
from agents.snmp.reading import text

RATE = 50.0
MAX_ADDRESSES = 4096
MAX_FOUND = 1000
SNMP_WAIT_S = 2.0
TCP_WAIT_S = 1.5
TCP_PORTS = (22, 80, 443)
_QUESTION = (oids.SYS_DESCR, oids.SYS_OBJECT_ID, oids.SYS_NAME, MIKROTIK_SERIAL, LCOS_SERIAL,
             LX_SERIAL)  # fmt: skip

Report = tuple[str, NamedTuple]


class Found:
    """What a sweep learns about one address."""

    def __init__(self) -> None:
        self.values: dict[ber.Oid, ber.VarBind] = {}
        self.serial = ""
        self.ports: set[int] = set()
        self.snmp_port = 0


class DiscoveryDuty:
    """Sweeps the config's networks every `discover_every_s` seconds."""

    name = "discovery"

    def __init__(self, root: str = "/", *, rate: float = RATE) -> None:
        self._root, self._rate = root, rate
        self._stop = threading.Event()

    def interval_s(self, config: Config) -> float:
        """As configured; 0 without a network to sweep."""
        return config.discover_every_s if config.networks else 0

    def measure(self, config: Config, now_us: int) -> list[Report]:
        """One DiscoveredReport for each unknown piece of equipment. Takes minutes on a /20."""
        addresses = list(unknown_addresses(config, own_addresses(self._root)))
        found: dict[str, Found] = {}
        with _Prober(self._rate, self._stop) as prober:
            snmp_ports = sorted({161} | {t.port for t in config.targets if t.method == "snmp"})[:3]
            prober.ask_snmp(addresses, snmp_ports, config.discovery_community, found)
            neighbours = arp_table(self._root)
            links = on_link(self._root)
            there = [
                address
                for address in addresses
                if address not in found
                # Every loopback address is this machine: its own ports say nothing.
                and not address.startswith("127.")
                and (address in neighbours or not _inside(address, links))
            ]
            prober.connect(there, found)
            prober.ask_serials(found, config.discovery_community)
        macs = arp_table(self._root)
        reports = [_report(address, what, macs.get(address, "")) for address, what in found.items()]
        return [("discovered", report) for report in reports[:MAX_FOUND]]

    def close(self) -> None:
        """End a sweep that runs."""
        self._stop.set()


class _Prober:
    """Sends at an even pace, and gathers what comes back meanwhile."""

    def __init__(self, rate: float, stop: threading.Event) -> None:
        self._gap, self._next = 1.0 / rate, 0.0
        self._stop = stop
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._udp, select.POLLIN)
        self._open: dict[int, tuple[socket.socket, str, int, float]] = {}
        self._heard: Callable[[str, int, bytes], None] = lambda address, port, data: None
        self._found: dict[str, Found] = {}

    def __enter__(self) -> _Prober:
        return self

    def __exit__(self, *_: object) -> None:
        self._udp.close()
        for sock, *_rest in self._open.values():
            sock.close()

    def ask_snmp(
        self, addresses: Iterable[str], ports: list[int], community: str, found: dict[str, Found]
    ) -> None:
        """Ask everybody who they are."""
        binds = b"".join(ber.encode_varbind(oid, ber.NULL, None) for oid in _QUESTION)
        number = int.from_bytes(os.urandom(3), "big")
        question = ber.wrap(community.encode(), ber.GET, number, 0, 0, binds)

        def heard(address: str, port: int, data: bytes) -> None:
            message = _answer(data, number)
            if message is not None and port in ports:
                what = found.setdefault(address, Found())
                what.snmp_port = what.snmp_port or port
                what.values.update({bind.oid: bind for bind in message.varbinds})

        asked = set(addresses)
        self._heard = lambda address, port, data: (
            heard(address, port, data) if address in asked else None
        )
        for port in ports:
            for address in asked:
                if not self._pace():
                    return
                self._send(question, address, port)
        self._wait(SNMP_WAIT_S)

    def ask_serials(self, found: dict[str, Found], community: str) -> None:
        """The first serial number of ENTITY-MIB of everybody who answered SNMP."""
        number = int.from_bytes(os.urandom(3), "big")
        bind = ber.encode_varbind(oids.ENT_SERIAL, ber.NULL, None)
        question = ber.wrap(community.encode(), ber.GETBULK, number, 0, 8, bind)

        def heard(address: str, port: int, data: bytes) -> None:
            message = _answer(data, number)
            if message is not None and address in found and not found[address].serial:
                for oid, _, value in message.varbinds:
                    if oid[: len(oids.ENT_SERIAL)] == oids.ENT_SERIAL and isinstance(value, bytes):
                        found[address].serial = found[address].serial or text(value)[:64]

        self._heard = heard
        for address, what in found.items():
            if what.snmp_port:
                if not self._pace():
                    return
                self._send(question, address, what.snmp_port)
        if found:
            self._wait(SNMP_WAIT_S)

    def connect(self, addresses: Iterable[str], found: dict[str, Found]) -> None:
        """Try the ports of equipment where something is there."""
        self._found = found
        any_ = False
        for address in addresses:
            for port in TCP_PORTS:
                if not self._pace():
                    return
                any_ = True
                self._connect(address, port)
        if any_:
            self._wait(TCP_WAIT_S)

    def _send(self, data: bytes, address: str, port: int) -> None:
        try:
            self._udp.sendto(data, (address, port))
        except OSError:
            return  # no way there, or an earlier ICMP refusal

    def _connect(self, address: str, port: int) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        code = sock.connect_ex((address, port))
        if code == 0:
            self._found.setdefault(address, Found()).ports.add(port)
        if code != errno.EINPROGRESS:
            sock.close()
            return
        self._open[sock.fileno()] = (sock, address, port, time.monotonic())
        self._poll.register(sock, select.POLLOUT)

    def _pace(self) -> bool:
        """Listen until the next probe may go. False when the agent stops."""
        now = time.monotonic()
        self._next = max(self._next, now - self._gap)
        self._listen(max(0.0, self._next - now))
        self._next += self._gap
        return not self._stop.is_set()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._stop.is_set():
            self._listen(min(left, 0.25))

    def _listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            for number, _ in self._poll.poll(max(0.0, left) * 1000):
                if number == self._udp.fileno():
                    self._receive()
                else:
                    self._connected(number)
            now = time.monotonic()
            for number in [n for n, (*_, at) in self._open.items() if now - at > TCP_WAIT_S]:
                self._poll.unregister(number)
                self._open.pop(number)[0].close()
            if now >= end:
                return

    def _receive(self) -> None:
        try:
            data, sender = self._udp.recvfrom(65_535)
        except OSError:
            return
        self._heard(sender[0], sender[1], data)

    def _connected(self, number: int) -> None:
        self._poll.unregister(number)
        sock, address, port, _ = self._open.pop(number)
        with sock:
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                self._found.setdefault(address, Found()).ports.add(port)


def _answer(data: bytes, number: int) -> ber.Message | None:
    """A datagram as the answer to our question, or None."""
    try:
        message = ber.decode_message(data)
    except ber.BerError:
        return None
    good = message.pdu == ber.RESPONSE and message.request_id == number and not message.field1
    return message if good else None


def unknown_addresses(config: Config, own: Iterable[str] = ()) -> Iterator[str]:
    """The IPv4 addresses to sweep, at most `MAX_ADDRESSES`, without those already known."""
    known = {*config.known_addresses, *(t.address for t in config.targets), *own}
    left = MAX_ADDRESSES
    for text_ in config.networks:
        try:
            network = ipaddress.ip_network(text_.strip(), strict=False)
        except ValueError:
            say(f"discovery: {text_!r} is no network such as 10.1.0.0/22")
            continue
        if network.version != 4:
            say(f"discovery: {network} is not swept: IPv6 networks are too large")
            continue
        if network.num_addresses > left:
            say(f"discovery: {network} is not swept: more than {MAX_ADDRESSES} addresses in all")
            continue
        left -= network.num_addresses
        for address in network.hosts():
            if str(address) not in known:
                yield str(address)


def arp_table(root: str = "/") -> dict[str, str]:
    """Address → MAC of the neighbours the kernel has reached (/proc/net/arp)."""
    table = {}
    try:
        with open(os.path.join(root, "proc/net/arp"), encoding="ascii") as file:
            lines = file.readlines()[1:]
    except (OSError, ValueError):
        return {}
    for line in lines:
        fields = line.split()
        if len(fields) >= 4 and fields[2] != "0x0" and fields[3] != "00:00:00:00:00:00":
            table[fields[0]] = fields[3].lower()
    return table


def on_link(root: str = "/") -> list[ipaddress.IPv4Network]:
    """Networks that are reached without a router (/proc/net/route)."""
    networks = []
    try:
        with open(os.path.join(root, "proc/net/route"), encoding="ascii") as file:
            lines = file.readlines()[1:]
    except (OSError, ValueError):
        return []
    for line in lines:
        fields = line.split()
        if len(fields) >= 8 and fields[2] == "00000000" and fields[1] != "00000000":
            start, mask = (int.from_bytes(bytes.fromhex(fields[i])[::-1], "big") for i in (1, 7))
            prefix = bin(mask).count("1")
            networks.append(ipaddress.IPv4Network((start & mask, prefix)))
    return networks


def own_addresses(root: str = "/") -> set[str]:
    """This machine's addresses (the LOCAL entries of /proc/net/fib_trie), loopback left out."""
    addresses: set[str] = set()
    last = ""
    try:
        with open(os.path.join(root, "proc/net/fib_trie"), encoding="ascii") as file:
            for line in file:
                words = line.split()
                if words[:1] == ["|--"]:
                    last = words[1]
                elif words[:2] == ["/32", "host"] and words[2:3] == ["LOCAL"]:
                    addresses.add(last)
    except (OSError, ValueError, IndexError):
        return set()
    return {address for address in addresses if not address.startswith("127.")}


def _inside(address: str, networks: list[ipaddress.IPv4Network]) -> bool:
    parsed = ipaddress.IPv4Address(address)
    return any(parsed in network for network in networks)


def _report(address: str, what: Found, mac: str) -> DiscoveredReport:
    def value(oid: ber.Oid) -> ber.Value:
        bind = what.values.get(oid)
        return bind.value if bind else None

    def string(oid: ber.Oid, limit: int) -> str:
        found = value(oid)
        return text(found)[:limit] if isinstance(found, bytes) else ""

    object_id = value(oids.SYS_OBJECT_ID)
    description = string(oids.SYS_DESCR, 200)
    kind = guess_kind(object_id if isinstance(object_id, tuple) else (), description)
    if not description and what.ports:
        description = "open: " + ", ".join(str(port) for port in sorted(what.ports))
    serial = next(
        (s for o in (MIKROTIK_SERIAL, LCOS_SERIAL, LX_SERIAL) if (s := string(o, 64))), what.serial
    )
    return DiscoveredReport(address, mac, string(oids.SYS_NAME, 64), description, kind, serial)
