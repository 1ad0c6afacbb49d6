"""The city's colour: what cannot be read is refused, with one that can."""

from __future__ import annotations

import pytest

from schoolops.core import colour
from schoolops.core.errors import Unusable
from schoolops.core.settings import load_settings


def test_contrast_is_that_of_the_guideline() -> None:
    assert colour.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colour.contrast("#ffffff", "#ffffff") == pytest.approx(1)
    assert colour.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_an_accent_on_which_white_cannot_be_read_is_refused_with_one_that_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SCHOOLOPS_PORTAL__ACCENT", "#ffdd00")
    with pytest.raises(Unusable, match="#877500 would do"):
        load_settings()
    assert colour.contrast("#877500", colour.WHITE) >= colour.READABLE


def test_what_is_no_colour_says_how_one_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLOPS_PORTAL__ACCENT", "blue")
    with pytest.raises(Unusable, match="#rrggbb"):
        load_settings()


def test_a_dark_accent_is_lightened_for_the_night() -> None:
    night = colour.readable_on(colour.NIGHT, "#0a2a4a")
    assert colour.contrast(colour.NIGHT, night) >= colour.READABLE
