"""Whether teaching works, as a line of a school's page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.driving import shows
from tui import describe, i18n
from tui.screens.school import SchoolScreen


async def _line(**other: Any) -> str:
    found = await City().school_readiness("164800")
    return str(describe.readiness_line(found | other))


async def test_the_level_stands_with_its_reason_in_the_persons_language() -> None:
    assert (await _line()).split() == ["Teaching", "limited:", "mdm:", "no", "answer"]
    i18n.use("de")
    assert (await _line()).split() == ["Unterricht", "eingeschränkt:", "mdm:", "keine", "Antwort"]


@pytest.mark.parametrize(
    ("level", "word"),
    [("works", "works"), ("fails", "does not work"), ("unknown", "not known"), ("new", "new")],
)
async def test_each_level_has_its_word(level: str, word: str) -> None:
    assert (await _line(level=level, reason="")).split(maxsplit=1)[1] == word


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_the_page_of_a_school_has_it_as_a_line(app: Any, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "● live")
        app.push_screen(SchoolScreen("164800"))
        await shows(pilot, "Teaching", "limited: mdm: no answer")


async def test_lines_in_use_come_first_and_a_planned_one_says_so(app: Any, city: City) -> None:
    city.add("uplink", "164800/fibre", school="164800", name="fibre", medium="fibre",
             state="planned", contract_down_bps=10**9, contract_up_bps=10**9)  # fmt: skip
    main = city.records["uplink-164800-main"] = city.records.pop("uplink-164800-main")  # the last
    main["values"]["name"] = "zz-main"
    async with app.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "● live")
        app.push_screen(SchoolScreen("164800"))
        shown = (await shows(pilot, "zz-main", "fibre")).splitlines()
        (used,) = [n for n, line in enumerate(shown) if "zz-main" in line]
        (planned,) = [n for n, line in enumerate(shown) if "  fibre" in line]
        assert used < planned
        assert "planned" in shown[planned]
        assert "not measured yet" not in shown[planned + 1]
