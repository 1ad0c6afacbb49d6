"""Tickets: the list, one with its thread, and each thing that is done with one."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import TextArea

from tests.tui.city import City
from tests.tui.driving import says, shows, text, until
from tui import i18n

WLAN, BOARD, DONE = "ticket-4711", "ticket-4690", "ticket-4500"


@pytest.fixture(autouse=True)
def _reported(city: City) -> None:
    city.fail("i-1", "critical", "No connection: line main", "Keine Verbindung: Leitung main",
              school="164800")  # fmt: skip
    city.complain("4711", "no WLAN in 2.14", priority="P1", incident="incident-i-1")
    city.complain("4690", "the board is dark", category="device", state="open",
                  assigned_to="m.weber", device="AP1648002.14")  # fmt: skip
    city.complain("4712", "WLAN again", priority="P1", joined_to=4711)
    city.complain("4500", "printer", state="closed", priority="P4", school="101333", room=None)


async def stand_on(pilot: Any, id: str) -> None:
    """Put the cursor of the list on a record."""
    await until(pilot, lambda: getattr(pilot.app.screen, "table", None) is not None)
    screen = pilot.app.screen
    await until(pilot, lambda: screen.table.current() is not None)
    await pilot.press("g")
    for _step in range(10):
        await pilot.pause()
        if screen.aim().id == id:
            return
        await pilot.press("j")
    raise AssertionError(f"{id} is not in the list:\n{text(pilot)}")


async def open_one(pilot: Any, id: str = WLAN, *words: str) -> None:
    """Go to the list and open a ticket."""
    await shows(pilot, "● live")
    await pilot.press("K")
    await stand_on(pilot, id)
    await pilot.press("enter")
    await shows(pilot, "Ticket ", *words)


async def test_what_is_to_be_done_first_is_listed_first_by_sign_and_word(app: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "◇ 1 new · ")  # what joined another is not new by itself
        await pilot.press("K")
        shown = await shows(pilot, "Tickets  4", "✖ P1", "◇ new", "see #4711", "– closed")
        assert shown.index("no WLAN") < shown.index("the board") < shown.index("printer")
        assert max(map(len, shown.splitlines())) <= 80


async def test_a_new_ticket_comes_into_the_list_and_the_title_by_itself(
    app: Any, city: City
) -> None:
    async with app.run_test(size=(140, 45)) as pilot:
        await shows(pilot, "◇ 1 new, 1 mine")
        await pilot.press("K")
        await shows(pilot, "Tickets  4", "First answer", "◀ t.kaya, reporter")
        city.complain("4800", "beamer hums")
        await shows(pilot, "Tickets  5", "beamer hums", "◇ 2 new")


async def test_a_key_shows_ones_own_those_of_nobody_and_all(app: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("K")
        await shows(pilot, "Tickets  4")
        await pilot.press("z")
        await shows(pilot, "Tickets  1", "assigned_to:", "the board")
        await pilot.press("z")
        shown = await shows(pilot, "Tickets  3", "no WLAN")
        assert "the board" not in shown
        await pilot.press("z")
        await shows(pilot, "Tickets  4", "the board")


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_a_ticket_says_what_is_due_who_said_what_and_how_its_place_is(
    app: Any, city: City, size: tuple[int, int]
) -> None:
    city.said[WLAN] += [
        city._entry("message", "We come at ten."),
        city._entry("note", "order a part", public=False),
        city._entry("assigned", to="a.klein"),
    ]
    async with app.run_test(size=size) as pilot:
        await open_one(pilot)
        await shows(pilot, "due in 35 min of lessons", "████", "▲ No connection: line main",
                    "◀ t.kaya, reporter", "│ no WLAN in 2.14")  # fmt: skip
        await pilot.press("G")
        shown = await shows(pilot, "when reported", "#4712")
        line = next(
            one
            for one in shown.splitlines()
            if one.rfind("ap-164800-2.14 ") >= 0 and "now" not in one
        )
        assert "✖ down" in line
        assert "● ok" in line
        if size[0] == 80:
            await pilot.press("ctrl+u")
        await shows(pilot, "      ┃ We come at ten.", "┊ order a part", "given to a.klein")


async def test_an_answer_is_sent_and_stands_in_the_thread(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 30)) as pilot:
        await open_one(pilot, WLAN, "reporter")
        await pilot.press("a")
        await shows(pilot, "Answer", "Ready-made text", "^s  Send")
        await pilot.press("ctrl+s")
        await shows(pilot, "✗ Write some words.")
        await pilot.press(*"coming", "ctrl+s")
        await says(pilot, "Answered.")
        await pilot.press("G")
        await shows(pilot, "coming")
        given = {"text": "coming", "internal": False}
        assert ("act_on_ticket", (WLAN, "replies", given)) in city.calls


async def test_a_ready_made_text_is_put_in_and_can_be_changed(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 30)) as pilot:
        await open_one(pilot, WLAN, "reporter")
        await pilot.press("a")
        await shows(pilot, "Ready-made text")
        await pilot.press("up", "enter")
        await shows(pilot, "We are coming")
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.screen.query_one(TextArea).text == "We come at ten.")
        await pilot.press(*" ok", "ctrl+s")
        await says(pilot, "Answered.")
        assert city.said[WLAN][-1]["text"] == "We come at ten. ok"
        assert ("ticket_answers", ("en", WLAN)) in city.calls


async def test_a_note_is_no_answer(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_one(pilot, WLAN, "reporter")
        await pilot.press("n")
        await shows(pilot, "Note among colleagues")
        await pilot.press(*"part", "ctrl+s")
        await says(pilot, "Written down.")
        assert not city.said[WLAN][-1]["public"]


async def test_one_key_takes_it_and_another_gives_it_to_somebody(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_one(pilot, WLAN, "nobody")
        await pilot.press("C")
        await says(pilot, "You have it now.")
        await shows(pilot, "Assigned to         m.weber")
        await pilot.press("m")
        await shows(pilot, "Give to", "Now: m.weber")
        await pilot.press(*"nobody", "ctrl+s")
        # What is refused leaves what was typed.
        await shows(pilot, "✗ Nobody called 'nobody' has signed in here yet", "nobody")
        await pilot.press("ctrl+u", *"p.lind")
        await shows(pilot, "P.Lindner")
        await pilot.press("down", "enter", "ctrl+s")
        await says(pilot, "Given.")
        assert city.records[WLAN]["values"]["assigned_to"] == "p.lindner"


async def test_the_priority_is_chosen_by_typing(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_one(pilot)
        await pilot.press("p")
        await shows(pilot, "✖ P1 school offline")
        await pilot.press(*"wish", "enter")
        await says(pilot, "It is P4 now.")
        await shows(pilot, "· P4")


async def test_it_waits_for_the_vendor_and_is_opened_again(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_one(pilot)
        await pilot.press("W")
        await shows(pilot, "Wait for", "the school")
        await pilot.press("enter")
        await pilot.press("down", "enter", "ctrl+s")
        await says(pilot, "It waits.")
        await shows(pilot, "… for vendor")
        await pilot.press("D")
        await shows(pilot, "Open again", "To the reporter")
        await pilot.press("enter")
        await says(pilot, "Open again.")
        await shows(pilot, "▸ open")


async def test_it_is_solved_with_words_to_the_reporter(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_one(pilot)
        await pilot.press("f")
        await shows(pilot, "Solved", "it may stay empty")
        await pilot.press(*"plug", "ctrl+s")
        await says(pilot, "Solved; the reporter is asked.")
        given = {"state": "solved", "text": "plug"}
        assert ("act_on_ticket", (WLAN, "state", given)) in city.calls


async def test_a_prank_is_closed_by_one_key_and_one_enter(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("K")
        await stand_on(pilot, WLAN)
        await pilot.press("d", "enter")
        await says(pilot, "Closed.")
        assert city.records[WLAN]["values"]["state"] == "closed"
        await shows(pilot, "– closed")


async def test_tickets_are_joined_and_taken_apart(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_one(pilot, BOARD)
        await pilot.press("U")
        await says(pilot, "It has joined no other ticket.")
        await pilot.press("J")
        await shows(pilot, "About the same as")
        await pilot.press("1", "ctrl+s")
        await shows(pilot, "✗ Nobody called")  # refused: what was typed stands
        await pilot.press("ctrl+u", *"4711")
        await shows(pilot, "no WLAN in 2.14  Gymnasium")
        await pilot.press("ctrl+s")
        await says(pilot, "Done.")
        await shows(pilot, "#4711")
        await pilot.press("U")
        await says(pilot, "It stands for itself again.")
        await pilot.press("B")
        await shows(pilot, "Has to do with")
        await pilot.press(*"4711", "ctrl+s")
        await until(pilot, lambda: ("act_on_ticket", (BOARD, "links", {"ticket": "4711"}))
                    in city.calls)  # fmt: skip


async def test_a_ticket_is_put_into_an_incident_and_out_again(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_one(pilot, BOARD, "Reported by")
        await pilot.press("F")
        await shows(pilot, "Belongs to the incident", "✖ 164800 No connection")
        assert "no incident" not in text(pilot)
        await pilot.press("enter")
        await says(pilot, "Done.")
        await shows(pilot, "▲ No connection")
        await pilot.press("F")
        await shows(pilot, "no incident")
        await pilot.press("enter")
        await until(pilot, lambda: city.records[BOARD]["values"]["incident"] is None)


async def test_a_ticket_leads_to_its_room_device_incident_and_others(app: Any) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await open_one(pilot, BOARD, "Reported by")
        for key, words in (("o", "Room 2.14"), ("O", "Gymnasium Am Rheinbogen"),
                           ("v", "ap-164800-2.14")):  # fmt: skip
            await pilot.press(key)
            await until(pilot, lambda: type(app.screen).__name__ != "TicketScreen")
            await shows(pilot, words)
            await pilot.press("escape")
            await shows(pilot, "Ticket 4690")
        await pilot.press("i")
        await says(pilot, "It belongs to no incident.")
        await pilot.press("escape")
        await stand_on(pilot, WLAN)
        await pilot.press("enter")
        await shows(pilot, "Ticket 4711")
        await pilot.press("enter")
        await shows(pilot, "Ticket 4712", "About the same as")
        await pilot.press("escape")
        await shows(pilot, "Ticket 4711")
        await pilot.press("i")
        await shows(pilot, "Incident", "What happened", "Tickets  1", "#4711")


async def test_a_report_from_a_device_knows_its_place(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("5")
        await shows(pilot, "iPads")
        await until(pilot, lambda: app.screen.aim().id)
        await pilot.press("N")
        key = app.frames()[0].aim().key
        await shows(pilot, "New ticket", key, "101333/2.14")
        await pilot.press("ctrl+s")
        await shows(pilot, "✗ Say in some words what it is about.")
        await pilot.press(*"cracked", "ctrl+s")
        await says(pilot, "is open.")
        sent = next(detail for name, detail in city.calls if name == "report")
        assert (sent["device"], sent["text"], sent["category"]) == (key, "cracked", "device")
        assert sent["via"] == "tui"
        assert sent["form_key"]
        await shows(pilot, "Ticket ", "cracked")


async def test_a_refused_report_keeps_all_that_was_typed(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("K")
        await shows(pilot, "Tickets  4")
        await stand_on(pilot, DONE)
        await pilot.press("N")
        await shows(pilot, "New ticket")
        form: Any = app.screen
        form.school.set("999999")
        form.text.text = "it burns"
        await pilot.press("ctrl+s")
        await shows(pilot, "✗ There is no school '999999'", "it burns", "999999")
        city.cut()
        form.school.set("164800")
        await pilot.pause()
        await pilot.press("ctrl+s")
        await shows(pilot, "✗ No connection to the server.", "it burns")


async def test_one_update_goes_to_all_reporters_of_an_incident(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("I")
        await shows(pilot, "No connection")
        await pilot.press("U")
        # The one that joined is answered with it.
        await shows(pilot, "Goes to the reporters of 2 tickets.")
        await pilot.press(*"back", "space", *"at", "space", *"ten", "ctrl+s")
        await says(pilot, "1 ticket is answered.")
        assert ("tell_all", ("incident-i-1", "back at ten")) in city.calls
        await pilot.press("v")
        await shows(pilot, "Tickets  1", "/ incident:", "no WLAN")


async def test_a_teacher_follows_answers_and_closes_and_works_on_nothing(
    app_of: Any, city: City
) -> None:
    city.role = "teacher"
    app = app_of(city)
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        assert "new" not in text(pilot).splitlines()[0]
        await pilot.press("K")
        await shows(pilot, "Tickets  4")
        offered = {id for id in ("reply", "close", "reopen", "new", "note", "take", "give",
                                 "priority", "wait", "solve", "join", "incident")
                   if app.frames()[0].offers(f"ticket.{id}")}  # fmt: skip
        assert offered == {"reply", "close", "reopen", "new"}
        await pilot.press("N")
        await shows(pilot, "New ticket")
        assert "Priority" not in text(pilot)


async def test_read_only_offers_nothing_that_writes(app_of: Any, city: City) -> None:
    app = app_of(city, read_only=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await open_one(pilot)
        assert not [id for id in ("reply", "close", "take", "new")
                    if app.screen.offers(f"ticket.{id}")]  # fmt: skip
        assert app.screen.offers("ticket.open_incident")


async def test_tickets_speak_german(app: Any) -> None:
    i18n.use("de")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "◇ 1 neu · ", "● live")
        await pilot.press("K")
        await shows(pilot, "Tickets  4", "◇ neu", "siehe #4711", "– geschlossen")
        await stand_on(pilot, WLAN)
        await pilot.press("enter")
        await shows(pilot, "Erste Antwort", "fällig in 35 min Unterricht", "Gemeldet von")
        await pilot.press("a")
        await shows(pilot, "Antworten", "Fertiger Text", "Senden")
