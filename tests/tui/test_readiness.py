"""Whether teaching works, as a line of a school's page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.city import City
from tui import describe, i18n


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
