"""What waits is taken in or put away by who works on tickets; files, retention, schools."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import pytest
from sqlalchemy import select

from inventory.kinds import KINDS
from schoolops.core.clock import FixedClock
from schoolops.core.errors import Conflict, Forbidden, NotFound
from schoolops.core.permissions import Actor
from schoolops.estate.access import place_of
from schoolops.estate.service import Inventory
from schoolops.tickets import files, service
from schoolops.tickets.mails import held, tasks
from schoolops.tickets.models import ticket_file
from tests.alerts.town import Town
from tests.tickets.conftest import HEAD, TEACHER, TECHNICIAN
from tests.tickets.mailroom import Case, Mailroom
from tests.tickets.shapes import NEW, TOKEN, mail

LOCAL = Actor.of("t.lokal", "technician", schools=["164800"])


def listed(
    room: Mailroom, which: str = "quarantine", by: Actor = TECHNICIAN
) -> list[dict[str, Any]]:
    with room.store.read(by) as connection:
        return list(held.listed(connection, by, which, 100)["mails"])


def outsider(room: Mailroom, state: str = "open") -> tuple[Case, str]:
    case = Case(room, state)
    raw = mail(sender="Kim <fremd@x.example>", subject=TOKEN, body="ich auch\n-- \nKim")
    assert room.take(case.fill(raw)).state == "quarantine"
    return case, listed(room)[0]["id"]


def test_what_waits_is_shown_to_who_works_on_tickets_alone(mailroom: Mailroom) -> None:
    outsider(mailroom)
    (found,) = listed(mailroom)
    assert (found["sender"], found["why"]) == ("fremd@x.example", "takes no part")
    for by in (TEACHER, HEAD):
        with pytest.raises(Forbidden):
            listed(mailroom, by=by)


def test_what_is_taken_in_is_said_and_its_writer_takes_part_from_then_on(
    mailroom: Mailroom,
) -> None:
    case, id = outsider(mailroom, "solved")
    done = mailroom.do(held.accept, id)
    assert (done["state"], done["ticket"]) == ("filed", case.number)
    assert mailroom.said(case.number) == "ich auch"
    assert mailroom.row(case.number).state == "open"
    again = case.fill(mail(sender="fremd@x.example", subject=TOKEN))
    assert mailroom.take(again).state == "filed"
    with pytest.raises(Conflict):
        mailroom.do(held.accept, id)


def test_what_is_put_away_can_still_be_taken_in(mailroom: Mailroom) -> None:
    case, id = outsider(mailroom)
    before = len(mailroom.entries(case.number))
    mailroom.do(held.drop, id)
    assert listed(mailroom) == []
    assert [one["id"] for one in listed(mailroom, "dropped")] == [id]
    assert len(mailroom.entries(case.number)) == before
    other = Case(mailroom, "open")
    assert mailroom.do(held.accept, id, str(other.number))["ticket"] == other.number
    with pytest.raises(NotFound):
        mailroom.do(held.drop, "nothing")


def test_a_machines_mail_about_nothing_is_kept_and_can_become_a_ticket(mailroom: Mailroom) -> None:
    booked = mailroom.take(
        mail("Precedence: bulk", sender="usv@x.example", subject=NEW, body="Akku leer")
    )
    assert (booked.state, booked.ticket) == ("automatic", None)
    (found,) = listed(mailroom, "unsorted")
    done = mailroom.do(held.accept, found["id"])
    assert done["state"] == "opened"
    assert mailroom.said(done["ticket"]) == "Akku leer"


def test_the_whole_text_and_the_original_are_kept(mailroom: Mailroom) -> None:
    case = Case(mailroom, "open")
    raw = case.fill(mail("In-Reply-To: <«answer»>", body="Neu\n\n> alt"))
    mailroom.take(raw)
    row = mailroom.mails()[-1]
    assert mailroom.said(case.number) == "Neu"
    assert row.text == "Neu\n\n> alt"
    assert zlib.decompress(row.raw) == raw.replace(b"\n", b"\r\n")


def test_bytes_that_are_no_mail_are_kept_for_people(mailroom: Mailroom) -> None:
    for raw in (b"", b"   \r\n", b"\x00\x01\x02", b"GET / HTTP/1.1"):
        assert mailroom.take(raw).state in ("automatic", "opened", "known")
    assert mailroom.mails()


# -- where a sender belongs -----------------------------------------------------------------------


def test_a_sender_is_placed_by_contact_school_or_the_schools_own_domain(
    town: Town, clock: FixedClock
) -> None:
    room = Mailroom(town.store, clock)
    admin = Actor.of("anna", "authority-admin")
    with town.store.write(admin) as unit:
        make = Inventory(unit)
        make.create(KINDS["contact"], {"school": "164800", "role": "secretary", "name": "Mia Weber",
                                       "email": "Mia.Weber@gmx.de"})  # fmt: skip
        other = {"number": "170001", "name": "Andere", "form": "20", "authority": "10042"}
        make.create(KINDS["school"], other | {"email": "post@andere.example"})

    def school_of(sender: str, id: str) -> str | None:
        made = room.take(mail(sender=sender, subject=f"W {id}", id=f"<{id}@x.example>"))
        school_id = room.row(made.ticket).school_id
        with town.store.read() as connection:
            return place_of(connection, school_id)[0]

    assert school_of("mia.weber@gmx.de", "a") == "164800"
    assert school_of("post@andere.example", "b") == "170001"
    assert school_of("jemand@andere.example", "c") == "170001"
    assert school_of("jemand@gmx.de", "d") is None
    assert school_of("jemand@ganz-anders.example", "e") is None


def test_a_technician_of_one_school_decides_on_its_mails_alone(
    town: Town, clock: FixedClock
) -> None:
    room = Mailroom(town.store, clock)
    with town.store.write(Actor.of("anna", "authority-admin")) as unit:
        Inventory(unit).create(KINDS["contact"], {"school": "164800", "role": "secretary",
                               "name": "Mia", "email": "mia@gmx.de"})  # fmt: skip
    here = room.take(mail(sender="mia@gmx.de", subject="hier", id="<h@x.example>"))
    away = room.take(mail(sender="kim@x.example", subject="fort", id="<f@x.example>"))
    for number in (here.ticket, away.ticket):
        room.do(service.reply, room.row(number).uid, "ja")
        answer = room.sent()[-1].message_id
        room.take(
            mail(f"In-Reply-To: {answer}", sender="fremd@x.example", id=f"<q{number}@x.example>")
        )
    (seen,) = listed(room, by=LOCAL)
    assert seen["ticket"] == here.ticket
    room.do(held.accept, seen["id"], by=LOCAL)
    other = listed(room)[0]["id"]
    with pytest.raises(NotFound):
        room.do(held.drop, other, by=LOCAL)


# -- files ----------------------------------------------------------------------------------------

JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xe1\x00\x11Exif\x00\x00GPS here!\xff\xda\x00\x02pixels\xff\xd9after the end: GPS"
)


def with_file(data: bytes, name: str = "foto.jpg", subject: str = NEW) -> bytes:
    body = (
        "--b\nContent-Type: text/plain\n\nsiehe Bild\n--b\n"
        f'Content-Type: image/jpeg; name="{name}"\n'
        f'Content-Disposition: attachment; filename="{name}"\n'
        f"Content-Transfer-Encoding: base64\n\n{base64.encodebytes(data).decode()}\n--b--\n"
    )
    return mail(
        sender="mia@x.example", subject=subject, kind='multipart/mixed; boundary="b"', body=body
    )


def kept(room: Mailroom) -> list[Any]:
    with room.store.read() as connection:
        return list(connection.execute(select(ticket_file).order_by(ticket_file.c.id)).all())


def test_a_photo_is_kept_without_what_says_where_it_was_taken(mailroom: Mailroom) -> None:
    booked = mailroom.take(with_file(JPEG, "../../etc/f\noto.jpg".replace("\n", "")))
    (file,) = kept(mailroom)
    assert (file.ticket_id, file.name, file.type) == (booked.ticket, "foto.jpg", "image/jpeg")
    assert b"GPS" not in file.data
    assert b"pixels" in file.data


def test_ten_megabytes_are_kept_and_more_is_dropped_with_a_note_and_never_the_mail(
    mailroom: Mailroom,
) -> None:
    mailroom.take(with_file(b"%PDF-" + b"x" * 9_000_000, "a.pdf"))
    assert [file.type for file in kept(mailroom)] == ["application/pdf"]
    booked = mailroom.take(with_file(b"%PDF-" + b"x" * 11_000_000, "b.pdf", "zu «n» gross"))
    assert booked.state == "opened"
    assert len(kept(mailroom)) == 1
    assert mailroom.said(booked.ticket).startswith(
        "siehe Bild\n\n[the attachment b.pdf (11 MB) was left out"
    )


@pytest.mark.parametrize("cut", range(0, len(JPEG), 3))
def test_a_picture_cut_anywhere_tells_nothing_and_breaks_nothing(cut: int) -> None:
    assert b"GPS" not in files.cleaned(JPEG[:cut])[1]


# -- retention ------------------------------------------------------------------------------------


def test_originals_go_when_their_time_is_over_and_a_late_answer_still_finds_its_ticket(
    mailroom: Mailroom, clock: FixedClock
) -> None:
    case = Case(mailroom, "closed")
    mailroom.take(mail("Precedence: bulk", sender="usv@x.example", subject=NEW))
    clock.advance(366 * 86_400)
    fresh = Case(mailroom, "open")
    tasks.forget_old(mailroom.store)
    rows = mailroom.mails()
    old = [row for row in rows if row.ticket_id == case.number]
    assert {(row.raw, row.address, row.subject, row.text) for row in old} == {(None, "", "", "")}
    assert all(row.ticket_id is not None for row in rows)
    assert any(row.raw for row in rows if row.ticket_id == fresh.number)
    late = case.fill(mail("In-Reply-To: <«answer»>"))
    assert mailroom.take(late) == ("filed", "reference", case.number)
