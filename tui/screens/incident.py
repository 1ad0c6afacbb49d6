"""An incident: what, since when, whom to call, where, by which alerts, and what happened."""

from __future__ import annotations

import asyncio

from textual.content import Content

from inventory.choices import INCIDENT_STATES
from tui import cells, describe, incidents, thread, tickets
from tui.backend import Backend, Json
from tui.feed import Changes
from tui.i18n import _, language, ngettext
from tui.screens.record import RecordScreen, ScrollText

MOST_TICKETS = 10
"""So many of an incident's tickets are named; `v` lists all."""


class IncidentScreen(RecordScreen):
    """One fault with its whole course."""

    def title_line(self) -> tuple[str, str]:
        return _("Incident"), incidents.title(self.record.get("values") or {})

    def suits(self, id: str) -> bool:
        if not id.startswith("incident."):
            return super().suits(id)
        values = self.record.get("values") or {}
        return incidents.suits(id, values, bool(values.get("claimed_by")))

    async def _load(self, client: Backend) -> None:
        self.record, course = await asyncio.gather(
            client.get(self.plural, self.id_or_key), client.incident(self.id_or_key)
        )
        reported = await self._tickets(client)
        self.show_state()
        width = max(40, self.size.width - 4)
        lines = [*_head(course), *_schools(course), *_alerts(course, width), *reported]
        lines += _events(course)
        self.query_one(ScrollText).show(lines)

    async def _tickets(self, client: Backend) -> list[Content]:
        """How many tickets belong to it, and the first of them."""
        if not self.ops.may("tickets.open"):
            return []
        found = await tickets.of_incident(client, self.record["id"])
        if not found:
            return []
        title = f"{_('Tickets')}  {cells.number(len(found))}"
        shown = [thread.ticket_line(one) for one in found[:MOST_TICKETS]]
        return [Content(""), describe.heading(title), *shown]

    def live(self, changes: Changes) -> None:
        super().live(changes)
        if changes.of("ticket"):
            self.begin()

    def copy_text(self) -> str:
        values = self.record.get("values") or {}
        parts = (incidents.title(values), values.get("circuit"), values.get("hotline"))
        return "  ".join(str(part) for part in parts if part)


def _head(course: Json) -> list[Content]:
    tone = incidents.STYLES.get(course["severity"], "") if not course["ended"] else ""
    state = str(course["state"])
    found = [
        Content.assemble((f"{incidents.severity(course['severity'])}: ", tone),
                         (incidents.title(course), "bold")),
        Content(""),
        describe.pair(_("State"), _(INCIDENT_STATES.get(state, state))),
    ]  # fmt: skip
    school = " ".join(str(course[name]) for name in ("school", "school_name") if course[name])
    pairs = (
        (_("School"), school, ""),
        (_("Since"), cells.when(course["began"], long=True), ""),
        (_("Until"), cells.when(course["ended"], long=True), ""),
        (_("Cut off"), _devices(course["devices"]), ""),
        (_("Provider"), course["provider"], ""),
        (_("Circuit number"), course["circuit"], "bold"),
        (_("Fault hotline"), course["hotline"], "bold"),
        (_("Taken by"), course["claimed_by"], ""),
        (_("Acknowledged by"), course["acknowledged_by"], ""),
        (_("Came back"), cells.number(course["returns"]) if course["returns"] else "", ""),
    )
    return found + [describe.pair(label, text, style) for label, text, style in pairs if text]


def _devices(count: int) -> str:
    if not count:
        return ""
    return ngettext("{count} device", "{count} devices", count).format(count=cells.number(count))


def _span(since: str, until: str | None) -> str:
    """'14:05 – 14:20', or '14:05 –' for what is not over, in one column."""
    return cells.fit(f"{cells.when(since)} – {cells.when(until)}".rstrip(), 28)


def _schools(course: Json) -> list[Content]:
    if len(course["schools"]) < 2:
        return []
    title = f"{_('Schools')}  {cells.number(len(course['schools']))}"
    found = [Content(""), describe.heading(title)]
    for one in sorted(course["schools"], key=lambda one: one["until"] is not None):
        text = f"{one['number']}  {cells.fit(cells.school(cells.clean(one['name'])), 32)} "
        text += _span(one["since"], one["until"]) + _devices(one["devices"])
        found.append(Content.styled(text.rstrip(), "" if one["until"] is None else _PAST))
    return found


def _alerts(course: Json, width: int) -> list[Content]:
    found = [Content(""), describe.heading(_("Alerts"))]
    for one in course["alerts"]:
        over = one["until"] is not None
        text = one["text_de"] if language() == "de" else one["text"]
        school = f"{one['school']} " if len(course["schools"]) > 1 and one["school"] else ""
        end = f" – {cells.when(one['until'])}" if over else ""
        line = f"{cells.fit(cells.when(one['since']), 13)} {school}{cells.clean(text)}{end}"
        glyph = incidents.GLYPHS.get(one["severity"], "?")
        tone = _PAST if over else incidents.STYLES.get(one["severity"], "")
        found.append(
            Content.assemble((f"{glyph} ", tone), (cells.fit(line, width - 2).rstrip(),
                             _PAST if over else ""))
        )  # fmt: skip
    return found


def _events(course: Json) -> list[Content]:
    found = [Content(""), describe.heading(_("What happened"))]
    for one in course["events"]:
        event = str(one["what"])
        what = _(incidents.EVENTS.get(event, event))
        told = " ".join(part for part in (one["school"], cells.clean(one["text"])) if part)
        who = cells.fit(cells.clean(one["by"]) or "schoolops", 14)
        text = f"{cells.fit(cells.when(one['at'], long=True), 22)}{who} {what}"
        found.append(Content(f"{text}: {told}" if told else text))
    return found


_PAST = "$foreground 60%"
