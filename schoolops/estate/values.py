"""Between what people and files give, what the tables hold and what the API answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.fields import Field, Type, Value, fold
from inventory.kinds import Kind
from inventory.words import find_choice
from schoolops.core.errors import Invalid
from schoolops.estate.models import column_name


def parse_given(field: Field, given: Any) -> Value:
    """Read a value as JSON or text gives it. Raises ValueError with a sentence."""
    if given is None:
        return field.parse("")
    if isinstance(given, str):
        if field.type is Type.CHOICE and (choice := find_choice(field, given)):
            return choice
        return field.parse(given)
    if isinstance(given, bool):
        if field.type is not Type.BOOLEAN:
            raise ValueError(f"{field.name} is no yes/no field")
        return given
    if isinstance(given, int | float):
        return field.parse(repr(given))
    if isinstance(given, list | tuple) and all(isinstance(item, str) for item in given):
        return field.parse(" ".join(given))
    raise ValueError(f"{field.name} wants a simple value, not {type(given).__name__}")


def parse_values(kind: Kind, given: Mapping[str, Any]) -> dict[str, Value]:
    """Read what a person set. All problems come at once: `Invalid` with `errors` by field."""
    known = {field.name: field for field in kind.editable_fields()}
    values: dict[str, Value] = {}
    errors: dict[str, str] = {}
    for name, value in given.items():
        field = known.get(name)
        if field is None:
            system = name in kind.by_name()
            errors[name] = (
                f"{name} is set by schoolops itself"
                if system
                else f"a {kind.label} has no field {name}; it has {', '.join(known)}"
            )
            continue
        try:
            values[name] = refuse_negative(field, parse_given(field, value))
        except ValueError as error:
            errors[name] = str(error)
    if errors:
        raise invalid(errors)
    return values


def refuse_negative(field: Field, value: Value) -> Value:
    """Whatever the inventory counts or measures, there is none less than none."""
    if field.type in (Type.INTEGER, Type.RATE) and isinstance(value, int) and value < 0:
        raise ValueError(f"{field.name} must not be negative")
    return value


def invalid(errors: Mapping[str, str]) -> Invalid:
    """The refusal that names each wrong field."""
    return Invalid("; ".join(errors.values()), errors=dict(errors))


def to_columns(kind: Kind, values: Mapping[str, Value], ids: Mapping[str, int]) -> dict[str, Any]:
    """Parsed values → column values. `ids` has the id of each reference that is not empty."""
    columns: dict[str, Any] = {}
    for name, value in values.items():
        field = kind.field(name)
        if field.type is Type.REFERENCE:
            columns[column_name(field)] = ids.get(name) if value else None
        elif isinstance(value, tuple):
            columns[name] = " ".join(value) or None
        else:
            columns[name] = value
    return columns


def from_column(field: Field, stored: Any) -> Value:
    """Column value → value (a reference stays an id)."""
    if stored is not None and field.type is Type.MACS:
        return tuple(stored.split())
    if stored is not None and field.type is Type.BOOLEAN:
        return bool(stored)
    return stored  # type: ignore[no-any-return]


def to_json(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value


def make_search_text(kind: Kind, key: str, values: Mapping[str, Value]) -> str:
    """The folded text in which words of a filter are looked for."""
    parts = [key]
    for field in kind.fields:
        if field.searchable and (value := values.get(field.name)) and value != key:
            parts.append(field.format(value))
    return fold(" ".join(parts))
