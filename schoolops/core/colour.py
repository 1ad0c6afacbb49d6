"""Colours of the pages: whether text on them can be read (WCAG 2.2, success criterion 1.4.3)."""

from __future__ import annotations

import re

READABLE = 4.5
"""Contrast that text of normal size needs at least."""

WHITE = "#ffffff"
DAY, NIGHT = "#eceff2", "#2a3037"
"""The grounds of links on which reading is hardest, by day and at night
(`--unknown-ground` in `templates/portal/portal.css`)."""


def parse(text: str) -> tuple[int, int, int]:
    """'#0a5ca8' → (10, 92, 168). Raises ValueError."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f"{text!r} is no colour; write it as #rrggbb, such as #0a5ca8")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, from 1 (none) to 21 (black and white)."""
    bright, dark = sorted((_luminance(parse(one)), _luminance(parse(other))), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def readable_on(ground: str, colour: str) -> str:
    """The colour itself, or the nearest darker or lighter one that can be read on `ground`."""
    aim = 0 if contrast(ground, "#000000") > contrast(ground, "#ffffff") else 255
    red, green, blue = parse(colour)
    for step in range(101):
        mixed = [round(part + (aim - part) * step / 100) for part in (red, green, blue)]
        found = "#{:02x}{:02x}{:02x}".format(*mixed)
        if contrast(ground, found) >= READABLE:
            return found
    raise ValueError(f"nothing can be read on {ground}")  # of two poles one always can


def _luminance(colour: tuple[int, int, int]) -> float:
    parts = [part / 255 for part in colour]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
