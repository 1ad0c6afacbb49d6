"""Read-only mode and roles: what one may not do is not offered, and refused when tried."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.driving import says, shows, text
from tui.actions import ACTIONS, BY_ID

WRITES = [action.id for action in ACTIONS if action.writes]


@pytest.mark.parametrize("by_server", [False, True])
async def test_read_only_hides_and_refuses_every_write(app_of: Any, by_server: bool) -> None:
    city = City(read_only=by_server)
    app = app_of(city, read_only=not by_server)
    async with app.run_test(size=(140, 40)) as pilot:
        await shows(pilot, "read-only")
        await pilot.press("0")
        await shows(pilot, "All devices  42", "ap-101333-1.01")
        assert not [id for id in WRITES if app.screen.offers(id)]
        assert "Retire" not in text(pilot).splitlines()[-1]
        for key in ("e", "d", "b", "m", "n", "i"):
            await pilot.press(key)
            assert app.screen is app.frames()[0]  # no dialog came
        await app.perform("record.retire", app.frames()[0])
        await says(pilot, "nothing can be changed here")


async def test_a_school_may_edit_contacts_and_nothing_else(app_of: Any) -> None:
    app = app_of(City(role="school-admin"))
    async with app.run_test(size=(140, 40)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("0")
        await shows(pilot, "All devices  42")
        assert not app.screen.offers("record.edit")
        await app.perform("main.contacts", app.frames()[0])
        await shows(pilot, "Contacts  12")
        assert app.screen.offers("record.edit")


async def test_an_auditor_reads_the_audit_and_a_viewer_does_not(app_of: Any) -> None:
    for role, offered in (("auditor", True), ("viewer", False)):
        app = app_of(City(role=role))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "● live")
            assert app.screen.offers("main.audit") is offered


def test_every_write_is_marked_as_one_and_needs_a_permission() -> None:
    for action in ACTIONS:
        if action.writes and action.id not in ("delegation.revoke", "approval.withdraw"):
            assert action.permission, action.id  # those two are about what is one's own
    for id in ("record.edit", "record.retire", "record.bulk", "device.move", "file.import",
               "agent.revoke", "token.revoke", "discovered.adopt"):  # fmt: skip
        assert BY_ID[id].writes
