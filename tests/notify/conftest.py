"""An outbox, and a real mail server to empty it into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from schoolops.core.clock import FixedClock
from schoolops.core.secretfiles import write_secret
from schoolops.core.settings import MailSettings
from schoolops.db.engine import Store
from schoolops.notify import service, tasks
from schoolops.notify.models import mail
from tests.peers.smtp import PASSWORD, USER, MailServer, ca_file, mail_server

__all__ = ["ca_file", "mail_server"]

SENDER = "Schul-IT Köln <schul-it@city.example>"


def settings_for(server: MailServer, ca: Path, **more: Any) -> MailSettings:
    """Settings that lead to the server."""
    given = {
        "host": server.host, "port": server.port, "tls": "starttls", "ca_file": str(ca),
        "username": USER, "sender": SENDER, "timeout_s": 2,
    } | more  # fmt: skip
    return MailSettings(**given)


@dataclass
class Outbox:
    """A store whose mail goes to the test's server."""

    store: Store
    clock: FixedClock
    names: list[str] = field(default_factory=list)

    def post(self, *names: str, until: int | None = None) -> None:
        """A test notice for each of these people."""
        people = [f"{name}@city.example" for name in names]
        with self.store.write() as unit:
            service.post(unit, "test", people, {}, until)

    def send(self, after_s: float = 0) -> None:
        """What the worker does, some seconds later."""
        self.clock.advance(after_s)
        tasks.send_due(self.store)

    def rows(self) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.execute(select(mail).order_by(mail.c.id)).all())

    @property
    def states(self) -> list[str]:
        return [row.state for row in self.rows()]


@pytest.fixture
def outbox_of(store: Store, clock: FixedClock, home: Path, ca_file: Path) -> Callable[..., Outbox]:
    """An outbox before a server."""

    def make(server: MailServer, **settings: Any) -> Outbox:
        write_secret(home / "keys" / "mail.secret", PASSWORD)
        store.settings.mail = settings_for(server, ca_file, **settings)
        return Outbox(store, clock)

    return make


@pytest.fixture
def outbox(outbox_of: Callable[..., Outbox], mail_server: MailServer) -> Outbox:
    """An outbox before a server with STARTTLS and a sign-in."""
    return outbox_of(mail_server)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """What schoolops itself wrote to the log; the test's server writes there too."""
    return "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("schoolops"))
