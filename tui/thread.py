"""A ticket as lines: what it is, what is promised, what was said and done, how its place is.

Who speaks is seen by the sign, the side and the bar of a text: colour only repeats it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from textual.content import Content

from inventory.choices import TICKET_CATEGORIES, TICKET_WAYS
from tui import cells, describe, incidents, tickets
from tui.actions import N_
from tui.backend import Json
from tui.i18n import _, language

INDENT = 6
"""Cells that what the staff says stands further to the right."""
_DIM = "$foreground 60%"
_TONES = {"ok": "$text-success", "warning": "bold $text-warning", "down": "bold $text-error",
          "dim": _DIM}  # fmt: skip
NOW, THEN = 13, 13


def head(found: Json) -> list[Content]:
    """State, priority, promises, place, incident, who reported it and who has it."""
    priority = tickets.priority(found["priority"])
    state = tickets.state(found["state"], found["waits_for"])
    lines = [
        Content.assemble(
            (f"{priority}  ", _TONES.get(tickets.PRIORITY_TONES.get(found["priority"], ""), "")),
            (f"{state}  ", _TONES.get(tickets.STATE_TONES.get(found["state"], ""), "bold")),
            (cells.clean(found["title"]), "bold"),
        ),
        Content(""),
    ]
    for name, label in tickets.PROMISES.items():
        one = found["promises"][name]
        if one["state"] != "none":
            text, tone = tickets.promise(one)
            lines.append(describe.pair(_(label), text, _TONES.get(tone, "")))
    school = cells.school(cells.clean(str(found["school_name"] or "")))
    pairs = (
        (_("School"), " ".join(part for part in (found["school"], school) if part)),
        (_("Room"), found["room"]),
        (_("Device"), found["device"]),
        (_("Incident"), _fault(found["incident"])),
        (_("Reported by"), _reporter(found)),
        (_("Assigned to"), found["assigned_to"] or _("nobody")),
        (_("About the same as"), found["joined_to"] and f"#{found['joined_to']}"),
        (_("Joined it"), _numbers(found["joined"])),
        (_("See also"), _numbers(found["links"])),
    )
    return lines + [describe.pair(label, str(text)) for label, text in pairs if text]


def _reporter(found: Json) -> str:
    category = _(TICKET_CATEGORIES.get(found["category"], found["category"]))
    way = _(TICKET_WAYS.get(found["via"], found["via"]))
    when = cells.when(found["opened"])
    return ", ".join(part for part in (cells.clean(found["reporter"]), when, way, category) if part)


def _numbers(found: list[int]) -> str:
    return ", ".join(f"#{number}" for number in found)


def _fault(found: Json | None) -> str:
    if found is None:
        return ""
    if found["ended"]:
        return f"{incidents.title(found)} ({_('over')})"
    return f"▲ {incidents.title(found)}"


# ---- what was said and done ------------------------------------------------------------------

_SAYS: Mapping[str, tuple[str, str]] = {
    "reporter": ("◀", N_("reporter")),
    "staff": ("▶", N_("our answer")),
    "vendor": ("◁", N_("vendor")),
    "system": ("·", N_("automatic")),
}
_BARS = {"reporter": "│", "staff": "┃", "vendor": "║", "system": "│"}


def course(found: Json, width: int) -> list[Content]:
    """The thread in order; texts wrapped to `width` cells."""
    lines: list[Content] = []
    small = False
    for one in found["entries"]:
        text = str(one["text"])
        if text.strip() and one["what"] in ("opened", "message", "update", "note"):
            # Who wrote it down is not who reported it.
            first = found["reporter"] if one["what"] == "opened" else ""
            lines += [Content(""), *_spoken({**one, "by": first or one["by"]}, width)]
            small = False
        elif what := _done(one):
            if not small:
                lines.append(Content(""))
            lines.append(Content.styled(f"· {cells.when(one['at'])} {_who(one)}: {what}", _DIM))
            small = True
    return lines


def _who(one: Json) -> str:
    return cells.clean(str(one["by"])) or ("schoolops" if one["side"] == "system" else "–")


def _spoken(one: Json, width: int) -> Iterator[Content]:
    sign, says = _SAYS.get(one["side"], ("·", ""))
    bar, tone, indent = _BARS.get(one["side"], "│"), "", 0
    if one["what"] == "note":
        sign, says, bar, tone = "✎", N_("note, no reporter reads it"), "┊", "$text-warning"
    elif one["what"] == "update":
        says = N_("answer to all who reported the fault")
    if one["side"] == "staff" and one["public"]:
        tone, indent = "$text-accent", INDENT
    blank = " " * indent
    who = f"{_who(one)}, " if one["by"] else ""
    yield Content.assemble(
        blank, (f"{sign} {who}{_(says)}", f"bold {tone}".strip()),
        (f"  {cells.when(one['at'])}", _DIM),
    )  # fmt: skip
    for line in _wrapped(str(one["text"]), max(20, width - indent - 2)):
        yield Content.assemble(blank, (f"{bar} ", tone), cells.clean(line))


def _wrapped(text: str, width: int) -> Iterator[str]:
    for part in text.expandtabs(4).splitlines():
        yield from textwrap.wrap(part, width) or [""]


def _done(one: Json) -> str:
    """What was done, in words; '' for what the rest says already."""
    data, what = one["data"], one["what"]
    if what == "state":
        return tickets.state(str(data.get("to", "")), data.get("waits_for"))
    if what == "assigned":
        return _("given to {name}").format(name=data["to"]) if data.get("to") else _("given back")
    if what == "priority":
        return f"{data.get('from', '')} → {data.get('to', '')}"
    if what == "incident":
        if "left" in data:
            return _("taken out of the incident")
        return _("belongs to the incident: {title}").format(title=cells.clean(data["title"]))
    if what == "joined":
        return _joined(data)
    if what == "linked":
        return _("has to do with #{number}").format(number=data.get("to", ""))
    return cells.clean(" ".join(str(one["text"]).split())) if what != "opened" else ""


def _joined(data: Json) -> str:
    if "left" in data:
        return _("no longer about the same as #{number}").format(number=data["left"])
    if "by" in data:
        return _("#{number} joined it").format(number=data["by"])
    return _("about the same as #{number}").format(number=data.get("to", ""))


# ---- its place -------------------------------------------------------------------------------


def place(found: Json, now: Mapping[str, Json], width: int) -> list[Content]:
    """Each thing of the place: its state now, and when it was reported.

    `now`: 'school', 'room', 'device', and 'access_points' and 'uplinks' by name, as far as read.
    """
    seen: Json = found["seen"]
    label = max(10, width - NOW - THEN)
    heads = cells.fit(_("now"), NOW) + cells.fit(_("when reported"), THEN)
    lines = [
        Content.assemble(describe.heading(cells.fit(_("The place"), label)), (heads, _DIM)),
    ]

    def row(name: str, here: Json | None, then: Json | None) -> None:
        if here is None and then is None:
            return
        then_state = describe.state(then["health"], width=THEN) if then else Content("–")
        now_state = (
            describe.state(here["health"], width=NOW) if here else Content(cells.fit("–", NOW))
        )
        lines.append(
            Content.assemble(cells.fit(cells.clean(name), label - 1) + " ", now_state, then_state)
        )
        was, now_is = _why(then), _why(here)
        if now_is:
            lines.append(Content.styled(f"  {_('now')}: {now_is}", _DIM))
        if was and was != now_is:
            lines.append(Content.styled(f"  {_('then')}: {was}", _DIM))

    if found["school"]:
        row(_("School"), now.get("school"), seen.get("school"))
    for name, here, then in _pairs(now.get("uplinks"), seen.get("uplinks")):
        row(_("Line {name}").format(name=name), here, then)
    if found["room"]:
        row(_("Room {name}").format(name=found["room"]), now.get("room"), seen.get("room"))
    for name, here, then in _pairs(now.get("access_points"), seen.get("access_points")):
        row(name, here, then)
    if found["device"]:
        row(str(found["device"]), now.get("device"), seen.get("device"))
    if len(lines) == 1:
        return []
    return lines + _open_then(seen)


def _why(one: Json | None) -> str:
    from tui.reasons import reason

    return reason(one.get("reason")) if one and one.get("reason") else ""


def _pairs(
    now: Mapping[str, Any] | None, seen: list[Json] | None
) -> Iterator[tuple[str, Json | None, Json | None]]:
    here, then = now or {}, {str(one["name"]): one for one in seen or []}
    for name in dict.fromkeys([*then, *here]):
        yield name, here.get(name), then.get(name)


def _open_then(seen: Json) -> list[Content]:
    """The incidents that were open at the school when it was reported."""
    if not seen.get("incidents"):
        return []
    lines = [Content(""), describe.heading(_("Open incidents when it was reported"))]
    for one in seen["incidents"]:
        german = language() == "de" and one.get("title_de")
        text = f"{cells.when(one['since'])} {german or one['title']}"
        lines.append(Content(cells.clean(text)))
    return lines


def linked(rows: list[Json]) -> list[Content]:
    """Tickets that joined this one or have to do with it."""
    if not rows:
        return []
    lines = [Content(""), describe.heading(_("Tickets with it"))]
    return lines + [ticket_line(one) for one in rows]


def ticket_line(one: Json) -> Content:
    """'#4711 ✖ P1 ◇ new        164800 2.14 no WLAN'."""
    state = cells.fit(tickets.state(one["state"], one["waits_for"]), 12)
    tone = _DIM if one["state"] in tickets.DONE else ""
    place = " ".join(str(one[name]) for name in ("school", "room") if one.get(name))
    return Content.styled(
        f"#{one['number']} {tickets.priority(one['priority'])} {state} "
        f"{cells.clean(place)} {cells.clean(one['title'])}",
        tone,
    )
