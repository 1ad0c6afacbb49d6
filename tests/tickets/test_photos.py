"""A photo is kept as the picture alone: nothing of where, when and with what it was taken."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from schoolops.core.errors import Invalid
from schoolops.tickets import photos
from tests.tickets.pictures import jpeg_with_gps, png_with_text
from tests.web.browser import chromium

__all__ = ["chromium"]

TELLS = (b"GPS-HERE", b"Kamera 7", b"http://ns.adobe.com", b"tEXt", b"eXIf")


@pytest.mark.parametrize("taken", [jpeg_with_gps(), jpeg_with_gps(6), png_with_text()])
def test_nothing_is_left_that_tells_of_the_place(taken: bytes) -> None:
    _, kept = photos.cleaned(taken)
    assert not any(word in kept for word in TELLS)
    assert photos.cleaned(kept)[1] == kept


def test_how_a_picture_has_to_be_turned_is_kept_and_nothing_else_of_exif() -> None:
    assert b"Exif" not in photos.cleaned(jpeg_with_gps(1))[1]
    kept = photos.cleaned(jpeg_with_gps(6))[1]
    at = kept.index(b"Exif")
    assert kept[at - 4 : at - 2] == b"\xff\xe1"
    assert int.from_bytes(kept[at - 2 : at], "big") == 34


@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_the_pixels_of_a_real_picture_stay_the_same(
    format: str, chromium: Any, tmp_path: Path
) -> None:
    """A browser draws it before and after: the same picture, in every kind of file."""
    page = chromium.new_page(viewport={"width": 64, "height": 48})
    page.set_content("<body style='background:conic-gradient(red,green,blue)'></body>")
    taken = page.screenshot(type=format)
    kept = photos.cleaned(taken)[1]
    drawn = []
    for name, data in (("a", taken), ("b", kept)):
        (tmp_path / name).write_bytes(data)
        page.goto(f"file://{tmp_path / name}")
        drawn.append(page.screenshot())
    page.close()
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("taken", [jpeg_with_gps(6), png_with_text()], ids=["jpeg", "png"])
def test_one_that_is_cut_off_or_broken_is_refused_and_never_kept_with_its_place(
    taken: bytes,
) -> None:
    end = len(photos.cleaned(taken)[1]) + 260
    for cut, broken in itertools.product(range(0, min(end, len(taken)), 7), (b"", b"\xff")):
        try:
            _, kept = photos.cleaned(taken[:cut] + broken)
        except Invalid:
            continue
        assert not any(word in kept for word in TELLS)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"%PDF"])
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="no photo"):
        photos.cleaned(data)
    assert photos.problem_of(data) == "kind"


def test_a_phones_own_format_has_its_own_answer() -> None:
    assert photos.problem_of(b"\0\0\0\x18ftypheic" + bytes(8)) == "heic"
    assert photos.problem_of(b"", too_large=True) == "large"
