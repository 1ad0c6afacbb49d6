"""Who is told of an incident, when, and once."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from schoolops.alerts import schemas, service
from schoolops.core.clock import FixedClock
from schoolops.core.errors import Invalid
from schoolops.core.settings import Webhook
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.identity.models import account
from schoolops.notify import webhooks
from schoolops.notify.models import mail, webhook_call
from tests.alerts.town import ADMIN, Town


@pytest.fixture
def town(store: Store, clock: FixedClock) -> Town:
    settings = store.settings
    settings.mail.host, settings.mail.sender = "localhost", "schul-it@city.example"
    settings.alerts.mail_to = ["desk@city.example"]
    with store.write() as unit:
        for name in ("anna", "boss"):
            unit.connection.execute(
                insert(account),
                {"uid": name, "issuer": "i", "subject": name, "username": name,
                 "email": f"{name}@city.example", "first_seen_at": 1, "last_seen_at": 1,
                 "issued_at": 1},
            )  # fmt: skip
    return Town(store, clock, 4)


def told(town: Town) -> list[tuple[str, str]]:
    with town.store.read() as connection:
        rows = connection.execute(select(mail.c.notice, mail.c.address).order_by(mail.c.id))
        return [(notice, address.partition("@")[0]) for notice, address in rows]


def on_call(town: Town, name: str, level: int, every: str = "daily") -> None:
    with town.store.write(ADMIN) as unit:
        new = schemas.NewOnCall(username=name, level=level, every=every)  # type: ignore[arg-type]
        service.plan_on_call(unit, new)


def break_switch(town: Town) -> None:
    town.down("SW", "AP1", "AP2", "AP3")


def mend_switch(town: Town) -> None:
    town.up("SW", "AP1", "AP2", "AP3")


def test_begin_and_end_are_told_once(town: Town) -> None:
    break_switch(town)
    town.minutes(5)
    assert told(town) == [("incident-opened", "desk")]
    mend_switch(town)
    town.minutes(5)
    assert told(town) == [("incident-opened", "desk"), ("incident-closed", "desk")]


def test_what_is_over_before_anybody_was_told_is_not_told(town: Town) -> None:
    town.store.settings.alerts.tell_after_s = 600
    break_switch(town)
    town.minutes(3)
    mend_switch(town)
    town.minutes(5)
    assert told(town) == []


def test_the_on_call_plan_says_who(town: Town) -> None:
    on_call(town, "anna", 1)
    on_call(town, "boss", 1, "sun")
    break_switch(town)
    town.minutes(3)
    assert told(town) == [("incident-opened", "desk"), ("incident-opened", "anna")]


def test_a_mail_address_is_on_call_without_any_account(town: Town) -> None:
    on_call(town, " help@schule.example ", 1)
    break_switch(town)
    town.minutes(3)
    assert told(town) == [("incident-opened", "desk"), ("incident-opened", "help")]
    with town.store.read() as connection:
        (kept,) = connection.scalars(
            select(audit_event.c.detail).where(audit_event.c.kind == "on-call")
        )
    assert "h…@schule.example" in kept
    assert "help@" not in kept


def test_an_account_without_an_address_is_not_put_on_call(town: Town) -> None:
    with town.store.write() as unit:
        unit.connection.execute(
            update(account).where(account.c.username == "anna").values(email="")
        )
    with pytest.raises(Invalid, match="enter the address itself"):
        on_call(town, "anna", 1)


def test_a_critical_one_that_nobody_answers_goes_up(town: Town) -> None:
    on_call(town, "boss", 2)
    break_switch(town)
    town.minutes(15)
    assert told(town) == [("incident-opened", "desk")]
    town.minutes(10)
    assert told(town)[1:] == [("incident-waits", "desk"), ("incident-waits", "boss")]
    town.minutes(30)
    assert len(told(town)) == 3
    mend_switch(town)
    town.minutes(3)
    assert told(town)[3:] == [("incident-closed", "desk"), ("incident-closed", "boss")]


def test_one_that_was_acknowledged_stays_where_it_is(town: Town) -> None:
    on_call(town, "boss", 2)
    break_switch(town)
    town.minutes(2)
    with town.store.write(ADMIN) as unit:
        service.acknowledge(unit, str(town.incidents()[0].uid))
    town.minutes(30)
    assert told(town) == [("incident-opened", "desk")]


def test_a_provider_that_fails_is_told_once_and_again_when_it_has_grown(town: Town) -> None:
    town.cut.update(town.numbers[:3])
    town.minutes(3)
    assert [notice for notice, _ in told(town)] == ["incident-opened"]
    assert town.incidents()[0].kind == "provider"


def test_a_mild_one_is_not_told(town: Town) -> None:
    town.store.settings.alerts.tell = "critical"
    town.down("AP1")
    town.minutes(8)
    assert len(town.incidents()) == 1
    assert told(town) == []


class Desk(BaseHTTPRequestHandler):
    """Somebody's help desk: keeps what comes, and answers as it is told."""

    came: list[tuple[dict[str, str], bytes]]
    answer: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        type(self).came.append((dict(self.headers), body))
        self.send_response(type(self).answer)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def desk() -> Iterator[tuple[type[Desk], str]]:
    class Mine(Desk):
        came: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012
        answer = 204

    server = HTTPServer(("127.0.0.1", 0), Mine)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Mine, f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()


def test_other_systems_are_told_signed_and_until_they_take_it(
    town: Town, desk: tuple[type[Desk], str], tmp_path: Path
) -> None:
    there, url = desk
    secret = tmp_path / "hook.secret"
    secret.write_text("a-secret-of-the-desk")
    town.store.settings.alerts.webhooks = [Webhook(url=url, secret_file=str(secret))]
    break_switch(town)
    town.minutes(2)
    there.answer = 503
    webhooks.send_due(town.store)
    webhooks.send_due(town.store)
    assert len(there.came) == 1
    there.answer = 204
    town.clock.advance(60)
    webhooks.send_due(town.store)
    webhooks.send_due(town.store)
    assert len(there.came) == 2
    headers, body = there.came[1]
    assert headers["schoolops-delivery"] == there.came[0][0]["schoolops-delivery"]
    at, _, signed = headers["schoolops-signature"].partition(",v1=")
    made = hmac.new(b"a-secret-of-the-desk", at[2:].encode() + b"." + body, hashlib.sha256)
    assert signed == made.hexdigest()
    said = json.loads(body)
    assert (said["title"], said["school"], said["devices"]) == ("SW does not answer", "164800", 3)
    with town.store.read() as connection:
        assert connection.scalars(select(webhook_call.c.state)).all() == ["sent"]


def test_a_webhook_goes_by_https_alone() -> None:
    with pytest.raises(ValueError, match="https://desk"):
        Webhook(url="http://desk.example/hook", secret_file="x")
