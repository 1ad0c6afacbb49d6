"""10,000 mails to the help desk: read, matched, booked, each in a transaction of its own.

    python benchmarks/bench_mail.py [MAILS]        one JSON object a line; about a minute

On SQLite, a city of 174 schools with a contact each: half of the mails are new reports, a third are
answers (by token, by reference, with what they quote), the rest are machines'; one in twenty has a
photo of 200 kB. CPU of the process. The peer is Python's own email package, which only parses the
same mails and decodes their text: the floor of anything that is made with it.
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import select

from inventory.kinds import KINDS
from schoolops.core import paths
from schoolops.core.clock import FixedClock
from schoolops.core.permissions import Actor
from schoolops.core.settings import MailSettings, load_settings
from schoolops.core.ticket_settings import TicketSettings
from schoolops.db.engine import Store
from schoolops.estate.service import Inventory
from schoolops.migrations import prepare
from schoolops.notify.models import mail as outbox
from schoolops.tickets.mails.booking import book

COMMAND = "python benchmarks/bench_mail.py"
MAILS, SCHOOLS = 10_000, 174
US = "helpdesk@city.example"
ADMIN = Actor.of("bench", "authority-admin")
WORDS = (
    "Beamer", "WLAN", "Drucker", "Tafel", "Netz", "geht", "nicht", "seit", "gestern", "Raum",
    "Kabel", "Passwort", "bitte",
)  # fmt: skip
PHOTO = b"\xff\xd8\xff\xda\x00\x02" + bytes(range(1, 255)) * 800 + b"\xff\xd9"
QUOTE = "\n\nAm 25.11.2026 um 10:00 schrieb Helpdesk:\n" + "> Ihre Meldung ist angekommen\n" * 12


def open_store(home: str) -> Store:
    os.environ["SCHOOLOPS_HOME"] = home
    paths.ensure_home(Path(home))
    settings = load_settings()
    prepare(settings)
    settings.mail = MailSettings(host="mail.city.example", sender=US)
    settings.tickets = TicketSettings(mail_address=US)
    store = Store.open(settings, FixedClock())
    with store.write(ADMIN) as unit:
        for n in range(SCHOOLS):
            at = {"school": str(100_000 + n)}
            values = {
                "number": str(100_000 + n),
                "name": f"Schule {n}",
                "authority": "1",
                "form": "20",
            }
            Inventory(unit).create(KINDS["school"], values)
            person = {
                "role": "secretary",
                "name": f"Person {n}",
                "email": f"post@schule{n}.example",
            }
            Inventory(unit).create(KINDS["contact"], at | person)
    return store


def compose(chance: random.Random, number: int, answers: list[Any]) -> bytes:
    text = " ".join(chance.choices(WORDS, k=40))
    head = {"To": US, "Message-ID": f"<{number}@client.example>", "MIME-Version": "1.0",
            "Received": "from mx.example by mail.city.example; Wed, 25 Nov 2026 10:00:00 +0100",
            "Date": "Wed, 25 Nov 2026 10:00:00 +0100"}  # fmt: skip
    kind = chance.random()
    if kind < 0.5 or not answers:
        head |= {"From": f"Person <p{number}@schule{number % SCHOOLS}.example>",
                 "Subject": f"{text[:40]} {number}"}  # fmt: skip
    else:
        row = chance.choice(answers)
        thread = json.loads(row.thread)
        head |= {"From": f"Person <{row.address}>", "Subject": f"AW: {thread['tag']} WLAN",
                 "In-Reply-To": row.message_id}  # fmt: skip
        if kind < 0.65:
            head["Subject"] = "AW: WLAN"
        if kind > 0.83:
            head |= {"Auto-Submitted": "auto-replied", "Precedence": "bulk"}
        text += QUOTE
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    plain = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    if chance.random() < 0.05:
        photo = base64.encodebytes(PHOTO).decode().replace("\n", "\r\n")
        plain = (
            f'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n{plain}--b\r\n'
            'Content-Type: image/jpeg; name="f.jpg"\r\nContent-Disposition: attachment\r\n'
            f"Content-Transfer-Encoding: base64\r\n\r\n{photo}\r\n--b--\r\n"
        )
    return (lines + plain).encode()


def floor(raws: list[bytes]) -> float:
    """CPU seconds in which Python's package reads the mails."""
    began = time.process_time()
    for raw in raws:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        for name in ("From", "To", "Subject", "Message-ID", "In-Reply-To"):
            str(message[name])
        for part in message.walk():
            if not part.is_multipart():
                part.get_payload(decode=True)
    return time.process_time() - began


def main() -> None:
    mails = int(sys.argv[1]) if len(sys.argv) > 1 else MAILS
    chance, raws, spent = random.Random(5), [], 0.0
    with tempfile.TemporaryDirectory() as home:
        store = open_store(home)
        answers: list[Any] = []
        for number in range(mails):
            raw = compose(chance, number, answers)
            raws.append(raw)
            store.clock.advance(3)  # type: ignore[attr-defined]
            began = time.process_time()
            with store.write() as unit:
                booked = book(unit, raw, US)
            spent += time.process_time() - began
            assert booked.state in ("opened", "filed", "automatic"), booked
            if booked.state == "opened" and number % 5 == 0:
                with store.read() as connection:
                    newest = select(outbox).order_by(outbox.c.id.desc()).limit(1)
                    answers.append(connection.execute(newest).one())
        store.close()
    peer = floor(raws)
    print(json.dumps({
        "command": COMMAND, "bar": f"{mails:,} mails threaded", "figure": round(mails / spent),
        "unit": "a second of CPU", "limit": 200, "at_least": True,
        "peer": {"name": "Python's email alone, parsing them", "figure": round(mails / peer)},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
