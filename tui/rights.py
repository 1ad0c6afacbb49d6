"""Roles, rights and proposals in words: what stands in lists, records and dialogs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from inventory.choices import APPROVAL_ACTIONS
from tui.i18n import _, ngettext

WAITS = "◆"
"""The sign of what waits for the person's decision."""


def permissions(names: str | Iterable[str]) -> str:
    """'estate.read contacts.read' → what it allows, in the person's language."""
    from schoolops.core.permissions import PERMISSIONS  # not on the way to the first screen

    known = names.split() if isinstance(names, str) else names
    return "; ".join(_(PERMISSIONS[n].label) if n in PERMISSIONS else n for n in known)


def roles(text: str) -> str:
    """'head 164800, teacher 164811' → 'Head teacher 164800, Teacher 164811'."""
    return ", ".join(sorted(_role(part) for part in text.split(", ") if part))


def role(name: str) -> str:
    from schoolops.core.permissions import ROLES

    return _(ROLES[name].label) if name in ROLES else name


def who_decides() -> str:
    """The roles that decide proposals, in words."""
    from schoolops.core.permissions import APPROVE, roles_with

    return ", ".join(role(name) for name in roles_with(APPROVE))


def _role(part: str) -> str:
    name, _blank, place = part.partition(" ")
    label = role(name)
    if place.startswith("authority "):
        place = _("authority {authority}").format(authority=place.partition(" ")[2])
    return label if place == "city" else f"{label} {place}"


def schools(text: str) -> list[str]:
    """The numbers of the schools in 'head 164800, auditor city'."""
    places = (part.partition(" ")[2] for part in text.split(", "))
    return [place for place in places if place.isdecimal()]


def content(text: str) -> str:
    """What a proposal wants, from the JSON in which it is kept."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    parts = []
    if wanted := found.pop("permissions", None):
        parts.append(permissions(wanted))
    if hours := found.pop("hours", None):
        parts.append(ngettext("for {count} hour", "for {count} hours", hours).format(count=hours))
    found.pop("for", None)  # that is who proposed it
    parts += [f"{name}: {value}" for name, value in found.items()]
    return "; ".join(parts)


def action(name: str) -> str:
    """What kind of proposal it is."""
    return _(APPROVAL_ACTIONS.get(name, name))


def state(row_state: str, waiting: bool, choices: Mapping[str, str]) -> tuple[str, str]:
    """A proposal's state for a cell, with its tone."""
    if waiting:
        return f"{WAITS} {_('to decide')}", "warning"
    return _(choices.get(row_state, row_state)), ""
