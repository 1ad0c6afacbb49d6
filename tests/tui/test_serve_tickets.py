"""Tickets on a real server: report, answer, take, wait, close; an answer to all of an incident."""

from __future__ import annotations

from typing import Any

from schoolops.client import AsyncClient
from tests.tui.driving import says, shows
from tests.tui.test_serve import app, client  # noqa: F401  (fixtures)
from tui import i18n
from tui.app import SchoolopsApp


async def test_a_fault_is_reported_answered_and_closed(
    app: SchoolopsApp,  # noqa: F811
    client: AsyncClient,  # noqa: F811
) -> None:
    i18n.use("de")
    async with app.run_test(size=(140, 45)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        await pilot.press("3")
        await shows(pilot, "Räume  1")
        await pilot.press("N")
        await shows(pilot, "Neues Ticket", "164800/2.14")
        await pilot.press(*"Beamer", "space", *"flackert", "ctrl+s")
        await shows(pilot, "Ticket 1", "◇ neu", "│ Beamer flackert", "bei Meldung")
        await pilot.press("a")
        await shows(pilot, "Fertiger Text")
        form: Any = app.screen
        form.ready.value = str([one["name"] for one in form.answers].index("on-our-way"))
        await pilot.pause()
        await pilot.press("ctrl+s")
        await says(pilot, "Beantwortet.")
        await shows(pilot, "┃ Vielen Dank für Ihre Meldung aus Raum 2.14.")
        await pilot.press("C")  # this computer's own user, who has no account
        await says(pilot, "Sie haben")
        await shows(pilot, "▸ offen", "1 meine")
        await pilot.press("m")
        await shows(pilot, "Weitergeben")
        await pilot.press(*"niemand", "ctrl+s")
        await shows(pilot, "✗", "niemand")
        await pilot.press("escape", "d")
        await shows(pilot, "Dazu antworten")
        await pilot.press("enter")
        await says(pilot, "Geschlossen.")
        await shows(pilot, "– geschlossen")
        found = await client.ticket("1")
        assert found["state"] == "closed"
        assert found["via"] == "tui"


async def test_a_ticket_of_another_person_comes_by_itself_and_is_joined(
    app: SchoolopsApp,  # noqa: F811
    client: AsyncClient,  # noqa: F811
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        await pilot.press("K")
        await shows(pilot, "Tickets  0")
        place = {"school": "164800", "room": "2.14", "category": "network"}
        await client.report({**place, "text": "no WLAN"})
        await client.report({**place, "text": "WLAN is gone"})
        await shows(pilot, "Tickets  2", "▲ P2", "see #1", "◇ 1 new")
        await client.report({"school": "164800", "text": "a loose cable"})
        await shows(pilot, "Tickets  3", "a loose cable")
        await pilot.press("slash", *"category:other", "enter")
        await shows(pilot, "Tickets  1")
        await pilot.press("J")
        await shows(pilot, "About the same as")
        await pilot.press("1", "ctrl+s")
        await says(pilot, "Done.")
        await shows(pilot, "see #1")
        assert (await client.ticket("1"))["joined"] == [2, 3]
