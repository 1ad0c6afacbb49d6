"""Which columns a list shows, and how a field becomes a column of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.fields import Field, Type
from inventory.kinds import Kind
from tui import cells, incidents, tickets
from tui.actions import N_
from tui.i18n import _, language
from tui.pages import Row
from tui.reasons import reason
from tui.table import Column

DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "schools": ("health", "number", "short_name", "form", "pupils", "reason", "city"),
    "rooms": ("health", "name", "school_name", "kind", "seats", "reason", "building"),
    "devices": ("health", "kind", "name", "room", "school_name", "model", "serial", "reason"),
    "access-points": ("health", "name", "room", "school_name", "reason", "model", "address"),
    "switches": ("health", "name", "room", "school_name", "reason", "model", "address"),
    "ipads": ("serial", "name", "model", "room", "school_name", "owner", "asset_tag"),
    "uplinks": ("health", "school_name", "name", "contract_down_bps", "measured_down",
                "share", "medium", "provider", "state", "hotline", "circuit"),
    "contacts": ("role", "name", "phone", "school_name", "email"),
    "sites": ("name", "kind", "school_name", "street", "school"),
    "buildings": ("name", "site", "school_name", "school"),
    "services": ("name", "location", "migration", "provider", "owner", "school"),
    "credentials": ("name", "kind", "username", "school_name", "school"),
    "accounts": ("username", "name", "roles", "last_seen"),
    "delegations": ("state", "receiver", "permissions", "school", "class", "until", "giver"),
    "approvals": ("state", "action", "proposed_by", "school", "reason", "until"),
    "incidents": ("severity", "title", "school", "began", "claimed_by", "state", "schools",
                  "devices", "school_name"),
    "tickets": ("number", "priority", "state", "title", "school", "room", "assigned_to", "opened",
                "school_name", "category"),
    "windows": ("state", "kind", "school", "room", "begins", "ends", "every", "reason"),
    "on-calls": ("state", "username", "level", "begins", "ends", "every", "authority"),
}  # fmt: skip
"""List → columns that answer the usual question at 80 columns; the rest is a key away."""

WIDTHS: Mapping[str, int] = {
    "health": 13, "short_name": 24, "school_name": 24, "reason": 22, "form": 11, "number": 6,
    "model": 16,
    "room": 8, "building": 14, "site": 16, "name": 16, "kind": 14, "seats": 5, "state": 10,
    "contract_down_bps": 10, "contract_up_bps": 10, "measured_down": 11, "measured_up": 11,
    "share": 9, "updated": 14, "since": 14, "observed": 14, "last_seen": 14, "first_seen": 14,
    "action": 19, "actor": 14, "until": 14, "proposed": 14, "decided": 14, "at": 14, "detail": 40,
    "username": 14, "phone": 18, "pupils": 6, "reports": 9,
}  # fmt: skip
_SPECIAL_WIDTHS: Mapping[tuple[str, str], int] = {
    ("uplinks", "name"): 8,
    ("approvals", "state"): 17,
    ("approvals", "action"): 16,
    ("approvals", "proposed_by"): 12,
    ("accounts", "last_seen"): 16,
    ("incidents", "severity"): 10,
    ("incidents", "began"): 12,
    ("tickets", "priority"): 4,
    ("tickets", "state"): 13,
    ("tickets", "room"): 6,
    ("tickets", "number"): 6,
    ("tickets", "school"): 6,
    ("tickets", "assigned_to"): 10,
    ("tickets", "opened"): 12,
    ("windows", "state"): 8,
    ("windows", "kind"): 11,
    ("windows", "begins"): 12,
    ("windows", "ends"): 12,
    ("windows", "every"): 19,
    ("on-calls", "begins"): 12,
    ("on-calls", "ends"): 12,
    ("incidents", "claimed_by"): 10,
    ("incidents", "state"): 9,
    ("incidents", "schools"): 4,
    ("delegations", "state"): 8,
    ("delegations", "receiver"): 12,
    ("delegations", "class"): 6,
    ("delegations", "giver"): 12,
}
HEADINGS: Mapping[str, str] = {
    "health": N_("State"),
    "number": N_("Number"),
    "contract_down_bps": N_("Contract ↓"),
    "contract_up_bps": N_("Contract ↑"),
    "measured_down": N_("Measured ↓"),
    "measured_up": N_("Measured ↑"),
    "share": N_("Share"),
    "proposed_by": N_("By"),
    "title_de": N_("What"),
    "priority": N_("Pr."),
    "assigned_to": N_("Given to"),
}
"""Shorter names of columns than the fields have."""
_SCHOOL_NAMES = frozenset({"short_name", "school_name"})
_LEAST: Mapping[str, int] = {
    "short_name": 20, "school_name": 20, "title": 30, "title_de": 30,
}  # fmt: skip
_SPECIAL_LEAST: Mapping[tuple[str, str], int] = {("tickets", "title"): 25}
_FLEX = frozenset({
    "short_name", "school_name", "reason", "detail", "description", "email", "roles", "permissions",
    "title", "title_de",
})  # fmt: skip
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "delegation": ("receiver", "state"),
    "approval": ("state", "waiting", "mine", "proposed_by"),
    "incident": ("severity", "title", "title_de", "open", "claimed_by", "acknowledged_by"),
    "ticket": (
        "number",
        "title",
        "priority",
        "state",
        "waits_for",
        "assigned_to",
        "device",
        "incident",
        "joined_to",
    ),
}
"""Kind → what its actions want to know beside what is shown."""
MEASURED: Mapping[str, Field] = {
    "measured_down": Field("measured_down", Type.RATE, N_("Measured down"), sortable=False),
    "measured_up": Field("measured_up", Type.RATE, N_("Measured up"), sortable=False),
    "share": Field("share", Type.DECIMAL, N_("Of the contract"), sortable=False),
}
"""Columns of uplinks that are no fields: read from the last report, for rows on screen."""


def choosable(plural: str, kind: Kind) -> dict[str, Field]:
    """All columns a list can show."""
    fields = dict(kind.by_name())
    if not kind.editable:
        fields.pop("updated", None)
    return {**fields, **MEASURED} if plural == "uplinks" else fields


def chosen(plural: str, kind: Kind, mine: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a list: the person's choice if it names known ones, else the usual."""
    known = choosable(plural, kind)
    for names in (mine, DEFAULTS.get(plural, ()), DEFAULTS.get(kind.plural, ())):
        if found := tuple(name for name in names if name in known):
            return _spoken(found, kind)
    return _spoken(tuple(field.name for field in kind.columns()), kind)


def _spoken(names: tuple[str, ...], kind: Kind) -> tuple[str, ...]:
    """An incident's title in the person's language, whichever was chosen."""
    if kind.name != "incident":
        return names
    found = (incidents.TITLES.get(name, {}).get(language(), name) for name in names)
    return tuple(dict.fromkeys(found))


def asked(names: tuple[str, ...], kind: Kind) -> tuple[str, ...]:
    """What the server is asked for: the shown fields, and what actions and marks need."""
    more = ["health", "freshness"] if kind.health else []
    more += [n for n in ("school", "room", "contract_down_bps") if n in kind.by_name()]
    more += _NEEDED.get(kind.name, ())
    return tuple(dict.fromkeys([n for n in names if n not in MEASURED] + more))


def build(
    names: tuple[str, ...], kind: Kind, plural: str, measured: Mapping[str, Mapping[str, Any]]
) -> tuple[Column, ...]:
    """Columns over rows that carry `asked(names, kind)`."""
    known = choosable(plural, kind)
    order = asked(names, kind)
    found = []
    for name in names:
        field = known[name]
        if name in MEASURED:
            cell = _measured(field, measured, order)
        elif name == "health":
            cell = _health(4 + order.index("health"), 4 + order.index("freshness"))
        elif name == "state" and kind.name == "approval":
            cell = _proposal(field, 4 + order.index("state"), 4 + order.index("waiting"))
        elif kind.name == "ticket" and name == "priority":
            cell = _priority(4 + order.index("priority"))
        elif kind.name == "ticket" and name == "state":
            cell = _ticket_state(*(4 + order.index(n) for n in ("state", "waits_for", "joined_to")))
        elif name == "severity":
            cell = _severity(4 + order.index("severity"), 4 + order.index("open"))
        elif name == "school" and kind.name == "window":
            cell = _or_all(4 + order.index("school"))
        else:
            cell = _plain(field, 4 + order.index(name))
        if kind.name == "incident" and name != "severity":
            cell = _dim_when_over(cell, 4 + order.index("open"))
        label = _(HEADINGS.get(name, field.label))
        found.append(
            Column(
                name,
                label,
                _width(plural, name, field, label),
                cell,
                right=field.type in (Type.INTEGER, Type.RATE) or name == "share",
                flex=name in _FLEX,
                least=_SPECIAL_LEAST.get((plural, name)) or _LEAST.get(name, 14),
                sortable=field.sortable,
            )
        )
    return tuple(found)


def _width(plural: str, name: str, field: Field, label: str) -> int:
    if (special := _SPECIAL_WIDTHS.get((plural, name))) is not None:
        return special
    width = WIDTHS.get(name, min(field.width, 24))
    return max(width, len(label)) if field.type is Type.INTEGER else width


def _plain(field: Field, at: int) -> Any:
    def cell(row: Row) -> tuple[str, str]:
        if field.name == "reason":
            return reason(row[at]), ""
        text = cells.shown(field, row[at])
        return cells.school(text) if field.name in _SCHOOL_NAMES else text, ""

    return cell


def _proposal(field: Field, at: int, waits: int) -> Any:
    from tui import rights

    return lambda row: rights.state(str(row[at]), bool(row[waits]), field.choices)


def _priority(at: int) -> Any:
    def cell(row: Row) -> tuple[str, str]:
        return tickets.priority(str(row[at])), tickets.PRIORITY_TONES.get(row[at], "")

    return cell


def _ticket_state(at: int, waits: int, joined: int) -> Any:
    def cell(row: Row) -> tuple[str, str]:
        if row[joined] and row[at] in tickets.ACTIVE:
            return _("see {number}").format(number=f"#{row[joined]}"), "dim"
        return tickets.state(str(row[at]), row[waits]), tickets.STATE_TONES.get(row[at], "")

    return cell


def _severity(at: int, opened: int) -> Any:
    def cell(row: Row) -> tuple[str, str]:
        if not row[opened]:
            return f"✓ {_('over')}", "dim"
        return incidents.severity(row[at]), incidents.TONES.get(row[at], "")

    return cell


def _dim_when_over(cell: Any, opened: int) -> Any:
    def dimmed(row: Row) -> tuple[str, str]:
        text, tone = cell(row)
        return text, tone if row[opened] else "dim"

    return dimmed


def _or_all(at: int) -> Any:
    return lambda row: (cells.clean(str(row[at])), "") if row[at] else (_("all"), "")


def _health(at: int, fresh: int) -> Any:
    def cell(row: Row) -> tuple[str, str]:
        state = row[at] or "unknown"
        return cells.health(state, row[fresh]), state if state in cells.TONES else ""

    return cell


def _measured(field: Field, measured: Mapping[str, Mapping[str, Any]], order: Any) -> Any:
    contract = 4 + order.index("contract_down_bps") if "contract_down_bps" in order else -1

    def cell(row: Row) -> tuple[str, str]:
        values = measured.get(row[0])
        if not values:
            return "", "dim"
        if field.name == "measured_up":
            return cells.rate(values.get("test_up_bps")), ""
        down = values.get("test_down_bps")
        if down is None:
            return "–", "dim"
        if field.name == "measured_down":
            return cells.rate(down), ""
        share = down / row[contract] if contract > 0 and row[contract] else None
        if share is None:
            return "–", "dim"
        tone = "ok" if share >= 0.9 else "warning" if share >= 0.5 else "down"
        return f"{cells.bar(share, 1.0, 4)}{share * 100:4.0f}%", tone

    return cell
