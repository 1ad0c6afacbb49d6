"""Tables and values for people: fitted to the terminal, free of control characters."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

from inventory.fields import Type, format_rate
from inventory.kinds import Kind

NARROWEST = 5
GAP = "  "


def clean(text: str) -> str:
    """Text without what would steer the terminal: equipment chooses its own names."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " for c in text).strip()


def width(text: str) -> int:
    """Columns that a text takes on the screen."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) != 0 for c in text)


def cut(text: str, columns: int) -> str:
    """The text, shortened with … to so many columns."""
    if width(text) <= columns:
        return text
    while text and width(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"


def local_time(text: str) -> str:
    """An API time for people: in the zone of the settings, to the minute."""
    import datetime as dt

    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None:
        return text
    from schoolops.core.zone import local_zone

    return moment.astimezone(local_zone()).strftime("%Y-%m-%d %H:%M")


def shown(kind: Kind, name: str, value: Any) -> str:
    """A value of a field as people read it."""
    from inventory.filter import TIME_FIELDS

    if value is None:
        return ""
    field = kind.by_name().get(name)
    if name in TIME_FIELDS and isinstance(value, str):
        return local_time(value)
    if field is not None and field.type is Type.RATE and isinstance(value, int | float):
        return format_rate(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(clean(str(part)) for part in value)
    return clean(str(value))


def fit(widths: list[int], available: int) -> list[int]:
    """Column widths that fit: the widest give way first; what finds no place at all is left out."""
    widths = list(widths)
    while widths:
        excess = sum(widths) + len(GAP) * (len(widths) - 1) - available
        if excess <= 0:
            return widths
        floors = [min(w, NARROWEST) for w in widths]
        if sum(floors) + len(GAP) * (len(widths) - 1) > available and len(widths) > 1:
            widths.pop()
            continue
        # Lower the widest to the second widest, or by what is needed.
        top = max(widths)
        if top <= NARROWEST:
            return widths
        tallest = [i for i, w in enumerate(widths) if w == top]
        lower = max([w for w in widths if w < top] + [NARROWEST])
        step = max(1, min(top - lower, -(-excess // len(tallest))))
        for i in tallest:
            widths[i] -= step
    return widths


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Print a table; on a terminal it fits its width. Gives how many columns found no place."""
    cells = [list(head), *(list(row) for row in rows)]
    natural = [max(width(row[i]) for row in cells) for i in range(len(head))]
    widths = natural
    if sys.stdout.isatty():
        widths = fit(natural, shutil.get_terminal_size().columns)
    for row in cells:
        line = [cut(text, w) for text, w in zip(row, widths, strict=False)]
        padded = [text + " " * (w - width(text)) for text, w in zip(line, widths, strict=True)]
        print(GAP.join(padded).rstrip())
    return len(natural) - len(widths)


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Label and value, one a line; what is empty is left out."""
    pairs = [(label, value) for label, value in pairs if value]
    left = max((width(label) for label, _ in pairs), default=0)
    for label, value in pairs:
        print(f"{label}{' ' * (left - width(label))}  {value}")


def print_json(value: Any) -> None:
    """JSON on stdout."""
    import json

    print(json.dumps(value, ensure_ascii=False, indent=2))


def said(value: Any) -> str:
    """An old or new value in a report: empty is said, texts stand in quotes."""
    if value is None or value in ("", []):
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return repr(clean(text)) if isinstance(value, str) else clean(text)
