"""Keys, settings, palette, help, themes, language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.driving import says, shows, text, until
from tui import i18n, keydocs
from tui.actions import ACTIONS, BY_ID, bindings, check_keymap
from tui.app import SchoolopsApp
from tui.settings import TuiSettings, load

ROOT = Path(__file__).parents[2]


def _write(home: Path, text: str) -> None:
    home.mkdir()
    (home / "tui.toml").write_text(text)


def test_the_page_of_keys_is_up_to_date() -> None:
    assert (ROOT / "docs" / "keys.md").read_text("utf-8") == keydocs.text(), (
        "run: python -m tui.keydocs > docs/keys.md"
    )


def test_every_action_leads_to_a_function() -> None:
    from importlib import import_module

    for action in ACTIONS:
        module, _colon, name = action.run.partition(":")
        assert callable(getattr(import_module(module), name)), action.id


@pytest.mark.parametrize(
    "places",
    [
        {"list", "table", "devices", "device", "editable", "editable-list"},
        {"list", "table", "agents"},
        {"list", "table", "discovered"},
        {"tokens", "table"},
        {"school", "lines", "editable"},
        {"overview", "table"},
        {"list", "table", "audit"},
        {"list", "table", "accounts"},
        {"list", "table", "delegations"},
        {"list", "table", "approvals"},
    ],
)
def test_no_two_actions_of_a_screen_share_a_key(places: set[str]) -> None:
    seen: dict[str, str] = {}
    for binding in bindings(frozenset(places), {}):
        assert binding.key not in seen, (binding.key, binding.action, seen.get(binding.key))
        seen[binding.key] = binding.action


async def test_a_key_mapped_anew_works_and_the_old_one_is_gone(
    home: Path, app_of: Any, city: City
) -> None:
    _write(home, '[keymap]\n"main.uplinks" = "z"\n"app.quit" = "Q"\n')
    async with app_of(city).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "Q Quit")
        await pilot.press("z")
        await shows(pilot, "Uplinks  6")
        await pilot.press("q", "6")
        assert "Uplinks  6" in text(pilot)


def test_a_keymap_that_cannot_work_is_named() -> None:
    assert "no such action" in check_keymap({"record.fly": "f"})[0]
    clash = check_keymap({"record.edit": "q"})
    assert any("app.quit" in sentence for sentence in clash)
    assert not check_keymap({"record.edit": "E", "dialog.accept": "f2"})


async def test_a_broken_settings_file_is_reported_and_left_alone(
    home: Path, app_of: Any, city: City
) -> None:
    _write(home, "theme = nord\n")
    async with (app := app_of(city)).run_test(size=(120, 30)) as pilot:
        await says(pilot, "tui.toml")
        app.settings.theme = "nord"
        app.save_settings()
        assert (home / "tui.toml").read_text() == "theme = nord\n"


def test_settings_are_read_back_as_written(tmp_path: Path) -> None:
    settings = TuiSettings(
        tmp_path / "home" / "tui.toml", "de", "nord", {"record.edit": '"'}, {"devices": ("name",)}
    )
    assert settings.save() == ""
    again = load(tmp_path / "home")
    assert (again.language, again.theme, again.keymap, again.columns) == (
        "de", "nord", {"record.edit": '"'}, {"devices": ("name",)})  # fmt: skip
    assert (tmp_path / "home" / "tui.toml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text", ["language = 3", "keymap = 3", "[columns]\ndevices = 'name'", "[keymap]\nx = 1"]
)
def test_settings_of_a_wrong_type_are_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "tui.toml").write_text(text)
    assert "tui.toml" in load(tmp_path).problem


async def test_the_palette_finds_and_runs_by_typing_at_once(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("ctrl+p")
        await shows(pilot, "Type what you want to do", "Reload")
        await pilot.press(*"uplinks")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await shows(pilot, "Uplinks  6")


async def test_help_lists_what_works_here_and_runs_it(app: SchoolopsApp) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("question_mark")
        await shows(pilot, "What works here")
        await pilot.press(*"agents", "enter")
        await shows(pilot, "Agents  1")


async def test_a_chosen_theme_is_remembered(app: SchoolopsApp, home: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("t")
        await pilot.pause(0.2)
        await pilot.press(*"high-contrast")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "high-contrast")
        assert load(home).theme == "high-contrast"


async def test_german_is_german_and_the_language_switches_at_once(
    app_of: Any, city: City, home: Path
) -> None:
    app = app_of(city, TuiSettings(home / "tui.toml", language="de"))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Überblick", "✖ gestört", "Schulen")
        await app.perform("app.language", app.frames()[0])
        await shows(pilot, "Overview", "✖ down", "Schools")
        assert load(home).language == "en"


async def test_no_color_keeps_state_as_glyph_and_word(
    app_of: Any, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with (app := app_of(city)).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✖ down", "● ok")
        for strip in app.screen._compositor.render_strips():
            for segment in strip.apply_filter(app._filters[-1], app.screen.background_colors[0]):
                if segment.style and segment.style.color and segment.style.color.triplet:
                    red, green, blue = segment.style.color.triplet
                    assert max(red, green, blue) - min(red, green, blue) <= 2


def test_the_language_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLOPS_LANG", "de")
    i18n.use("")
    assert i18n.language() == "de"


def test_all_action_ids_are_named_once() -> None:
    assert len(BY_ID) == len(ACTIONS)
