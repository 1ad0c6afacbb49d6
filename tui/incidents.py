"""Incidents in words: severity, title, what happened; which are open, and which of them are new."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from inventory.choices import SEVERITIES
from tui import cells
from tui.actions import N_
from tui.backend import Backend, Json
from tui.i18n import _, language, ngettext

GLYPHS: Mapping[str, str] = {"critical": "✖", "warning": "▲", "info": "i"}
TONES: Mapping[str, str] = {"critical": "down", "warning": "warning"}
"""Severity → the tone of a state that looks like it."""
STYLES: Mapping[str, str] = {"critical": "bold $text-error", "warning": "bold $text-warning"}
TITLES: Mapping[str, Mapping[str, str]] = {
    "title": {"de": "title_de"},
    "title_de": {"en": "title"},
}
"""Column → language → the column with the same in that language."""
EVENTS: Mapping[str, str] = {
    "opened": N_("opened"),
    "returned": N_("came back"),
    "flapping": N_("comes and goes"),
    "school joined": N_("school joined"),
    "school left": N_("school works again"),
    "merged": N_("became part of another"),
    "closed": N_("over"),
    "acknowledged": N_("acknowledged"),
    "claimed": N_("taken"),
    "released": N_("given back"),
    "note": N_("note"),
    "told": N_("people were told"),
    "escalated": N_("level 2 was told"),
}
MOST = 200
"""Open incidents that are read to know which are critical."""
MOST_WIDE = 10
_HEAD = ("id", "key", "version", "retired")


def severity(name: str) -> str:
    """'✖ critical'."""
    return f"{GLYPHS.get(name, '?')} {_(SEVERITIES.get(name, name))}"


def title(values: Mapping[str, Any]) -> str:
    """What is wrong, in the person's language."""
    german = language() == "de" and values.get("title_de")
    return cells.clean(str(german or values.get("title") or ""))


def suits(id: str, values: Mapping[str, Any], taken: bool | None = None) -> bool:
    """Whether an action makes sense for an incident in that state; `taken` None: not known."""
    if id in ("incident.note", "incident.report", "incident.tickets", "incident.update"):
        return True
    if not values.get("open"):
        return False
    if id == "incident.acknowledge":
        return not values.get("acknowledged_by")
    return taken is None or taken == (id == "incident.release")


async def open_at(client: Backend, school: str) -> list[Json]:
    """The open incidents of a school, and those of its provider or of the whole city."""

    async def rows(q: str, limit: int) -> list[Json]:
        names = ("severity", "title", "title_de", "began", "claimed_by")
        page = await client.page("incidents", q=f"open:yes {q}", limit=limit, columns=names)
        return [dict(zip((*_HEAD, *page.columns), row, strict=True)) for row in page.rows]

    own, wide = await asyncio.gather(rows(f"school:{school}", MOST), rows("school:", MOST_WIDE))
    courses = await asyncio.gather(*(client.incident(row["id"]) for row in wide))
    return own + [
        row
        for row, course in zip(wide, courses, strict=True)
        if any(one["number"] == school and not one["until"] for one in course["schools"])
    ]


class OpenIncidents:
    """How many incidents are open, and which critical ones this person was told of."""

    def __init__(self) -> None:
        self.number = 0
        self.critical: set[str] | None = None
        self.worst = "info"

    async def look(self, client: Backend) -> list[str]:
        """Read them; answers the titles of critical ones that were not there the last time."""
        names = ("severity", "title", "title_de")
        page = await client.page(
            "incidents", q="open:yes", sort="-began", limit=MOST, columns=names
        )
        more = page.more and await client.count("incidents", q="open:yes")
        self.number = more or len(page.rows)
        ranks = list(SEVERITIES)  # the worst first
        self.worst = min((str(row[4]) for row in page.rows), key=ranks.index, default="info")
        before = self.critical
        found = {
            str(row[0]): title({"title": row[5], "title_de": row[6]})
            for row in page.rows
            if row[4] == "critical"
        }
        self.critical = set(found)
        return [] if before is None else [text for id, text in found.items() if id not in before]

    def text(self) -> str:
        """'✖ 2 incidents' for the title line; '' while nothing is broken."""
        if not self.number:
            return ""
        glyph = GLYPHS.get(self.worst, "?")
        words = ngettext("{count} incident", "{count} incidents", self.number)
        return f"{glyph} {words.format(count=cells.number(self.number))}"
