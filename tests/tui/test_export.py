"""Out and in, agents, tokens: what the commands make of the dialogs' answers."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.driving import answered_by, says, shows, text, until
from tui.app import SchoolopsApp
from tui.commands import files, fleet


def answering(
    monkeypatch: pytest.MonkeyPatch, module: Any, **answers: Any
) -> list[tuple[str, tuple[Any, ...]]]:
    """Dialogs answer by name; the list says which were shown with what."""
    asked: list[tuple[str, tuple[Any, ...]]] = []

    async def ask(screen: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        asked.append((name, args))
        return answers.get(name)

    answered_by(monkeypatch, module, ask)
    return asked


async def _ipads(pilot: Any) -> None:
    await shows(pilot, "● live")
    await pilot.press("5")
    await shows(pilot, "iPads  24", "DMP1013330")


async def test_an_export_is_a_file_for_its_owner_alone(
    app: SchoolopsApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    answer = {"format": "csv", "where": "file", "path": str(path)}
    asked = answering(monkeypatch, files, ExportDialog=answer)
    async with app.run_test(size=(80, 24)) as pilot:
        await _ipads(pilot)
        await pilot.press("x")
        await says(pilot, "Written to")
        assert asked[0][1][2] == 24
        assert len(path.read_text().splitlines()) == 24
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_an_export_that_cannot_be_written_is_a_sentence(
    app: SchoolopsApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = {"format": "csv", "where": "file", "path": str(tmp_path / "no" / "out.csv")}
    answering(monkeypatch, files, ExportDialog=answer)
    async with app.run_test(size=(80, 24)) as pilot:
        await _ipads(pilot)
        await pilot.press("x")
        await says(pilot, "No such file or directory")


async def test_a_download_link_is_whole_or_refused(
    app_of: Any, city: City, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def link(*args: Any, **kwargs: Any) -> Any:
        return {"url": "/v1/downloads/abc", "expires": "2026-11-24T07:10:00Z"}

    city.download_link = link  # type: ignore[method-assign]
    answering(monkeypatch, files, ExportDialog={"format": "csv", "where": "link", "path": ""})
    async with app_of(city).run_test(size=(80, 24)) as pilot:
        await _ipads(pilot)
        await pilot.press("x")
        await says(pilot, "leads nowhere")
    async with (app := app_of(city, server_url="https://city.example")).run_test() as pilot:
        await _ipads(pilot)
        await pilot.press("x")
        await says(pilot, "https://city.example/v1/downloads/abc")
        assert app.clipboard == "https://city.example/v1/downloads/abc"


async def test_an_import_is_tried_first_and_given_up_without_a_trace(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "devices.csv"
    path.write_text("serial\nX1\n")
    given = {"path": str(path), "kind": "device", "plural": "devices"}
    asked = answering(monkeypatch, files, ImportDialog=given, ImportReport=None)
    async with app.run_test(size=(80, 24)) as pilot:
        await _ipads(pilot)
        await pilot.press("i")
        await until(pilot, lambda: len(asked) == 2)
        await pilot.pause(0.1)
        assert [d for name, d in city.calls if name == "import"] == [
            ("devices", "devices.csv", True)
        ]
        answering(monkeypatch, files, ImportDialog=given, ImportReport="apply")
        await pilot.press("i")
        await says(pilot, "1 new, 0 changed")
        assert [d[2] for name, d in city.calls if name == "import"] == [True, True, False]


async def test_inviting_an_agent_shows_the_code_and_the_command(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, fleet, InviteDialog={"school": "164800", "name": "box"})
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("7")
        await shows(pilot, "Agents  1", "rheinbogen")
        await pilot.press("n")
        await until(pilot, lambda: len(asked) == 2)
        name, args = asked[1]
        assert name == "ShowCode"
        assert args[0] == "ABCD-EFGH-JKLM"
        assert args[1][0].endswith("ABCD-EFGH-JKLM")


async def test_revoking_asks_and_no_means_no(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("7")
        await shows(pilot, "Agents  1", "rheinbogen")
        answering(monkeypatch, fleet, ConfirmPlan=False)
        await pilot.press("d")
        await pilot.pause(0.2)
        assert not [c for c in city.calls if c[0] == "revoke"]
        answering(monkeypatch, fleet, ConfirmPlan=True)
        await pilot.press("d")
        await says(pilot, "is revoked")
        await shows(pilot, "revoked")


async def test_a_discovered_device_is_adopted_with_what_was_filled_in(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"kind": "printer", "serial": "NEW1", "school": "164800", "name": "Drucker"}
    answering(monkeypatch, fleet, AdoptDialog=values)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("8")
        await shows(pilot, "Discovered devices  1", "10.1.1.99")
        await pilot.press("a")
        await says(pilot, "NEW1 is in the inventory")
        assert ("adopt", ("discovered-found-1", values)) in city.calls


async def test_people_are_listed_and_a_new_token_is_shown_once(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = {"name": "a.kaya", "role": "viewer", "schools": None, "authority": None, "days": 90}
    asked = answering(monkeypatch, fleet, TokenDialog=new)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.tokens", app.frames()[0])
        await shows(pilot, "Tokens  1", "m.weber", "Service provider")
        await pilot.press("n")
        await shows(pilot, "Tokens  2", "a.kaya")
        assert asked[1][0] == "ShowToken"
        assert asked[1][1][0]["token"] == "sot_example"
        assert "sot_example" not in text(pilot)
