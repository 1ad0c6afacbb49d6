"""What may stand before the colon of a filter term."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from inventory.fields import fold_heading
from inventory.kinds import Kind

ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "down": ("contract_down_bps",), "up": ("contract_up_bps",), "contract": ("contract_end",),
    "tag": ("asset_tag",), "mac": ("macs",), "ip": ("address",), "sn": ("serial",),
    "warranty": ("warranty_until",), "bought": ("purchased",), "nr": ("number",),
    "seen": ("observed", "last_seen"), "changed": ("updated",), "by": ("updated_by",),
    "state": ("health",), "because": ("reason",), "who": ("actor",), "when": ("at",),
    "what": ("action",), "os": ("firmware",), "lat": ("latitude",), "lon": ("longitude",),
})  # fmt: skip
"""Short key → the field it means: the first that the kind has. A field's own name goes first."""

GERMAN: Mapping[str, str] = MappingProxyType({
    "zustand": "health", "grund": "reason", "seit": "since", "ausgemustert": "retired",
    "gesehen": "observed", "geaendert": "updated",
})  # fmt: skip
"""German for fields that no spreadsheet has; understood, and not listed."""


def find_key(kind: Kind, key: str) -> str | None:
    """The field that a key means: its name, a short form or a spreadsheet heading; or None."""
    fields = kind.by_name()
    word = key.casefold().replace("-", "_")
    if word in fields:
        return word
    for name in ALIASES.get(word, ()):
        if name in fields:
            return name
    folded = fold_heading(key)
    if GERMAN.get(folded) in fields:
        return GERMAN[folded]
    for field in fields.values():
        if folded == fold_heading(field.name) or folded in field.headings:
            return field.name
    return None


def keys(kind: Kind) -> tuple[str, ...]:
    """All fields, then the short forms that work for this kind."""
    fields = kind.by_name()
    short = [a for a, names in ALIASES.items() if a not in fields and fields.keys() & set(names)]
    return (*fields, *short)
