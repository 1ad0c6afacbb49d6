"""The terminal UI on a real server of this computer: start, edit, live, away and back."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from schoolops.cli import main
from schoolops.cli.serve import _process_at
from schoolops.client import AsyncClient, connect_async
from schoolops.core import paths
from tests.tui.driving import says, shows, text, until
from tui import i18n
from tui.app import SchoolopsApp
from tui.backend import Backend

SCHOOL = {"number": "164800", "name": "Gymnasium Am Rheinbogen", "short_name": "Rheinbogen",
          "city": "Düsseldorf"}  # fmt: skip


@pytest.fixture
async def client(home: Path) -> AsyncIterator[AsyncClient]:
    """A second person at the same server."""
    async with await connect_async() as client:
        await client.create("schools", SCHOOL)
        await client.create("rooms", {"school": "164800", "name": "2.14"})
        for n in range(40):
            values = {"kind": "ipad", "name": f"iPad {n:02}", "serial": f"DMPX{n:04}",
                      "school": "164800", "room": "164800/2.14"}  # fmt: skip
            await client.create("devices", values)
        yield client
    assert main(["serve", "--stop"]) == 0


@pytest.fixture
def app(home: Path) -> SchoolopsApp:
    async def connect() -> Backend:
        return await connect_async()

    return SchoolopsApp(connect, home=home, reconnect_s=0.1)


async def test_a_change_by_somebody_else_shows_by_itself(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        await pilot.press("0")
        await shows(pilot, "All devices  40", "iPad 03")
        await pilot.press("j")
        record = await client.get("devices", "DMPX0003")
        await client.edit("devices", record["id"], record["version"], {"name": "Klaviersaal"})
        await shows(pilot, "Klaviersaal")
        line = next(line for line in text(pilot).splitlines() if line.startswith("›"))
        assert "iPad 01" in line


async def test_what_the_server_refuses_reads_german_on_a_german_screen(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    i18n.use("de")
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        await pilot.press("3", "n")
        await shows(pilot, "Neu: Raum")
        form: Any = app.screen
        form.row("school").control.set("164800")
        form.row("name").enter()
        await pilot.press(*"2.14", "ctrl+s")
        await shows(pilot, "Raum 164800/2.14 gibt es schon; diesen Eintrag bearbeiten")
        form = app.screen
        form.row("name").enter()
        await pilot.press("ctrl+u", *"2.15")
        form.row("building").control.set("164800/Altbau")
        await pilot.press("ctrl+s")
        await shows(pilot, "✗ Gebäude „164800/Altbau“ gibt es nicht; bitte erst anlegen")


async def test_what_hangs_on_a_record_is_named_in_german(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    i18n.use("de")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        await pilot.press("2", "d")
        await shows(pilot, "Grund")
        await pilot.press(*"geschlossen", "ctrl+s")
        await shows(pilot, "An Schule 164800 hängen", "1 Raum, 40", "diese erst")


async def test_a_server_that_was_stopped_stays_so_until_it_is_wanted_again(
    app: SchoolopsApp, client: AsyncClient, home: Path
) -> None:
    i18n.use("de")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        assert await asyncio.to_thread(main, ["serve", "--stop"]) == 0
        await shows(pilot, "✖ offline", "Der Server wurde von", "beendet", "startet ihn")
        await asyncio.sleep(1.0)  # ten times as long as a lost connection waits
        assert _process_at(paths.socket_path(home)) is None
        await pilot.press("r")
        await shows(pilot, "● live")
        assert _process_at(paths.socket_path(home)) is not None
        assert not paths.stopped_path(home).exists()


async def test_after_a_stop_another_server_can_be_started_and_is_found(
    app: SchoolopsApp, client: AsyncClient, home: Path
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        assert await asyncio.to_thread(main, ["serve", "--stop"]) == 0
        await shows(pilot, "The server was stopped by")
        command = [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0"]
        server = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        try:
            await until(pilot, lambda: "● live" in text(pilot), 20)
            assert _process_at(paths.socket_path(home)) == server.pid
        finally:
            server.terminate()
            await server.wait()


async def test_a_jump_finds_a_room_by_its_school_and_its_name_in_any_order(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    await client.create("schools", {"number": "164574", "name": "Goethe-Gymnasium"})
    await client.create("rooms", {"school": "164574", "name": "2.14"})
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        for words in ("goethe 2.14", "2.14 Gymn Goethe"):
            await pilot.press("colon")
            await shows(pilot, "Jump to")
            app.screen.query_one(Input).value = words
            await pilot.press("enter")
            await until(pilot, lambda: getattr(app.screen, "kind_name", "") == "room")
            await shows(pilot, "Goethe-Gymnasium", "2.14")
            await pilot.press("1")
            await shows(pilot, "Overview")


async def test_a_record_is_edited_by_the_form_and_a_clash_is_shown(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        await pilot.press("5")
        await shows(pilot, "iPads  40", "DMPX0000")
        await pilot.press("e")
        await shows(pilot, "Edit DMPX0000")
        record = await client.get("devices", "DMPX0000")
        await client.edit("devices", record["id"], record["version"], {"owner": "Anna"})
        record = await client.get("devices", "DMPX0000")
        await client.edit("devices", record["id"], record["version"], {"model": "iPad 9"})
        form: Any = app.screen
        form.row("owner").enter()
        await pilot.press(*"Berta", "ctrl+s")
        await shows(pilot, "Anna", "Berta")  # theirs and mine, side by side
        await shows(pilot, "iPad 9", "not edited")
        await pilot.press("escape")
        assert (await client.get("devices", "DMPX0000"))["values"]["owner"] == "Anna"


async def test_marked_devices_are_retired_after_the_number_is_typed(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        await pilot.press("5")
        await shows(pilot, "iPads  40", "DMPX0000")
        await pilot.press("space", "space", "d")
        await shows(pilot, "Retire 2 records")
        await pilot.press(*"broken", "ctrl+s")
        await shows(pilot, "2 change, 0 stay")
        await pilot.press("3", "enter")
        await pilot.pause(0.2)
        assert await client.count("devices") == 40
        await pilot.press("backspace", "2", "enter")
        await says(pilot, "2 records are retired")
        await shows(pilot, "iPads  38")
        assert await client.count("devices") == 38


async def test_a_server_that_dies_is_missed_and_started_again(
    app: SchoolopsApp, client: AsyncClient, home: Path
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        process = _process_at(paths.socket_path(home))
        assert process is not None
        os.kill(process, signal.SIGKILL)
        await until(pilot, lambda: app.offline_since, 20)
        await until(pilot, lambda: not app.offline_since, 30)
        await pilot.press("0")
        await shows(pilot, "All devices  40", "● live")


async def test_the_school_the_room_and_the_audit_come_from_the_server(
    app: SchoolopsApp, client: AsyncClient
) -> None:
    async with app.run_test(size=(140, 45)) as pilot:
        await shows(pilot, "● live", "Rheinbogen")
        await pilot.press("enter")
        await shows(pilot, "Uplinks  none", "2.14", "School number")
        await pilot.press("9")
        await shows(pilot, " Audit", "DMPX0039")
        await pilot.press("v")
        await says(pilot, "is whole")
        await pilot.press("3")
        await shows(pilot, "Rooms  1")
        await pilot.press("enter")
        await shows(pilot, " Room 2.14", "DMPX" if "DMPX" in text(pilot) else "iPad 39")
