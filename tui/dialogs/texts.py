"""How values of the inventory read in a form, and what is said when text is no such value.

`inventory.fields` decides; this module only finds the words in the user's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.fields import Field, Type, Value, format_rate, parse_rate
from inventory.kinds import Kind
from tui.cells import date
from tui.i18n import _
from tui.said import said


def label(field: Field) -> str:
    """The field's name for people."""
    return _(field.label)


def choice_label(field: Field, value: str) -> str:
    """The word for a stored choice; a value the vocabulary no longer has stands for itself."""
    return _(field.choices[value]) if value in field.choices else value


def to_text(field: Field, value: Any) -> str:
    """The text a form shows, which `Field.parse` reads back to the same value."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return " ".join(str(item) for item in value)
    if field.type is Type.RATE:
        return rate_text(int(value))
    if field.type is Type.DATE:
        return date(str(value))
    return field.format(value)


def rate_text(bps: int) -> str:
    """'1 Gbit/s' where that is exact, else the plain number: a form must not round."""
    short = format_rate(bps)
    return short if parse_rate(short) == bps else f"{bps} bit/s"


def show(field: Field, value: Any) -> str:
    """A value in a sentence or beside another: choices by their word, nothing as '—'."""
    if value is None or value == "" or value == []:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field.type is Type.CHOICE:
        return choice_label(field, str(value))
    return to_text(field, value)


def normal(value: Any) -> Value:
    """A value out of JSON as `Field.parse` would give it: lists are tuples, '' is None."""
    if isinstance(value, list):
        value = tuple(value)
    return None if value in ("", ()) else value


def check(field: Field, text: str) -> tuple[Value, str]:
    """The value and '' — or None and the sentence that says what was expected."""
    try:
        return field.parse(text), ""
    except ValueError as error:
        return None, said(error, field=label(field))


def doubt(field: Field, value: Value) -> str:
    """What is odd about a value that can be, or ''."""
    odd = field.doubt(value)
    return said(odd, field=label(field)) if odd else ""


_EXAMPLES: Mapping[Type, str] = {
    Type.INTEGER: "120",
    Type.DECIMAL: "51.2277",
    Type.DATE: "31.08.2026",
    Type.ADDRESS: "10.20.0.7",
    Type.RATE: "1 Gbit/s",
    Type.EMAIL: "name@example.org",
    Type.MACS: "52:54:00:ab:cd:ef",
}


def example(field: Field) -> str:
    """What stands grey in an empty input."""
    if field.type is Type.REFERENCE:
        return _("type to search")
    found = _EXAMPLES.get(field.type)
    return _("e.g. {example}").format(example=found) if found else ""


def kind_label(kind: Kind, count: int = 1) -> str:
    """The kind's name for people, singular or plural."""
    return _(kind.label if count == 1 else kind.label_plural)


def kind_heading(kind: Kind) -> str:
    """The kind's plural as a heading: 'Cloud services'."""
    text = kind_label(kind, 2)
    return text[:1].upper() + text[1:]


def unit(field: Field) -> str:
    """The unit to stand behind an input; rates carry theirs in the text."""
    return "" if field.type is Type.RATE else field.unit
