"""A plan is a list of steps: what would be made or changed, in words, and how it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

Object = dict[str, Any]
Do = Callable[["KeycloakAdmin"], None]

CREATE, CHANGE, SAME, LEFT = "create", "change", "same", "left"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing of the realm. `do` is None when nothing has to be done (`same`, `left`)."""

    mark: str
    what: str
    details: list[str] = field(default_factory=list)
    do: Do | None = field(default=None, repr=False)


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What differs, one sentence a key, looking at the wanted keys alone, at any depth."""
    told = []
    for key, value in wanted.items():
        there = found.get(key)
        if isinstance(value, Mapping):
            inner = there if isinstance(there, Mapping) else {}
            told += [f"{key}.{one}" for one in differences(value, inner)]
        elif _plain(value) != _plain(there):
            told.append(f"{key}: {_shown(there)} → {_shown(value)}")
    return told


def merged(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Object:
    """The found object with the wanted keys laid over it, at any depth."""
    whole = dict(found)
    for key, value in wanted.items():
        there = whole.get(key)
        inner = isinstance(value, Mapping) and isinstance(there, Mapping)
        whole[key] = merged(value, there) if inner else value  # type: ignore[arg-type]
    return whole


def _plain(value: Any) -> Any:
    """Lists of Keycloak are sets; what is not set is empty."""
    if isinstance(value, list):
        return sorted(map(str, value))
    return "" if value is None else value


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)
