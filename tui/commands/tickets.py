"""Tickets: report, answer, give, wait, solve, close; what belongs together; where it leads."""

from __future__ import annotations

from typing import Any

from inventory.choices import TICKET_PRIORITIES
from tui import cells, incidents, tickets
from tui.actions import Aim
from tui.backend import Backend, Json, NothingDone, code_of
from tui.commands.common import ask, backend, done, lookup_of, nothing, open_record, submit
from tui.frame import Frame
from tui.i18n import _, language, ngettext
from tui.screens.listing import ListScreen

MOST_FAULTS = 200
"""Open incidents that are offered."""


def _about(aim: Aim) -> list[str]:
    number = aim.values.get("number") or aim.key
    return [f"#{number} {aim.values.get('title') or ''}"]


async def new(screen: Frame, aim: Aim) -> None:
    """Report something about what is under the cursor, or anything."""
    client = backend(screen)

    async def send(body: Json) -> Json:
        return await client.report(body)

    works = screen.ops.may("tickets.write")
    made = await submit(
        screen, "NewTicket", _place(screen, aim), lookup_of(screen), works=works, send=send
    )
    if made is None:
        return
    if made["joined_to"]:
        text = _("Ticket {number} is open; it is about the same as {other}.")
        text = text.format(number=made["number"], other=made["joined_to"])
    else:
        text = _("Ticket {number} is open.").format(number=made["number"])
    done(screen, text)
    open_record(screen, "tickets", made["id"])


def _place(screen: Frame, aim: Aim) -> Json:
    """School, room and device under the cursor."""
    kind = getattr(screen, "kind_name", "") if aim.plural in ("", "tickets") else ""
    values = aim.values
    if aim.plural == "schools":
        return {"school": aim.key}
    if aim.plural == "rooms":
        return {"school": aim.key.partition("/")[0], "room": aim.key}
    found: Json = {"school": values.get("school"), "room": room_of(values)}
    if aim.plural == "incidents":
        return {"school": values.get("school"), "category": "network"}
    if kind == "ticket" or aim.plural == "tickets":
        return found | {"device": values.get("device")}
    from inventory.kinds import find_kind
    from tui.lists import TITLES

    if aim.plural in TITLES and find_kind(aim.plural)[0].name == "device":
        return found | {"device": aim.key}
    return found if values.get("school") else {}


def room_of(values: Any) -> str:
    """A room's key, from values in which only its name may stand."""
    school, room = str(values.get("school") or ""), str(values.get("room") or "")
    return f"{school}/{room}" if room and not room.startswith(f"{school}/") else room


# ---- what is said ----------------------------------------------------------------------------


async def _answers(client: Backend, screen: Frame, ticket: str) -> list[Json]:
    """Ready-made texts; a server or a right that does not have them is no reason not to answer."""
    if not screen.ops.may("tickets.write"):
        return []
    try:
        return await client.ticket_answers(language(), ticket)
    except Exception as error:
        if not code_of(error):
            raise
        return []


async def reply(screen: Frame, aim: Aim) -> None:
    """Answer the reporter; or, as the reporter, say more."""
    await _say(screen, aim, _("Answer"), _("Send"), _("Answered."))


async def note(screen: Frame, aim: Aim) -> None:
    """Write down what no reporter reads."""
    await _say(screen, aim, _("Note among colleagues"), _("Write down"), _("Written down."), True)


async def _say(
    screen: Frame, aim: Aim, title: str, does: str, says: str, internal: bool = False
) -> None:
    if not aim.id:
        nothing(screen)
        return
    client = backend(screen)
    answers = [] if internal else await _answers(client, screen, aim.id)

    async def send(given: Json) -> Json:
        return await client.act_on_ticket(aim.id, "replies", text=given["text"], internal=internal)

    if await submit(screen, "AnswerDialog", title, _about(aim), does, answers=answers, send=send):
        done(screen, says)


# ---- who does it, and how urgent it is -------------------------------------------------------


async def take(screen: Frame, aim: Aim) -> None:
    """Give it to oneself."""
    if not aim.id:
        nothing(screen)
        return
    name = str(screen.ops.me.get("name") or "")
    await backend(screen).act_on_ticket(aim.id, "assignment", username=name)
    done(screen, _("You have it now."))


async def give(screen: Frame, aim: Aim) -> None:
    """Give it to somebody, or to nobody."""
    if not aim.id:
        nothing(screen)
        return
    client = backend(screen)

    async def send(username: str) -> Json:
        return await client.act_on_ticket(aim.id, "assignment", username=username)

    has = aim.values.get("assigned_to") or _("nobody")
    lines = [*_about(aim), _("Now: {place}").format(place=has)]
    if await submit(
        screen, "FindRecord", _("Give to"), lines, _("Give"), "account", lookup_of(screen),
        asks=_("Person"), empty=_("nobody"), send=send,
    ):  # fmt: skip
        done(screen, _("Given."))


async def prioritise(screen: Frame, aim: Aim) -> None:
    """Choose what is promised for it."""
    if not aim.id:
        nothing(screen)
        return
    choices = [
        (word, f"{tickets.PRIORITY_GLYPHS[word]} {_(label)}")
        for word, label in TICKET_PRIORITIES.items()
    ]
    chosen = await ask(screen, "ChooseOne", _("Priority"), choices)
    if chosen:
        await backend(screen).act_on_ticket(aim.id, "priority", priority=chosen)
        done(screen, _("It is {priority} now.").format(priority=chosen))


# ---- what becomes of it ----------------------------------------------------------------------


async def wait(screen: Frame, aim: Aim) -> None:
    """Wait for school or vendor; its clocks stand still."""
    choices = [("school", _("the school")), ("vendor", _("the vendor"))]
    await _become(screen, aim, "waiting", _("Wait"), _("It waits."), choices)


async def solve(screen: Frame, aim: Aim) -> None:
    """It should work again; the reporter is asked."""
    await _become(screen, aim, "solved", _("Solved"), _("Solved; the reporter is asked."))


async def _become(
    screen: Frame,
    aim: Aim,
    state: str,
    does: str,
    says: str,
    choices: list[tuple[str, str]] | None = None,
) -> None:
    if not aim.id:
        nothing(screen)
        return
    client = backend(screen)
    answers = await _answers(client, screen, aim.id)

    async def send(given: Json) -> Json:
        more = {"waits_for": given["choice"]} if given["choice"] else {}
        return await client.act_on_ticket(aim.id, "state", state=state, text=given["text"], **more)

    lines = [*_about(aim), _("What is written here the reporter reads; it may stay empty.")]
    if await submit(
        screen, "AnswerDialog", does, lines, does, answers=answers, choices=choices or (),
        asks=_("Wait for"), required=False, send=send,
    ):  # fmt: skip
        done(screen, says)


async def close(screen: Frame, aim: Aim) -> None:
    """Done for good; a prank is gone with one Enter."""
    await _end(screen, aim, "closed", _("Close"), _("Closed."))


async def reopen(screen: Frame, aim: Aim) -> None:
    """It does not work after all."""
    await _end(screen, aim, "open", _("Open again"), _("Open again."))


async def _end(screen: Frame, aim: Aim, state: str, does: str, says: str) -> None:
    if not aim.id:
        nothing(screen)
        return
    client = backend(screen)

    async def send(text: str) -> Json:
        return await client.act_on_ticket(aim.id, "state", state=state, text=text)

    if await submit(
        screen, "NoteDialog", does, _about(aim), does, _("To the reporter"), optional=True,
        send=send,
    ):  # fmt: skip
        done(screen, says)


# ---- what belongs together -------------------------------------------------------------------


async def join(screen: Frame, aim: Aim) -> None:
    """It is about the same as another: what is answered there is answered here."""
    await _with_other(screen, aim, "join", _("About the same as"), _("Join"))


async def link(screen: Frame, aim: Aim) -> None:
    """It has to do with another."""
    await _with_other(screen, aim, "links", _("Has to do with"), _("Link"))


async def _with_other(screen: Frame, aim: Aim, what: str, title: str, does: str) -> None:
    if not aim.id:
        nothing(screen)
        return
    client = backend(screen)

    async def send(other: str) -> Json:
        return await client.act_on_ticket(aim.id, what, ticket=other)

    if await submit(
        screen, "FindRecord", title, _about(aim), does, "ticket", lookup_of(screen),
        asks=_("Ticket"), send=send,
    ):  # fmt: skip
        done(screen, _("Done."))


async def leave(screen: Frame, aim: Aim) -> None:
    """Take it out of the ticket that it joined; both keep all that was said."""
    if not aim.values.get("joined_to"):
        raise NothingDone(_("It has joined no other ticket."))
    await backend(screen).act_on_ticket(aim.id, "join", ticket="")
    done(screen, _("It stands for itself again."))


async def fault(screen: Frame, aim: Aim) -> None:
    """Make it part of an open incident, or of none."""
    if not aim.id:
        nothing(screen)
        return
    client = backend(screen)
    page = await client.page(
        "incidents", q="open:yes", limit=MOST_FAULTS,
        columns=("severity", "title", "title_de", "school"),
    )  # fmt: skip
    own = aim.values.get("school")
    rows = sorted(page.rows, key=lambda row: (row[7] != own, bool(row[7])))
    choices = [("-", _("no incident"))] if aim.values.get("incident") else []
    choices += [
        (str(row[0]), f"{incidents.GLYPHS.get(row[4], '?')} {row[7] or ''} "
         + incidents.title({"title": row[5], "title_de": row[6]}))
        for row in rows
    ]  # fmt: skip
    if not choices:
        raise NothingDone(_("No incident is open."))
    chosen = await ask(screen, "ChooseOne", _("Belongs to the incident"), choices)
    if chosen:
        await client.act_on_ticket(aim.id, "incident", incident="" if chosen == "-" else chosen)
        done(screen, _("Done."))


# ---- where it leads --------------------------------------------------------------------------


def open_device(screen: Frame, aim: Aim) -> None:
    """The device that it is about."""
    _open(screen, "devices", aim.values.get("device"), _("It names no device."))


def open_incident(screen: Frame, aim: Aim) -> None:
    """The incident that it belongs to."""
    _open(screen, "incidents", aim.values.get("incident"), _("It belongs to no incident."))


def _open(screen: Frame, plural: str, id: Any, none: str) -> None:
    if not id:
        raise NothingDone(none)
    open_record(screen, plural, str(id))


async def open_other(screen: Frame, aim: Aim) -> None:
    """Choose among the tickets that belong to this one."""
    found = await backend(screen).ticket(aim.id)
    names: list[tuple[int, str]] = [(number, _("joined it")) for number in found["joined"]]
    if found["joined_to"]:
        names.insert(0, (found["joined_to"], _("about the same as")))
    names += [(number, _("see also")) for number in found["links"]]
    if not names:
        raise NothingDone(_("No other ticket belongs to it."))
    await _choose_ticket(screen, [(str(number), f"#{number}  {what}") for number, what in names])


async def _choose_ticket(screen: Frame, choices: list[tuple[str, str]]) -> None:
    chosen = choices[0][0] if len(choices) == 1 else None
    chosen = chosen or await ask(screen, "ChooseOne", _("Tickets with it"), choices)
    if chosen:
        open_record(screen, "tickets", chosen)


# ---- lists and incidents ---------------------------------------------------------------------


def whose(screen: Frame, aim: Aim) -> None:
    """All tickets, those of one's own, those that nobody has, and all again."""
    if not isinstance(screen, ListScreen):
        return
    me = str(screen.ops.me.get("name") or "")
    own = f'assigned_to:"{me}"' if " " in me else f"assigned_to:{me}"
    words = screen.q.split()
    rest = [word for word in words if not word.startswith("assigned_to:")]
    if own in words:
        rest.append("assigned_to:")
    elif "assigned_to:" not in words:
        rest.append(own)
    screen.apply_filter(" ".join(rest))


async def tell_all(screen: Frame, aim: Aim) -> None:
    """One update answers all who reported a fault; how many is said before."""
    if not aim.id:
        nothing(screen)
        return
    client = backend(screen)
    count = await tickets.answered_with(client, aim.id)
    if not count:
        raise NothingDone(_("No open ticket belongs to this incident."))
    answers = await _answers(client, screen, "")
    goes_to = ngettext(
        "Goes to the reporter of {count} ticket.", "Goes to the reporters of {count} tickets.",
        count,
    ).format(count=cells.number(count))  # fmt: skip

    async def send(given: Json) -> Json:
        return await client.tell_all(aim.id, given["text"])

    lines = [incidents.title(aim.values), goes_to]
    told = await submit(
        screen, "AnswerDialog", _("Answer all who reported it"), lines, _("Send to all"),
        answers=answers, send=send,
    )  # fmt: skip
    if told is not None:
        number = told["tickets"]
        text = ngettext("{count} ticket is answered.", "{count} tickets are answered.", number)
        done(screen, text.format(count=cells.number(number)))


def of_incident(screen: Frame, aim: Aim) -> None:
    """The tickets that belong to an incident."""
    if not aim.id:
        nothing(screen)
        return
    screen.app.push_screen(ListScreen("tickets", f"incident:{aim.id}"))
