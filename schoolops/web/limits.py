"""How often somebody may try: per address and per account, in bounded memory.

Refused attempts are counted and booked as sums into the audit once a minute: who hammers at the
door with ten thousand guesses is one visible line, not ten thousand.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

from fastapi.concurrency import run_in_threadpool

from schoolops.db.engine import Store

log = logging.getLogger("schoolops.web")

PROOF = "schoolops.proof"
"""Entry of a request's scope: whether what it proved itself with is known; absent: it did not."""

KEYS = 10_000
"""Addresses, accounts or credentials that are remembered; the longest unseen are forgotten."""


class Rate:
    """`burst` tries at once, then `per_minute`; one bucket a key."""

    def __init__(
        self, burst: int, per_minute: float, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.burst = burst
        self.per_s = per_minute / 60
        self._now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def left(self, key: str) -> float:
        """Tries that are left; below 1 there is none."""
        with self._lock:
            return self._filled(key)

    def take(self, key: str, number: float = 1) -> bool:
        """Use up tries; False when there are not enough (then nothing is used up)."""
        with self._lock:
            left = self._filled(key)
            if left < number:
                return False
            self._left[key] = (left - number, self._now())
            self._left.move_to_end(key)
            if len(self._left) > KEYS:
                self._left.popitem(last=False)
            return True

    def wait_s(self, key: str) -> int:
        """Seconds until the next try is free."""
        return max(1, round((1 - self.left(key)) / self.per_s))

    def _filled(self, key: str) -> float:
        left, at = self._left.get(key, (float(self.burst), self._now()))
        return min(float(self.burst), left + (self._now() - at) * self.per_s)


class Booked:
    """Counts that go into the audit as sums, once a minute and at the end of the server."""

    def book(self, store: Store) -> None:
        """Write the sums since the last call."""
        raise NotImplementedError

    @contextlib.asynccontextmanager
    async def booked(self, store: Store, every_s: float = 60.0) -> AsyncIterator[None]:
        """Book every minute as long as the server runs, and once at its end."""
        task = asyncio.create_task(self._book_on(store, every_s))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await run_in_threadpool(self.book, store)

    async def _book_on(self, store: Store, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await run_in_threadpool(self.book, store)
            except Exception:
                log.exception("could not book what was refused")


class Refusals(Booked):
    """What known people tried and may not do."""

    def __init__(self) -> None:
        self._sums: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()

    def note(self, actor: str, what: str) -> None:
        """One refusal. `what`: the route, not the address: that may name persons."""
        with self._lock:
            if actor in self._sums or len(self._sums) < KEYS:
                self._sums.setdefault(actor, Counter())[what] += 1

    def book(self, store: Store) -> None:
        with self._lock:
            sums, self._sums = self._sums, {}
        if not sums:
            return
        with store.write() as unit:
            for actor, what in sorted(sums.items()):
                most = dict(what.most_common(10))
                unit.audit("access refused", "account", actor, None, {"refused": most})


class Guesses(Booked):
    """Failed proofs of identity: tokens, session cookies, links that nobody gave out.

    An address that failed too often is sent away before its next try is looked at. Whoever
    proved a credential before goes on: a school behind one address is not locked out by one.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self.rate = Rate(60, 20, now=now)
        self._proven: OrderedDict[bytes, None] = OrderedDict()
        self._sums: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()
        self._lock = threading.Lock()

    def refuses(self, address: str, credential: bytes) -> bool:
        """Whether this request is not even looked at."""
        if self.rate.left(address) >= 1 or (credential and _digest(credential) in self._proven):
            return False
        self._count("too many tries", address)
        return True

    def note(self, address: str, credential: bytes, good: bool) -> None:
        """What became of a proof: known (`good`) or not."""
        digest = _digest(credential)
        if not good:
            self.rate.take(address)
            self._count("not known", address)
        with self._lock:
            self._proven.pop(digest, None)
            if good:
                self._proven[digest] = None
                if len(self._proven) > KEYS:
                    self._proven.popitem(last=False)

    def _count(self, why: str, address: str) -> None:
        with self._lock:
            self._sums[why] += 1
            if address in self._sources or len(self._sources) < KEYS:
                self._sources[address] += 1

    def take_sums(self) -> dict[str, Any] | None:
        """The sums since the last call; None when nothing was refused."""
        with self._lock:
            sums, sources = self._sums, self._sources
            self._sums, self._sources = Counter(), Counter()
        if not sums:
            return None
        # A part of the address tells a school from a stranger and no person from another.
        networks: Counter[str] = Counter()
        for address, number in sources.items():
            networks[network(address)] += number
        most = dict(networks.most_common(5))
        return {"refused": dict(sums), "addresses": len(sources), "most_from": most}

    def book(self, store: Store) -> None:
        """Write the sums into the audit."""
        sums = self.take_sums()
        if sums is not None:
            with store.write() as unit:
                unit.audit("sign-in refused", detail=sums)


def _digest(credential: bytes) -> bytes:
    return hashlib.sha256(credential).digest()


def address_of(scope: Any, trusted: Collection[str]) -> str:
    """Who asks: the peer's address, or what a trusted proxy says about it.

    An IPv6 address counts as its /64: whoever has one has all of them.
    """
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    if peer in trusted:
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                # The last one was added by the proxy itself; those before it anybody can write.
                peer = value.decode("latin-1").rpartition(",")[2].strip() or peer
    try:
        parsed = ipaddress.ip_address(peer)
    except ValueError:
        return peer[:45]
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def network(address: str) -> str:
    """The address without its last part, for the audit."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "other"
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def credential_of(scope: Any) -> bytes:
    """What the request proves itself with, as it stands in its head; empty for nothing."""
    return b"".join(
        value for name, value in scope["headers"] if name in (b"authorization", b"cookie")
    )


def is_https(scope: Any, trusted: Collection[str]) -> bool:
    """Whether the browser speaks TLS, with the server or with a trusted proxy."""
    if scope["scheme"] == "https":
        return True
    client = scope.get("client")
    if client and client[0] in trusted:
        return any(
            name == b"x-forwarded-proto" and value == b"https" for name, value in scope["headers"]
        )
    return False
