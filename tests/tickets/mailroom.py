"""A help desk that takes mail: what comes, what goes out, what stands in the tickets."""

from __future__ import annotations

import base64
import json
from itertools import count
from typing import Any

from sqlalchemy import func, insert, select

from schoolops.core.clock import FixedClock
from schoolops.core.permissions import Actor
from schoolops.core.settings import MailSettings
from schoolops.core.ticket_settings import TicketSettings
from schoolops.db.engine import Store
from schoolops.identity.models import account, account_role
from schoolops.notify.models import mail as outbox
from schoolops.tickets import service
from schoolops.tickets.mails.booking import Booked, book
from schoolops.tickets.models import ticket, ticket_entry, ticket_link, ticket_mail
from tests.tickets.shapes import US, mail

TECHNICIAN = Actor.of("t.technik", "technician")
_numbers = count(1)


class Mailroom:
    """Books mails as the server does, and looks at what became of them."""

    def __init__(self, store: Store, clock: FixedClock, address: str = US) -> None:
        self.store, self.clock, self.address = store, clock, address
        store.settings.mail = MailSettings(host="mail.city.example", sender=f"Schul-IT <{address}>")
        store.settings.tickets = TicketSettings(mail_address=address)

    def staff(self, address: str = "technik@city.example") -> None:
        """Somebody who works on tickets, with that address."""
        with self.store.write() as unit:
            made = unit.connection.execute(
                insert(account),
                {"uid": f"u{next(_numbers)}", "issuer": "x", "subject": address, "username": "t.x",
                 "email": address, "first_seen_at": 1, "last_seen_at": 1},
            )  # fmt: skip
            unit.connection.execute(
                insert(account_role),
                {"account_id": made.inserted_primary_key[0], "role": "technician", "place": "city"},
            )

    def take(self, raw: bytes, **more: Any) -> Booked:
        raw = raw.replace("«n»".encode(), str(next(_numbers)).encode())
        with self.store.write() as unit:
            return book(
                unit, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), self.address, **more
            )

    def do(self, what: Any, *args: Any, by: Actor = TECHNICIAN, **given: Any) -> Any:
        with self.store.write(by) as unit:
            return what(unit, *args, **given)

    def row(self, number: int) -> Any:
        with self.store.read() as connection:
            return connection.execute(select(ticket).where(ticket.c.id == number)).one()

    def entries(self, number: int) -> list[Any]:
        with self.store.read() as connection:
            e = ticket_entry.c
            return list(
                connection.execute(
                    select(ticket_entry).where(e.ticket_id == number).order_by(e.id)
                ).all()
            )

    def said(self, number: int) -> str:
        """The newest entry with words."""
        return str(next(one.text for one in reversed(self.entries(number)) if one.text))

    def linked(self, number: int) -> bool:
        with self.store.read() as connection:
            k = ticket_link.c
            return bool(connection.scalar(select(func.count()).where(k.other_id == number)))

    def count(self, table: Any, *where: Any) -> int:
        with self.store.read() as connection:
            return int(
                connection.scalar(select(func.count()).select_from(table).where(*where)) or 0
            )

    def sent(self) -> list[Any]:
        """Mails that wait to go out, with their thread."""
        with self.store.read() as connection:
            return list(connection.execute(select(outbox).order_by(outbox.c.id)).all())

    def mails(self) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.execute(select(ticket_mail).order_by(ticket_mail.c.id)).all())


class Case:
    """A ticket that somebody reported by mail and that was answered, in the state of a shape."""

    def __init__(self, room: Mailroom, state: str) -> None:
        self.room, n = room, next(_numbers)
        self.n = n
        self.sender = f"mia{n}@schule{n}.example"
        first = mail(
            f"Cc: Kollegin <cc-{self.sender}>", sender=f"Mia Weber <{self.sender}>",
            subject=f"WLAN {n}", id=f"<first{n}@client.example>", body="kein Netz",
        )  # fmt: skip
        made = room.take(first)
        assert made.state == "opened"
        assert made.ticket is not None
        self.number = made.ticket
        row = room.row(self.number)
        room.do(service.reply, row.uid, "wir kommen")
        if state == "waiting":
            room.do(service.wait, row.uid, "school")
        elif state == "open":
            room.do(service.wait, row.uid, "vendor")
            room.do(service.reopen, row.uid)
        elif state in ("solved", "closed"):
            room.do(getattr(service, {"solved": "solve", "closed": "close"}[state]), row.uid)
        last = room.sent()[-1]
        self.thread = json.loads(last.thread)
        self.answer = last.message_id.strip("<>")
        room.clock.advance(3600)

    def fill(self, raw: bytes) -> bytes:
        tag, plus = self.thread["tag"], self.thread["reply_to"]
        values = {
            "sender": self.sender, "local": self.sender.partition("@")[0], "plus": plus,
            "PLUS": plus.upper(), "first": f"first{self.n}@client.example",
            "FIRST": f"FIRST{self.n}@CLIENT.EXAMPLE", "answer": self.answer,
            "ANSWER": self.answer.upper(), "token": tag, "TOKEN": tag.upper(),
            "b64token": base64.b64encode(f"AW: {tag} Grüße".encode()).decode(),
            "number": str(self.number), "next": str(self.number + 1), "nr": str(self.n),
            "secret": tag.rpartition(".")[2].strip("]"), "n": str(next(_numbers)),
        }  # fmt: skip
        for name, value in values.items():
            raw = raw.replace(f"«{name}»".encode(), value.encode())
        return raw
