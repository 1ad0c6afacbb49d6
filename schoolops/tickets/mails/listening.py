"""Taking mails from a mail server that delivers here, by LMTP or SMTP (the extra `mail-in`).

It takes what is addressed to the tickets' own address and nothing else, answers 250 only when the
mail is committed, and 451 when that cannot be, so that the mail server tries again: a mail lies
either there or here.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from schoolops.core.errors import Unusable
from schoolops.db.engine import Store
from schoolops.tickets import mailtokens
from schoolops.tickets.mails.booking import book

log = logging.getLogger("schoolops.tickets")

LARGEST = 40_000_000
"""Bytes of a mail; a larger one is refused with 552."""
LONGEST_LINE = 100_000
"""Bytes; 1000 are allowed, and programs that write more are common."""
SILENT_S = 60.0
MOST_AT_ONCE = 20
MOST_RECEIVERS = 50


class Handler:
    """Answers of one listener; each is a whole line of SMTP."""

    def __init__(self, store: Store, *, lmtp: bool) -> None:
        self._store, self._lmtp = store, lmtp
        self._own = store.settings.tickets.mail_address.lower()
        self._turns = asyncio.Semaphore(2)

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if mailtokens.without(address) != self._own:
            return "550 5.7.1 no mail for this address is taken here"
        if len(envelope.rcpt_tos) >= MOST_RECEIVERS:
            return "452 4.5.3 too many receivers"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        async with self._turns:
            answer = await asyncio.to_thread(self._book, envelope)
        # LMTP answers for each receiver.
        return "\r\n".join([answer] * len(envelope.rcpt_tos)) if self._lmtp else answer

    def _book(self, envelope: Any) -> str:
        try:
            with self._store.write() as unit:
                booked = book(
                    unit, envelope.original_content, self._own,
                    null_sender=envelope.mail_from in (None, "", "<>"), to=tuple(envelope.rcpt_tos),
                )  # fmt: skip
        except Exception as error:
            # Whatever it is, the mail server has it still, and tries again.
            log.error("a mail could not be booked: %s", type(error).__name__)
            return "451 4.3.0 it cannot be kept now, try again"
        return f"250 2.0.0 {booked.state}"


class Listener:
    """The listener of a server; one thread with its own loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        given = urlsplit(store.settings.tickets.mail_listen)
        self._lmtp = given.scheme == "lmtp"
        self._host, self._port = given.hostname or "127.0.0.1", given.port or 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail in", daemon=True)
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def start(self) -> None:
        """Raises `Unusable` when the extra is missing or the address is taken."""
        if find_spec("aiosmtpd") is None:
            raise Unusable(
                "tickets.mail_listen needs the extra mail-in: pip install 'schoolops[mail-in]'",
                code="setup.mail",
            )
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        except OSError as error:
            self.stop()
            raise Unusable(
                f"nothing can listen at tickets.mail_listen ({self._host}:{self._port}): "
                f"{error.strerror or error}",
                code="setup.mail",
            ) from None

    async def _open(self) -> None:
        from aiosmtpd.lmtp import LMTP
        from aiosmtpd.smtp import SMTP

        base: Any = LMTP if self._lmtp else SMTP
        protocol = type("Protocol", (base,), {"line_length_limit": LONGEST_LINE})
        handler = Handler(self._store, lmtp=self._lmtp)
        open_: set[Any] = set()

        def make() -> Any:
            made = protocol(
                handler, data_size_limit=LARGEST, hostname="schoolops", ident="schoolops",
                timeout=SILENT_S, loop=self._loop,
            )  # fmt: skip
            if len(open_) >= MOST_AT_ONCE:
                return _Busy()
            open_.add(made)
            lost = made.connection_lost

            def forget(error: Exception | None) -> None:
                open_.discard(made)
                lost(error)

            made.connection_lost = forget
            return made

        self._server = await self._loop.create_server(make, self._host, self._port)

    def stop(self) -> None:
        """End; what is being booked is booked or not, and its sender knows which."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(15)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _Busy(asyncio.Protocol):
    """Sends away who comes while too many are served."""

    def connection_made(self, transport: Any) -> None:
        transport.write(b"421 4.3.2 too many connections, try again\r\n")
        transport.close()


def listening(store: Store) -> Listener | None:
    """The started listener of the settings; None without one, and (logged) when it cannot be."""
    if not store.settings.tickets.mail_listen:
        return None
    listener = Listener(store)
    try:
        listener.start()
    except Unusable as error:
        log.error("%s", error.detail)
        return None
    return listener
