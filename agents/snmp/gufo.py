"""The fast SNMP client: gufo-snmp for v2c, pysnmp for all that gufo does not do rightly.

gufo-snmp (0.13) reads and writes messages in Rust. What it leaves out decides how it is used:

- It does not check the signature of a v3 answer, so that anybody on the way could forge one: v3 is
  pysnmp's.
- It does not look at the error status of an answer. What is refused looks like what is missing, so
  each GET asks for the clock, too, and the end of a device's MIB is believed once pysnmp has seen
  it at the same place.
- It walks one column at a time, and does not see that a device's OIDs do not increase.
- Some answers that are no SNMP make it panic, which Rust tells on standard error: a device that has
  sent such a one is pysnmp's from then on.

A device has a socket of its own while it is asked; `MOST_OPEN` stay open for the next time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

from agents.snmp.ber import Oid, parse_oid
from agents.snmp.client import MAX_ROWS, REPETITIONS, Peer, SnmpClient, Value, check
from agents.snmp.errors import SnmpBadAnswer, SnmpError, SnmpMissing, SnmpTimeout
from agents.snmp.oids import SYS_UPTIME

MOST_OPEN = 512

_SILENT, _END, _PANIC = object(), object(), object()


class _Unreadable(Exception):
    """An answer that gufo cannot read."""


class GufoClient:
    """Asks devices. `timeout_s` holds for one try; there are `tries` of them."""

    name = "gufo-snmp"

    def __init__(self, timeout_s: float = 2.0, tries: int = 2) -> None:
        try:
            from gufo.snmp import _fast
        except ImportError:
            raise SnmpMissing(
                "the fast SNMP client needs its extra: install schoolops[fast-snmp]"
            ) from None
        self._socket, self._iterator = _fast.SnmpV2cClientSocket, _fast.GetIter
        self._loop = asyncio.get_running_loop()
        self._timeout_s, self._tries = timeout_s, tries
        self._checked: set[Peer] = set()
        self._lines: dict[Peer, _Line] = {}
        """Open sockets, the one used last at the end."""
        self._ends: set[tuple[Peer, str]] = set()
        """Where pysnmp has seen a device's MIB end."""
        self._unreadable: set[Peer] = set()
        self._slow: SnmpClient | None = None

    def register(self, peers: Iterable[Peer], *, keep: bool = False) -> dict[Peer, SnmpError]:
        """Make devices known before they are asked, and forget those not named any more, but for
        `keep`. Returns the peers that cannot be asked, with the reason."""
        wanted = set(peers)
        mine = set(filter(self._is_mine, wanted))
        refused: dict[Peer, SnmpError] = {}
        if not keep:
            self._checked &= mine
            self._unreadable &= wanted
            for peer in self._lines.keys() - mine:
                self._close(peer)
            self._ends = {end for end in self._ends if end[0] in mine}
        for peer in mine - self._checked:
            try:
                check(peer)
                self._checked.add(peer)
            except SnmpError as error:
                refused[peer] = error
        others = wanted - mine
        if others or self._slow is not None:
            try:
                refused |= self._pysnmp().register(others, keep=keep)
            except SnmpMissing as error:
                refused |= dict.fromkeys(others, error)
        return refused

    async def get(self, peer: Peer, oids: Sequence[Oid]) -> dict[Oid, Value]:
        """The values of single variables; None for what the device does not have."""
        if self._is_mine(peer):
            with suppress(_Unreadable):
                return await self._get(peer, oids)
        return await self._pysnmp().get(peer, oids)

    async def _get(self, peer: Peer, oids: Sequence[Oid]) -> dict[Oid, Value]:
        names = [_text(oid) for oid in oids]
        asked = names if SYS_UPTIME in oids else [*names, _text(SYS_UPTIME)]
        answer = await self._ask(peer, "get_many", asked)
        if _text(SYS_UPTIME) not in answer:
            return await self._pysnmp().get(peer, oids)
        return {
            oid: _plain(answer[name]) if name in answer else None
            for oid, name in zip(oids, names, strict=True)
        }

    async def walk(
        self,
        peer: Peer,
        columns: Sequence[Oid],
        max_rows: int = MAX_ROWS,
        expected: int | None = None,
    ) -> dict[Oid, dict[Oid, Value]]:
        """Columns of a table side by side: row index → column → value, as pysnmp's client."""
        if self._is_mine(peer):
            with suppress(_Unreadable):
                return await self._walk(peer, columns, max_rows, expected)
        return await self._pysnmp().walk(peer, columns, max_rows, expected)

    async def _walk(
        self, peer: Peer, columns: Sequence[Oid], max_rows: int, expected: int | None
    ) -> dict[Oid, dict[Oid, Value]]:
        rows: dict[Oid, dict[Oid, Value]] = {}
        for column in columns:
            end = await self._column(peer, column, max_rows, expected, rows)
            if end and (peer, end) not in self._ends:
                rows = await self._pysnmp().walk(peer, columns, max_rows, expected)
                self._ends.add((peer, end))
                return rows
        return dict(list(rows.items())[:max_rows])

    async def _column(
        self,
        peer: Peer,
        column: Oid,
        max_rows: int,
        expected: int | None,
        rows: dict[Oid, dict[Oid, Value]],
    ) -> str:
        """Read a column into `rows`. Returns after which variable the device told no more, or ''
        if another column follows."""
        place = _text(column)
        prefix = len(place) + 1
        size = REPETITIONS if expected is None else max(1, min(REPETITIONS, expected + 1))
        question = self._iterator(place, size)
        last: Oid = ()
        count = 0
        while count <= max_rows:
            answer = await self._ask(peer, "get_bulk", question)
            if answer is _END:
                return place
            for found in answer:
                if found is None:
                    return ""
                place, value = found
                index = _oid(place[prefix:])
                if index <= last:
                    raise SnmpBadAnswer("the device's OIDs do not increase")
                last = index
                rows.setdefault(index, {})[column] = _plain(value)
                count += 1
        return ""

    def _is_mine(self, peer: Peer) -> bool:
        """Whether gufo asks: SNMP v2c with a plain community, to a plain address."""
        return (
            peer.version == "2c"
            and peer.community.isascii()
            and "%" not in peer.address
            and peer not in self._unreadable
        )

    # Questions --------------------------------------------------------------------------------

    async def _ask(self, peer: Peer, what: str, question: Any) -> Any:
        """Send a question, again after `timeout_s`; the answer, or _END. Raises SnmpTimeout, and
        _Unreadable."""
        line = self._lines.pop(peer, None) or self._open(peer)
        self._lines[peer] = line
        async with line.turn:
            for _ in range(self._tries):
                answer = await line.ask(what, question, self._timeout_s)
                if answer is _PANIC:
                    self._unreadable.add(peer)
                    raise _Unreadable
                if answer is not _SILENT:
                    return answer
        raise SnmpTimeout("no answer: it is off, unreachable, or the community is wrong")

    def _open(self, peer: Peer) -> _Line:
        check(peer)
        if len(self._lines) >= MOST_OPEN:
            for other, line in self._lines.items():
                if not line.turn.locked():
                    self._close(other)
                    break
        where = f"[{peer.address}]" if ":" in peer.address else peer.address
        try:
            socket = self._socket(f"{where}:{peer.port}", peer.community, 0, 0, 0, 0)
        except OSError:
            raise SnmpTimeout("its address cannot be reached from here") from None
        return _Line(socket, self._loop)

    def _close(self, peer: Peer) -> None:
        self._lines.pop(peer).close()

    def _pysnmp(self) -> SnmpClient:
        if self._slow is None:
            self._slow = SnmpClient(self._timeout_s, self._tries)
        return self._slow

    def close(self) -> None:
        """Close the sockets. The client is of no use afterwards."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()
        if self._slow is not None:
            self._slow.close()


class _Line:
    """The socket to one device; one question at a time is open, by who holds `turn`."""

    __slots__ = ("_loop", "_question", "_receive", "_socket", "_waiting", "turn")

    def __init__(self, socket: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.turn = asyncio.Lock()
        self._socket, self._loop = socket, loop
        self._question: Any = None
        self._receive: Callable[[], Any] = socket.recv_get_many
        self._waiting: asyncio.Future[Any] | None = None
        loop.add_reader(socket.get_fd(), self._readable)

    async def ask(self, what: str, question: Any, timeout_s: float) -> Any:
        """The answer, _END, _PANIC, or _SILENT after `timeout_s`."""
        receive = getattr(self._socket, "recv_" + what)
        self._receive = receive if what == "get_many" else partial(receive, question)
        waiting = self._waiting = self._loop.create_future()
        timer = self._loop.call_later(timeout_s, self._give_up, waiting)
        try:
            getattr(self._socket, "send_" + what)(question)
            return await waiting
        except OSError:
            raise SnmpTimeout("its address cannot be reached from here") from None
        finally:
            timer.cancel()
            self._waiting = None

    def _readable(self) -> None:
        try:
            answer = self._receive()
        except StopAsyncIteration:
            answer = _END
        except Exception:
            return  # nothing there, not an answer to this question, or none that can be read
        except BaseException:  # pyo3's PanicException, which is no Exception
            answer = _PANIC
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)

    @staticmethod
    def _give_up(waiting: asyncio.Future[Any]) -> None:
        if not waiting.done():
            waiting.set_result(_SILENT)

    def close(self) -> None:
        self._loop.remove_reader(self._socket.get_fd())
        if self._waiting is not None:
            self._give_up(self._waiting)


@lru_cache(maxsize=65_536)
def _text(oid: Oid) -> str:
    return ".".join(map(str, oid))


_oid = lru_cache(maxsize=65_536)(parse_oid)


def _plain(value: Any) -> Value:
    """gufo's value as pysnmp's client gives it: an OID and an address come as dotted text."""
    if isinstance(value, str):
        return _dotted(value)
    if isinstance(value, int | bytes):
        return value
    raise SnmpBadAnswer("the answer holds an unknown type")


@lru_cache(maxsize=65_536)
def _dotted(text: str) -> Value:
    try:
        numbers = parse_oid(text)
    except ValueError:
        raise SnmpBadAnswer("the answer holds an unknown type") from None
    # No object has a name of four numbers.
    return bytes(numbers) if len(numbers) == 4 and max(numbers) < 256 else numbers
