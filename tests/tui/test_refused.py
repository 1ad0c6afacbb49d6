"""What a real server refuses is said on the form, and what was typed stands until it is done."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from schoolops.client import AsyncClient, connect_async
from tests.tui.driving import says, shows, text, until
from tui.app import SchoolopsApp
from tui.backend import Backend

Make = Callable[..., Any]


@pytest.fixture
async def server(home: Path) -> AsyncIterator[str]:
    """A server on the computer's socket and on a port; its address."""
    command = [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        address = home / "server.address"
        while not await asyncio.to_thread(address.exists):
            assert process.returncode is None
            await asyncio.sleep(0.05)
        yield (await asyncio.to_thread(address.read_text)).strip()
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def client(server: str) -> AsyncIterator[AsyncClient]:
    """Somebody who may do everything, with two schools, a few rooms and iPads."""
    async with await connect_async() as client:
        for number, name in (("164800", "Rheinbogen"), ("101333", "Platanen")):
            await client.create("schools", {"number": number, "name": name, "short_name": name})
            await client.create("rooms", {"school": number, "name": "2.14"})
        for n in range(3):
            values = {"kind": "ipad", "name": f"iPad {n}", "serial": f"DMPX{n}"}
            values |= {"school": "164800", "room": "164800/2.14"}
            await client.create("devices", values)
        yield client


@pytest.fixture
def app(home: Path) -> SchoolopsApp:
    async def connect() -> Backend:
        return await connect_async()

    return SchoolopsApp(connect, home=home, reconnect_s=0.1)


@pytest.fixture
def app_of(server: str, client: AsyncClient, home: Path) -> Make:
    """The screens of somebody with a role at one school."""

    async def make(role: str, school: str) -> SchoolopsApp:
        made = await client.create_token("k.brandt", role, schools=[school], days=1)

        async def connect() -> Backend:
            return await connect_async(server, made["token"])

        return SchoolopsApp(connect, home=home, reconnect_s=0.1)

    return make


async def _ipads(pilot: Any) -> Any:
    await shows(pilot, "● live")
    await pilot.press("5")
    await shows(pilot, "iPads  3", "DMPX0")
    return pilot.app


async def test_a_value_that_cannot_be_stays_in_the_bulk_edit_until_it_is_right(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await _ipads(pilot)
        await pilot.press("asterisk", "b")
        await shows(pilot, "Choose the field")
        form: Any = app.screen
        form.which.value = "room"
        await until(pilot, lambda: form.row is not None)
        form.row.enter()
        await pilot.press(*"164800/9.99")
        await shows(pilot, "nothing found")  # the suggestions must not lie over the refusal
        await pilot.press("ctrl+s")
        await shows(pilot, "Change 3", "✗ There is no room '164800/9.99'")
        assert form.row.has_focus_within
        form.row.control.set("101333/2.14")
        await pilot.press("ctrl+s")
        await shows(pilot, "✗ 0 change, 0 stay as they are, 3 are refused.", "✖ DMPX0")
        assert form.row.text == "101333/2.14"
        form.row.control.set("164800/2.14")
        await pilot.press("ctrl+s")
        await shows(pilot, "✗ 0 change, 3 stay as they are")
        form.which.value = "owner"
        await until(pilot, lambda: form.row.field.name == "owner")
        form.row.control.value = "Kolleg"
        form.row.enter()
        await pilot.press("ctrl+s")
        await shows(pilot, "Type 3 to go on")
        assert "Show the plan" not in text(pilot)  # the form is out of the way
        await pilot.press("escape")  # no: then the form is there to be corrected
        await until(pilot, lambda: app.screen is form)
        await shows(pilot, "Show the plan")
        assert form.row.text == "Kolleg"
        assert form.row.has_focus_within
        await pilot.press("ctrl+s")
        await shows(pilot, "Type 3 to go on")
        await pilot.press("3", "enter")
        await says(pilot, "3 changed")
        assert await client.count("devices", q="owner:Kolleg") == 3


async def test_a_number_that_is_no_longer_right_leaves_the_bulk_edit_open(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await _ipads(pilot)
        await pilot.press("asterisk", "b")
        await shows(pilot, "Choose the field")
        form: Any = app.screen
        form.which.value = "owner"
        await until(pilot, lambda: form.row is not None)
        form.row.control.value = "Kolleg"
        await pilot.press("ctrl+s")
        await shows(pilot, "Type 3 to go on")
        values = {"kind": "ipad", "serial": "DMPX9", "school": "164800"}
        await client.create("devices", values)
        await pilot.press("3", "enter")
        await until(pilot, lambda: app.screen is form)
        await shows(pilot, "✗")
        assert await client.count("devices", q="owner:Kolleg") == 0
        await pilot.press("ctrl+s")
        await shows(pilot, "Type 4 to go on")
        await pilot.press("4", "enter")
        await says(pilot, "4 changed")


async def test_a_room_that_is_not_there_stays_in_the_move(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await _ipads(pilot)
        await pilot.press("m")
        await shows(pilot, "Move DMPX0")
        form: Any = app.screen
        form.room_input.set("164800/9.99")
        form.note.value = "for 5a"
        await pilot.press("ctrl+s")
        await shows(pilot, "Move DMPX0", "✗", "164800/9.99")
        assert form.room_input.input.has_focus
        assert form.note.value == "for 5a"
        await client.create("rooms", {"school": "164800", "name": "9.99"})
        await pilot.press("ctrl+s")
        await says(pilot, "DMPX0 now stands in 164800/9.99")
        past = await client.history("devices", (await client.get("devices", "DMPX0"))["id"])
        assert past["placements"][0]["note"] == "for 5a"


async def test_a_move_of_what_somebody_else_changed_says_so_and_goes_on_when_asked_again(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    await client.create("rooms", {"school": "164800", "name": "1.01"})
    async with app.run_test(size=(100, 40)) as pilot:
        await _ipads(pilot)
        await pilot.press("m")
        await shows(pilot, "Move DMPX0")
        form: Any = app.screen
        record = await client.get("devices", "DMPX0")
        await client.edit("devices", record["id"], record["version"], {"owner": "Anna"})
        form.room_input.set("164800/1.01")
        await pilot.press("ctrl+s")
        await shows(pilot, "Move DMPX0", "✗")
        assert form.room_input.value == "164800/1.01"
        assert (await client.get("devices", "DMPX0"))["values"]["room"] == "164800/2.14"
        await pilot.press("ctrl+s")
        await says(pilot, "DMPX0 now stands in 164800/1.01")
        assert (await client.get("devices", "DMPX0"))["values"]["owner"] == "Anna"


async def test_what_hangs_on_a_school_is_read_beside_the_reason_to_retire_it(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        await pilot.press("2", "G", "d")
        await shows(pilot, "Retire 164800", "Reason")
        form: Any = app.screen
        await pilot.press(*"closed", "ctrl+s")
        await shows(pilot, "Retire 164800", "1 are refused", "1 room, 3 devices")
        assert form.reason.value == "closed"


async def test_what_one_may_not_change_there_stays_in_the_form(app_of: Make) -> None:
    app = await app_of("technician", "164800")
    async with app.run_test(size=(100, 40)) as pilot:
        await _ipads(pilot)
        await pilot.press("e")
        await shows(pilot, "Edit DMPX0")
        form: Any = app.screen
        form.row("school").control.set("101333")
        form.row("room").control.set("")
        form.row("owner").enter()
        await pilot.press(*"Berta", "ctrl+s")
        await shows(pilot, "Edit DMPX0", "✗")
        assert app.screen is form
        assert form.row("owner").text == "Berta"
        form.row("school").control.set("164800")
        await pilot.press("ctrl+s")
        await says(pilot, "DMPX0 is saved")


async def test_a_serial_number_that_is_taken_is_said_at_its_field(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await _ipads(pilot)
        await pilot.press("n")
        await shows(pilot, "New: device")
        form: Any = app.screen
        form.row("school").control.set("164800")
        form.row("serial").control.value = "DMPX1"
        form.row("notes").enter()
        await pilot.press(*"kept", "ctrl+s")
        await shows(pilot, "✗", "DMPX1")
        assert app.screen is form
        assert form.row("notes").text == "kept"
        form.row("serial").control.value = "DMPX7"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await says(pilot, "DMPX7 is created")


async def test_a_file_that_is_no_list_stays_named_in_the_import(
    app: SchoolopsApp, client: AsyncClient, tmp_path: Path
) -> None:
    path = tmp_path / "geraete.csv"
    path.write_text("Unsinn;Nichts\n1;2\n")
    async with app.run_test(size=(100, 40)) as pilot:
        await _ipads(pilot)
        await pilot.press("i")
        await shows(pilot, "Import a file")
        form: Any = app.screen
        form.path.set(str(path))
        await pilot.press("ctrl+s")
        await shows(pilot, "Import a file", "✗")
        assert form.path.value == str(path)
        path.write_text("Seriennummer;Typ;Schule\nDMPX8;iPad;164800\n")
        await pilot.press("ctrl+s")
        await shows(pilot, "tried only")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is form)
        await pilot.press("ctrl+s")
        await shows(pilot, "tried only")
        await pilot.press("a")
        await says(pilot, "1 new")
        assert await client.count("devices") == 4


async def test_whoever_is_not_known_here_can_be_corrected_in_the_delegation(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.delegations", app.frames()[0])
        await shows(pilot, "Delegations")
        await pilot.press("n")
        await shows(pilot, "Hand own rights on")
        form: Any = app.screen
        form.receiver.set("nobody.here")
        form.school.set("164800")
        form.reason.value = "on leave"
        form.query("Tick").first().focus()
        await pilot.press("space", "ctrl+s")
        await shows(pilot, "Hand own rights on", "✗", "nobody.here", "[x]")
        assert app.screen is form
        assert form.reason.value == "on leave"


async def test_asking_in_an_emergency_keeps_what_was_typed_through_each_refusal(
    app_of: Make, client: AsyncClient
) -> None:
    app = await app_of("technician", "164800")
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("exclamation_mark")
        await shows(pilot, "Ask for emergency access")
        form: Any = app.screen
        form.school.set("999999")
        form.reason.value = "the whole school is dark"
        form.query("Tick").first().focus()
        await pilot.press("space", "ctrl+s")
        await shows(pilot, "Ask for emergency access", "✗", "999999")
        form.school.set("101333")
        await pilot.press("ctrl+s")
        await shows(pilot, "✗ k.brandt has no account", "[x]")  # a token is nobody's
        assert app.screen is form
        assert form.reason.value == "the whole school is dark"
        assert await client.count("approvals") == 0


async def test_a_name_that_is_taken_stays_in_the_form_of_a_token(
    app: SchoolopsApp, client: AsyncClient, server: str
) -> None:
    await client.create_token("m.weber", "viewer", days=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.tokens", app.frames()[0])
        await shows(pilot, "Tokens  1")
        await pilot.press("n")
        await shows(pilot, "New token")
        await pilot.press(*"m.weber", "ctrl+s")
        await shows(pilot, "New token", "✗", "m.weber")
        await pilot.press("ctrl+u", *"a.kaya", "ctrl+s")
        await shows(pilot, "Token of a.kaya", f"schoolops tui --server {server}")
        assert "SERVER" not in text(pilot)


async def test_an_invitation_is_corrected_and_then_says_how_to_join(
    app: SchoolopsApp, client: AsyncClient, server: str
) -> None:
    await client.invite("164800", "cellar")
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("7")
        await shows(pilot, "Agents  1")
        await pilot.press("n")
        await shows(pilot, "Invite an agent")
        form: Any = app.screen
        form.school.set("164800")
        form.agent.value = "cellar"
        await pilot.press("ctrl+s")
        await shows(pilot, "Invite an agent", "✗", "cellar")
        form.agent.value = "attic"
        await pilot.press("ctrl+s")
        await shows(pilot, f"schoolops-agent join {server} ", "on this computer alone")


async def test_nobody_is_invited_to_a_server_without_a_port(app: SchoolopsApp, home: Path) -> None:
    from schoolops.cli import main

    async with await connect_async() as client:
        await client.create("schools", {"number": "164800", "name": "Rheinbogen"})
        async with app.run_test(size=(100, 40)) as pilot:
            await shows(pilot, "● live")
            await pilot.press("7", "n")
            await shows(pilot, "Invite an agent")
            form: Any = app.screen
            form.school.set("164800")
            await pilot.press("ctrl+s")
            await shows(pilot, "✗ Nobody elsewhere reaches this server", "schoolops serve --host")
            assert app.screen is form
        assert await client.count("agents") == 0
    assert await asyncio.to_thread(main, ["serve", "--stop"]) == 0


async def test_a_secret_that_could_not_be_stored_need_not_be_typed_again(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    await client.create("credentials", {"name": "aps", "kind": "snmp-v2c"})
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.credentials", app.frames()[0])
        await shows(pilot, "Credentials  1", "aps")
        await pilot.press("p")
        await shows(pilot, "Secret of aps")
        form: Any = app.screen
        form.inputs[0].value = "x" * 3000  # pasted the wrong thing
        await pilot.press("ctrl+s")
        await shows(pilot, "Secret of aps", "✗")
        assert len(form.inputs[0].value) == 3000
        form.inputs[0].value = "geheim"
        await pilot.press("ctrl+s")
        await says(pilot, "The secret of aps is set")
