"""The page behind the QR code of a room or device: report a fault there. Nobody signs in.

/r/CODE             what is known, and three buttons
/r/CODE?what=NAME   the report before it is sent: all that can be typed is optional
/t/SECRET/thanks    its number, and the way to its page
/t/SECRET           the reporter's own page: how it stands, what was said, answer
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select
from starlette.responses import Response

from inventory.sentences import say
from schoolops.core.errors import NotFound, TooMany
from schoolops.estate.models import TABLES
from schoolops.estate.places import spot_at
from schoolops.estate.query import shown_name
from schoolops.tickets import pages, photos
from schoolops.tickets.repository import entries_of
from schoolops.tickets.schemas import LONGEST
from schoolops.web.limits import Rate, address_of
from schoolops.web.pages import Page, Visit

LOOKS = Rate(300, 300)
SENDS = Rate(60, 20)
"""Pages that one address may open, and reports and answers that it may send: a school has one
address, and may have forty teachers before a dead line. Places have limits of their own."""
_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")


def show(visit: Visit) -> Response:
    """What is known at the place of the code, and what can be reported; with `what` the form."""
    look(visit)
    with visit.store.read() as connection:
        spot = _spot(visit, connection)
        faults = pages.known_faults(connection, pages.place_of(spot))
    what = visit.query("what")
    found = {**place_values(visit, spot), "key": pages.new_key()}
    if what not in pages.WANTED:
        return visit.show("fault.html", **found, faults=told(visit, faults))
    return visit.show("fault_send.html", **found, what=what, asked=title_of(visit, what, spot))


def send(visit: Visit) -> Response:
    """Book the report, whatever is wrong with what came beside it, and lead to the thanks."""
    send_one(visit)
    what = visit.form.get("what", "")
    photo, wrong = photo_of(visit)
    mail = visit.form.get("mail", "").strip()
    notes = {"photo": wrong} if wrong else {}
    if mail and (len(mail) > 254 or not _MAIL.fullmatch(mail)):
        mail, notes["mail"] = "", "wrong"
    with visit.store.write() as unit:
        spot = _spot(visit, unit.connection)
        made = pages.report(
            unit, spot, visit.form.get("key", ""), what, title=title_of(visit, what, spot),
            text=words_of(visit), name=visit.form.get("name", "")[:200], mail=mail,
            language=visit.language.tag, photo=photo,
        )  # fmt: skip
    return visit.go(visit.href(f"/t/{made.secret}/thanks", **notes))


def thank(visit: Visit) -> Response:
    """The number of the report, and its page."""
    secret = visit.path("secret")
    with visit.store.read() as connection:
        row = _ticket_at(visit, connection)
        fault = pages.fault_of_ticket(connection, row)
    return visit.show(
        "fault_thanks.html",
        number=row.id,
        page=visit.href(f"/t/{secret}"),
        mail=bool(row.reporter_mail),
        joined=row.joined_to is not None,
        faults=told(visit, [fault] if fault is not None else []),
        photo_wrong=visit.query("photo"),
        mail_wrong=bool(visit.query("mail")),
    )


def follow(visit: Visit) -> Response:
    """The reporter's own page."""
    with visit.store.read() as connection:
        row = _ticket_at(visit, connection)
        found = status_values(visit, connection, row)
    return visit.show(
        "fault_status.html", **found, path=f"/t/{visit.path('secret')}",
        photo_wrong=visit.query("photo"), sent=bool(visit.query("sent")), own=False,
    )  # fmt: skip


def answer(visit: Visit) -> Response:
    """What the reporter says there."""
    send_one(visit)
    secret, (photo, wrong) = visit.path("secret"), photo_of(visit)
    works, text = works_of(visit), words_of(visit)
    if photo or text.strip() or works is not None:
        with visit.store.write() as unit:
            row = _ticket_at(visit, unit.connection)
            pages.answer(unit, row, text, works=works, photo=photo)
    notes = {"photo": wrong} if wrong else {"sent": "1"}
    return visit.go(visit.href(f"/t/{secret}", **notes))


# -- shared with the pages of those who signed in ------------------------------------------------


def look(visit: Visit) -> None:
    """Raise `TooMany` for an address that opens very many pages."""
    _take(visit, LOOKS)


def send_one(visit: Visit) -> None:
    _take(visit, SENDS)


def _take(visit: Visit, rate: Rate) -> None:
    address = address_of(visit.request.scope, visit.portal.settings.server.trusted_proxies)
    if not rate.take(address):
        raise TooMany(
            say("these are very many pages in a short time; wait a moment"),
            wait_s=rate.wait_s(address),
        )


def photo_of(visit: Visit) -> tuple[bytes, str]:
    """The photo that came with the form, or why it is not kept (`photos.problem_of`)."""
    upload = visit.upload
    if upload is None or (not upload.data and not upload.dropped):
        return b"", ""
    wrong = photos.problem_of(upload.data, too_large=upload.dropped)
    return (b"", wrong) if wrong else (upload.data, "")


def words_of(visit: Visit) -> str:
    return visit.form.get("text", "").replace("\r\n", "\n")[:LONGEST]


def works_of(visit: Visit) -> bool | None:
    """Whether it works again, by the button that was pressed."""
    return {"yes": True, "no": False}.get(visit.form.get("works", ""))


def told(visit: Visit, faults: list[pages.Known]) -> list[dict[str, Any]]:
    """Known faults as the templates show them, their titles in the page's language."""
    german = visit.language.tag.partition("-")[0] == "de"
    return [
        {"title": one.title_de if german else one.title, "since": when(visit, one.began_at),
         "schools": one.schools, "said": one.said, "said_at": when(visit, one.said_at)}
        for one in faults
    ]  # fmt: skip


def when(visit: Visit, micros: int | None) -> str:
    """A time in words: of today the clock is enough."""
    if micros is None:
        return ""
    zone = visit.portal.zone
    now = visit.store.clock.now()
    days = [dt.datetime.fromtimestamp(one / 1e6, zone).date() for one in (micros, now)]
    return visit.language.time(micros, zone, "HH:mm" if days[0] == days[1] else "short")


def title_of(visit: Visit, what: str, spot: Row[Any] | None = None) -> str:
    """What a report is called when nobody typed words."""
    device = spot.device if spot is not None and spot.device and not spot.retired else ""
    if what == "network":
        return visit.gettext("Internet or WLAN does not work")
    if what == "device" and device:
        return visit.gettext("{device} does not work").format(device=device)
    if what == "device":
        return visit.gettext("A device does not work")
    return visit.gettext("Something does not work")


def place_values(visit: Visit, spot: Row[Any]) -> dict[str, Any]:
    return {
        "code": spot.code,
        "school": spot.school,
        "room": spot.room or "",
        "device": spot.device or "",
        "retired": bool(spot.retired),
        "measures": spot.kind == "room",
        "home": visit.href(f"/r/{spot.code}"),
        "href_of": lambda what: visit.href(f"/r/{spot.code}", what=what),
        "megabytes": photos.MOST_BYTES // 1_000_000,
    }


def status_values(visit: Visit, connection: Connection, row: Row[Any]) -> Mapping[str, Any]:
    """What the page of a ticket shows its reporter."""
    rooms, schools = TABLES["room"], TABLES["school"]
    room = connection.scalar(select(rooms.c.name).where(rooms.c.id == row.room_id))
    school = connection.scalar(select(shown_name()).where(schools.c.id == row.school_id))
    fault = pages.fault_of_ticket(connection, row)
    entries = [
        {"at": when(visit, one.at), "side": one.side, "what": one.what, "text": one.text,
         "closed": '"to": "closed"' in one.data, "solved": '"to": "solved"' in one.data}
        for one in entries_of(connection, row.id, public=True)
    ]  # fmt: skip
    return {
        "number": row.id,
        "subject": row.title,
        # Whoever was answered knows that somebody has seen it.
        "state": "open" if row.state == "new" and row.answered_at else row.state,
        "waits_for": row.waits_for,
        "assigned": bool(row.assigned_to),
        "opened": when(visit, row.opened_at),
        "room": room or "",
        "school": school or "",
        "faults": told(visit, [fault] if fault is not None else []),
        "entries": [one for one in entries if one["text"] or one["what"] == "state"],
        "photos": len(photos.of_ticket(connection, row.id)),
        "megabytes": photos.MOST_BYTES // 1_000_000,
    }


def no_code() -> NotFound:
    """For a code that leads nowhere (any more)."""
    text = say("this code is not in use; ask whoever looks after the room")
    return NotFound(text, code="room.unknown")


def _spot(visit: Visit, connection: Connection) -> Row[Any]:
    spot = spot_at(connection, visit.path("code"))
    if spot is None:
        raise no_code()
    return spot


def _ticket_at(visit: Visit, connection: Connection) -> Row[Any]:
    look(visit)
    row = pages.ticket_at(connection, visit.path("secret"))
    if row is None:
        raise NotFound(
            say("this address leads to no report; it is old, or was not copied whole"),
            code="ticket.no_page",
        )
    return row


PAGES = (
    Page(
        "/r/{code}",
        get=show,
        post=send,
        signed_in=False,
        photo_bytes=photos.MOST_BYTES,
        examples=("/r/nothing-here",),
    ),
    Page("/t/{secret}/thanks", get=thank, signed_in=False, examples=("/t/x/thanks",)),
    Page(
        "/t/{secret}",
        get=follow,
        post=answer,
        signed_in=False,
        photo_bytes=photos.MOST_BYTES,
        examples=("/t/stp_forged",),
    ),
)
