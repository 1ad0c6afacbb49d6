"""The history of a record as lines: who changed it when, and what stood there before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from inventory.kinds import Kind
from tui import cells, describe
from tui.actions import N_
from tui.backend import Json
from tui.i18n import _

MOST = 50
"""Changes that a screen shows; `schoolops history` has them all."""

_HOW: Mapping[str, str] = {
    "create": N_("recorded"),
    "create by import": N_("recorded by import"),
    "edit": N_("edited"),
    "move": N_("moved"),
    "retire": N_("retired"),
    "reinstate": N_("reinstated"),
    "set secret": N_("secret set"),
    "bulk edit": N_("changed in bulk"),
    "bulk retire": N_("retired in bulk"),
    "import": N_("by import"),
}


def lines(kind: Kind, history: Json) -> list[Content]:
    """Where it stood, then each change with its old values, the latest first."""
    found = _stood(history.get("placements") or [])
    found += [Content(""), describe.heading(_("Who changed it"))]
    changes = history.get("changes") or []
    for change in changes[:MOST]:
        found.append(_head(change))
        found += _fields(kind, change["fields"])
    if len(changes) > MOST or history.get("more"):
        found.append(Content.styled(_("Earlier changes: schoolops history"), "$foreground 60%"))
    created = history.get("created") or {}
    found.append(_head({"how": "create", **created}))
    found += _fields(kind, created.get("fields") or {})
    return found


def wrapped(kind: Kind, history: Json, width: int) -> list[Content]:
    """The same, with long values going on below themselves."""
    return describe.hang(lines(kind, history), max(40, width)).split("\n")


def _stood(placements: list[Json]) -> list[Content]:
    if not placements:
        return []
    times = [
        f"{cells.when(place.get('from'))} – {cells.when(place.get('until')) or _('today')}"
        for place in placements
    ]
    # A device that was moved stood from one time to another: both are read in full.
    width = max(describe.LABEL, *(len(text) + 2 for text in times))
    found = [Content(""), describe.heading(_("Where it stood"))]
    for text, place in zip(times, placements, strict=True):
        where = place.get("room") or place.get("school") or ""
        tail = f"{where}   {place.get('by') or ''}  {place.get('note') or ''}".rstrip()
        found.append(
            Content.assemble((cells.fit(text, width), "$foreground 60%"), cells.clean(tail))
        )
    return found


def _head(change: Json) -> Content:
    how = _(_HOW.get(change["how"], change["how"]))
    parts = (str(change.get("by") or ""), how, str(change.get("note") or ""))
    return describe.pair(cells.when(change.get("at")), "  ".join(part for part in parts if part))


def _fields(kind: Kind, fields: Mapping[str, Any]) -> list[Content]:
    known = kind.by_name()
    found = []
    for name, pair in fields.items():
        if (field := known.get(name)) is None or field.protected:
            continue  # the head says it: a secret was set, a record retired
        if pair is None:  # closed to whoever reads it
            found.append(describe.pair(f"  {_(field.label)}", _("changed")))
            continue
        old, new = (cells.shown(field, value) or _("empty") for value in pair)
        found.append(describe.pair(f"  {_(field.label)}", f"{old} → {new}"))
    return found
