"""Records in the OpenAPI document: one schema a kind, made from the inventory's description."""

from __future__ import annotations

from typing import Any

from inventory.fields import Field, Type
from inventory.kinds import DEVICE, EDITABLE, HEALTH, KINDS, Kind
from schoolops.web.answers import Schema, name_schema

_TYPES: dict[Type, Schema] = {
    Type.INTEGER: {"type": "integer"},
    Type.RATE: {"type": "integer"},
    Type.DECIMAL: {"type": "number"},
    Type.BOOLEAN: {"type": "boolean"},
    Type.DATE: {"type": "string", "format": "date"},
    Type.MACS: {"type": "array", "items": {"type": "string"}},
}
_TEXT: Schema = {"type": "string"}
_TIME: Schema = {"type": "string", "format": "date-time"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _value(kind: Kind, field: Field) -> Schema:
    schema = dict(_TYPES.get(field.type, _TEXT))
    # What agents found says what it likes; what people set is one of the choices.
    if field.type is Type.CHOICE and kind.editable:
        schema["enum"] = list(field.choices)
    text = field.label
    if field.reference:
        text += f" (key of a {field.reference})"
    if field.unit:
        text += f" in {field.unit}"
    return {"description": text, **_or_null(schema)}


def _record(kind: Kind) -> Schema:
    name = _class_name(kind)
    values = name_schema(
        f"{name}Values",
        {
            "type": "object",
            "title": f"{name}Values",
            "properties": {field.name: _value(kind, field) for field in kind.fields},
        },
    )
    properties: dict[str, Schema] = {
        "id": _TEXT,
        "kind": {"const": kind.name},
        "key": _TEXT,
        "version": {"type": "integer"},
        "values": {"$ref": f"#/components/schemas/{values}"},
        "closed": {
            "type": "array",
            "items": _TEXT,
            "description": "Fields of a person that are not open to who asks: null in `values`",
        },
        "retired": {"type": "boolean"},
    }
    optional: dict[str, Schema] = {}
    if kind.editable:
        properties |= {
            "retired_reason": _or_null(_TEXT),
            "updated": _TIME,
            "updated_by": _TEXT,
        }
        optional["school_name"] = _or_null(_TEXT)
    if kind.health:
        properties |= {
            "health": {"type": "string", "enum": list(HEALTH)},
            "reason": _or_null(_TEXT),
            "since": _or_null(_TIME),
            "observed": _or_null(_TIME),
            "freshness": {"type": "string", "enum": ["fresh", "stale", "never"]},
        }
    if kind.published:
        properties["own_fields"] = {"type": "array", "items": _TEXT}
    if kind.name == "credential":
        properties["has_secret"] = {"type": "boolean"}
    return {
        "type": "object",
        "title": f"{name}Record",
        "properties": properties | optional,
        "required": list(properties),
    }


def _class_name(kind: Kind) -> str:
    return kind.name.capitalize()


def _one_of(name: str, kinds: tuple[Kind, ...]) -> str:
    names = {kind.name: f"#/components/schemas/{_class_name(kind)}Record" for kind in kinds}
    return name_schema(
        name,
        {
            "oneOf": [{"$ref": reference} for reference in names.values()],
            "discriminator": {"propertyName": "kind", "mapping": names},
        },
    )


for _kind in KINDS.values():
    name_schema(f"{_class_name(_kind)}Record", _record(_kind))

RECORD = _one_of("Record", tuple(KINDS.values()))
EDITED = _one_of("EditableRecord", EDITABLE)
DEVICE_RECORD = f"{_class_name(DEVICE)}Record"

GIVEN: dict[str, Any] = {
    "additionalProperties": {
        "anyOf": [
            {"type": "string"},
            {"type": "number"},
            {"type": "boolean"},
            {"type": "array", "items": {"type": "string"}},
            {"type": "null"},
        ]
    }
}
"""Values as somebody gives them: by field name, as text or natively; null empties a field."""
