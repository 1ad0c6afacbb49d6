"""No English text of the catalogue stands on a German screen."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.dialog_host import showing
from tests.tui.driving import shows, text, until
from tests.tui.test_dialog_fit import EXAMPLES
from tui import i18n, messages
from tui.actions import ACTIONS

SIZES = [(80, 24), (140, 45)]


def english() -> set[str]:
    """Texts that are no German word too: two words at least, or one that is translated."""
    book = messages.catalogue("de")
    german = " ".join(word for texts in book.values() for word in texts).casefold()
    return {
        id
        for id, texts in book.items()
        if "{" not in id and len(id) > 4 and texts[0] != id and id.casefold() not in german
    }


def left_in(shown: str, ids: set[str]) -> list[str]:
    return sorted(id for id in ids if re.search(rf"(?<!\w){re.escape(id)}(?!\w)", shown))


def test_an_english_text_would_be_found() -> None:
    assert left_in("│ Show the plan │", english()) == ["Show the plan"]
    assert "School number" in english()


@pytest.mark.parametrize("name", EXAMPLES)
async def test_a_dialog_speaks_german_alone(name: str) -> None:
    args, kwargs = EXAMPLES[name]
    # what the examples give: titles, a question, a file
    given = {"Edit", "Retire", "Reject", "New school", "devices", "Discard"}
    given |= {"not known", "Discard what you have changed here?"}
    async with showing(name, *args, language="de", size=(140, 45), **kwargs) as desk:
        await desk.pilot.pause()
        assert left_in(desk.text, english() - given) == []


@pytest.mark.parametrize("size", SIZES)
async def test_the_screens_speak_german_alone(app: Any, city: City, size: tuple[int, int]) -> None:
    """Each list, and the record on its first line."""
    i18n.use("de")
    ids = english() - {"the whole school"}  # somebody's reason
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "Überblick", "● live", "164800")
        for action in (one for one in ACTIONS if one.id.startswith("main.")):
            await app.perform(action.id, app.frames()[0])
            await until(pilot, lambda: not app._openings)
            await pilot.pause(0.1)
            assert left_in(text(pilot), ids) == [], action.id
            await pilot.press("enter")
            await pilot.pause(0.1)
            assert left_in(text(pilot), ids) == [], action.id


async def test_the_palette_speaks_german_and_names_keys_as_they_stand_on_the_keyboard(
    app: Any,
) -> None:
    i18n.use("de")
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("0")
        await shows(pilot, "Alle Geräte  42")
        await pilot.press("ctrl+p")
        await shows(pilot, "Tippen, was geschehen soll", "Markieren  [Leertaste]")
        assert left_in(text(pilot), english()) == []
        await pilot.press(*"xyzzy")
        await shows(pilot, "nichts passt")
