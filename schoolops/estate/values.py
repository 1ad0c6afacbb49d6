"""Between what people and files give, what the tables hold and what the API answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.fields import Field, Type, Value, fold
from inventory.kinds import Kind
from inventory.sentences import Sentence, as_sentence, join, say, wire
from inventory.words import find_choice
from schoolops.core.errors import Invalid
from schoolops.estate.models import PERSONS_FOLLOW, column_name, person_fields


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
            raise ValueError(say("{field} is no yes/no field", field=field.name))
        return given
    if isinstance(given, int | float):
        return field.parse(repr(given))
    if isinstance(given, list | tuple) and all(isinstance(item, str) for item in given):
        return field.parse(" ".join(given))
    raise ValueError(
        say("{field} wants a simple value, not {type}", field=field.name, type=type(given).__name__)
    )


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
                say("{field} is set by schoolops itself", field=name)
                if system
                else say(
                    "a {kind} has no field {field}; it has {known}",
                    kind=say(kind.label),
                    field=name,
                    known=", ".join(known),
                )
            )
            continue
        try:
            values[name] = parse_given(field, value)
        except ValueError as error:
            errors[name] = as_sentence(error)
    if errors:
        raise invalid(errors)
    return values


def invalid(errors: Mapping[str, str]) -> Invalid:
    """The refusal that names each wrong field; `params` has the sentences by field."""
    return Invalid(join(errors), errors=dict(errors))


def explained(reason: str) -> dict[str, Any]:
    """Why a row of a report is refused: `reason` in English, and what a translation needs."""
    return {"reason": reason, **(wire(reason) if reason else {})}


def already_retired(kind: Kind, key: str) -> Sentence:
    """Why a record cannot be retired once more."""
    return say("{kind} {key} is retired already", kind=say(kind.label), key=key)


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
    """The folded text in which words of a filter are looked for.

    What is about persons comes last, behind `PERSONS_FOLLOW`: not everybody finds by it.
    """
    parts: list[str] = [key]
    persons: list[str] = []
    apart = person_fields(kind)
    for field in kind.fields:
        if field.searchable and (value := values.get(field.name)) and value != key:
            (persons if field in apart else parts).append(field.format(value))
    text = " ".join(parts)
    return fold(text + PERSONS_FOLLOW + " ".join(persons) if persons else text)
