"""A kind of record: its fields, what makes its key, and what lists of it show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from inventory.fields import Field, Type, Value
from inventory.sentences import Sentence, say

T = Type

HEALTH: Mapping[str, str] = MappingProxyType({
    "down": "down", "warning": "warning", "unknown": "unknown", "ok": "ok",
})  # fmt: skip
"""Worst first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record.

    `key` names the fields that together identify a record for people, joined by '/' (a
    reference contributes the key of the record it points to). With `alternative_keys`, the
    first of `key` + `alternative_keys` that has a value is the key. `editable` is False for
    what the system alone writes (agents, discovered devices, the audit). `published`: somebody
    publishes lists of such records, whose values give way to what people corrected here.
    `retire_reasons`: why one is usually taken out of use, an offer and no rule. `orders`: pairs of
    fields of which the second cannot be before the first.
    """

    name: str
    plural: str
    label: str
    label_plural: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    alternative_keys: tuple[str, ...] = ()
    health: bool = False
    editable: bool = True
    default_sort: str = "key"
    published: bool = False
    retire_reasons: tuple[str, ...] = ()
    orders: tuple[tuple[str, str], ...] = ()

    def field(self, name: str) -> Field:
        """The field of that name, system fields included; KeyError if there is none."""
        return self.by_name()[name]

    def by_name(self) -> Mapping[str, Field]:
        """All fields in order, system and health fields last."""
        found = _FIELDS.get(self.name)
        if found is None:
            extra = SYSTEM_FIELDS + (HEALTH_FIELDS if self.health else ())
            fields = self.fields + (extra if self.editable else ())
            found = _FIELDS[self.name] = MappingProxyType({f.name: f for f in fields})
        return found

    def editable_fields(self) -> tuple[Field, ...]:
        """What a person may set."""
        return tuple(f for f in self.fields if not f.protected) if self.editable else ()

    def columns(self) -> tuple[Field, ...]:
        """What a list shows unless told otherwise, health first."""
        health = (HEALTH_FIELDS[0],) if self.health else ()
        return health + tuple(f for f in self.fields if f.column)

    def clashes(self, old: Mapping[str, Value], new: Mapping[str, Value]) -> dict[str, Sentence]:
        """Field → why it cannot be so beside the others, once `new` is set on a record that is
        `old`. What stood there before is not judged."""
        found = {}
        values = {**old, **new}
        for first, second in self.orders:
            if first not in new and second not in new:
                continue
            earlier, later = values.get(first), values.get(second)
            if earlier is not None and later is not None and str(later) < str(earlier):
                found[second] = say(
                    "{field} {value} is before {other} {limit}",
                    field=second,
                    value=later,
                    other=first,
                    limit=earlier,
                )
        return found

    def doubts(self, values: Mapping[str, Value]) -> dict[str, str]:
        """Field → why its value is odd, though it can be."""
        known = self.by_name()
        found = {name: known[name].doubt(value) for name, value in values.items()}
        return {name: odd for name, odd in found.items() if odd}

    def make_key(self, values: Mapping[str, Value], reference_keys: Mapping[str, str]) -> str:
        """The key of a record; ValueError if the fields that make it are empty.

        `reference_keys` maps a reference field's name to the key of the record it points to.
        """
        if self.alternative_keys:
            for name in self.key + self.alternative_keys:
                if values.get(name):
                    return str(values[name])
            names = ", ".join(self.key + self.alternative_keys)
            raise ValueError(
                say("a {kind} needs one of: {fields}", kind=say(self.label), fields=names)
            )
        parts = [str(reference_keys.get(name) or values.get(name) or "") for name in self.key]
        if not all(parts):
            missing = [n for n, part in zip(self.key, parts, strict=True) if not part]
            raise ValueError(
                say("a {kind} needs {fields}", kind=say(self.label), fields=", ".join(missing))
            )
        return "/".join(parts)


_FIELDS: dict[str, Mapping[str, Field]] = {}
"""Kind → what `by_name` answers, made once: it is asked for every cell of an import."""

SYSTEM_FIELDS: tuple[Field, ...] = (
    Field("key", T.TEXT, "Key", protected=True, width=18),
    Field("school_name", T.TEXT, "School name", protected=True, width=28, sortable=False),
    Field("retired", T.BOOLEAN, "Retired", protected=True, width=7, sortable=False),
    Field("updated", T.TEXT, "Changed at", protected=True, width=20),
    Field("updated_by", T.TEXT, "Changed by", protected=True, width=16, sortable=False),
)
HEALTH_FIELDS: tuple[Field, ...] = (
    Field("health", T.CHOICE, "State", choices=HEALTH, protected=True, column=True, width=9),
    Field("reason", T.TEXT, "Because", protected=True, width=32, sortable=False),
    Field("since", T.TEXT, "Since", protected=True, width=20, sortable=False),
    Field("observed", T.TEXT, "Last seen", protected=True, width=20, sortable=False),
    Field("freshness", T.CHOICE, "Freshness", protected=True, width=9, sortable=False,
          choices={"fresh": "fresh", "stale": "stale", "never": "never"}),
)  # fmt: skip
