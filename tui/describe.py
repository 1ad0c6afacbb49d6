"""Records as lines of text: fields, state and why, last values, contract against measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from textual.content import Content

from inventory.kinds import KINDS, Kind
from tui import cells, incidents, metrics
from tui.backend import Json
from tui.i18n import _
from tui.reasons import reason
from tui.said import translated

LABEL = 20
_TONES = {"ok": "$text-success", "warning": "bold $text-warning", "down": "bold $text-error"}


def heading(text: str) -> Content:
    """A section's title."""
    return Content.styled(text, "bold $text-accent")


def pair(label: str, value: str, style: str = "") -> Content:
    """A label and its value in two columns."""
    return Content.assemble(
        (cells.fit(cells.clean(label), LABEL), "$foreground 60%"), (cells.clean(value), style)
    )


def state(health: str | None, freshness: str | None = None, width: int = 0) -> Content:
    """The state in its colour, as glyph and word, padded to `width`."""
    text = cells.health(health, freshness)
    return Content.styled(
        cells.fit(text, width) if width else text, _TONES.get(health or "", "$foreground 60%")
    )


def state_lines(record: Json) -> list[Content]:
    """State, because, since, last seen."""
    if "health" not in record or record.get("health") is None:
        return []
    found = [
        Content.assemble(
            (cells.fit(_("State"), LABEL), "$foreground 60%"),
            state(record["health"], record.get("freshness")),
        )
    ]
    if record.get("reason"):
        found.append(pair(_("Because"), reason(record["reason"])))
    if record.get("since"):
        found.append(pair(_("Since"), cells.when(record["since"], long=True)))
    if record.get("observed") is None and record.get("kind") not in ("device", "uplink"):
        return found  # rooms and schools are not measured themselves
    if record.get("freshness") == "never" or not record.get("observed"):
        found.append(pair(_("Last seen"), _("never measured"), "$foreground 60%"))
    else:
        old = f" ({_('old')})" if record.get("freshness") == "stale" else ""
        found.append(pair(_("Last seen"), cells.when(record["observed"], long=True) + old))
    return found


def readiness_line(found: Json) -> Content:
    """Whether teaching works at a school, and why if it does not."""
    words = {"works": _("works"), "limited": _("limited"), "fails": _("does not work"),
             "unknown": _("not known")}  # fmt: skip
    tones = {"works": "ok", "limited": "warning", "fails": "down"}
    text = words.get(found["level"], cells.clean(found["level"]))
    if found["reason"]:
        text = f"{text}: {translated(found, found['reason'])}"
    return pair(_("Teaching"), text, _TONES.get(tones.get(found["level"], ""), ""))


def name_of(record: Json) -> str:
    """What a record is called, where its key is only an id."""
    values = record.get("values") or {}
    if record.get("kind") == "incident":
        return incidents.title(values)
    found = [values.get(n) for n in ("name", "subject", "receiver")] + [record.get("key")]
    return next((str(name) for name in found if name), "")


def field_lines(kind: Kind, record: Json, skip: Sequence[str] = ()) -> list[Content]:
    """All fields that have a value."""
    values: Mapping[str, Any] = record.get("values") or {}
    found = []
    for field in kind.fields:
        text = cells.shown(field, values.get(field.name))
        if text and field.name not in skip:
            unit = f" {field.unit}" if field.unit and field.unit not in ("bit/s",) else ""
            found.append(pair(_(field.label), text + unit))
    name = record.get("school_name") or values.get("school_name")
    if name and kind.name != "school" and "school_name" not in [f.name for f in kind.fields]:
        found.insert(0, pair(_("School name"), str(name)))
    return found


def system_lines(record: Json) -> list[Content]:
    """Who changed it last, whether it is retired, what is corrected here, and what is closed."""
    found = []
    if record.get("retired"):
        found.append(pair(_("Retired"), _("yes"), "bold"))
    for title, names in (
        (_("Corrected here"), record.get("own_fields")),
        (_("Closed to you"), record.get("closed")),
    ):
        if names:
            fields = KINDS[record["kind"]].by_name()
            found.append(pair(title, ", ".join(_(fields[name].label) for name in names)))
    if record.get("updated"):
        text = cells.when(record["updated"], long=True)
        if record.get("updated_by"):
            text += f" · {record['updated_by']}"
        found.append(pair(_("Changed"), text))
    return found


def measured_lines(latest: Json) -> list[Content]:
    """The last values with the time they are from."""
    values = latest.get("values") or {}
    rows = metrics.lines(values)
    if not rows:
        return []
    found = [heading(_("Last measured {time}").format(time=cells.when(latest.get("observed"))))]
    if latest.get("freshness") == "stale":
        found[0] = found[0] + Content.styled(f"  {_('old')}", "$text-warning")
    return found + [pair(label, value) for label, value in rows]


def contract_lines(
    latest: Json, record: Json | None = None, width: int = 30, *, narrow: bool = False
) -> list[Content]:
    """Contract against measured, as bars: what was bought and what arrives."""
    values = latest.get("values") or {}
    agreed = (record or {}).get("values") or {}
    found = []
    for name, arrow, test in (
        ("contract_down_bps", "↓", "test_down_bps"),
        ("contract_up_bps", "↑", "test_up_bps"),
    ):
        contract = latest.get(name) or agreed.get(name)
        got = values.get(test)
        if not contract:
            continue
        if got is None:
            text = f"{arrow} {cells.rate(contract)}: {_('not measured yet')}"
            found.append(Content.styled(text, "$foreground 60%"))
            continue
        share = got / contract
        tone = "ok" if share >= 0.9 else "warning" if share >= 0.5 else "down"
        glyph = cells.GLYPHS[tone]
        text = f"{arrow} {cells.rate(got)} {_('of')} {cells.rate(contract)}"
        drawn = (cells.bar(share, 1.0, max(5, width - 10)), _TONES[tone])
        end = f" {share * 100:.0f} % {glyph}"
        if narrow:
            found += [Content(text), Content.assemble("  ", drawn, end)]
        else:
            found.append(Content.assemble(cells.fit(text, 34), drawn, end))
    return found


def sparkline(metric: str, series: Json, width: int) -> Content | None:
    """One line: label, bars, last and highest value; None without values."""
    values = series.get("values") or []
    known = [value for value in values if value is not None]
    if not known:
        return None
    bars = cells.spark(spread(series, max(8, width - LABEL - 26)), max(8, width - LABEL - 26))
    top = metrics.shown(metric, max(series.get("most") or known))
    last = metrics.shown(metric, known[-1])
    return Content.assemble(
        (cells.fit(metrics.label(metric), LABEL), "$foreground 60%"),
        (bars, "$text-accent"),
        f"  {last}",
        (f"  max {top}", "$foreground 60%"),
    )


def spread(series: Json, width: int) -> list[float | None]:
    """The values of a series at their places in its span, in at most `width` columns; None where
    nothing was measured."""
    values, times = series.get("values") or [], series.get("times") or []
    since, until = series.get("since"), series.get("until")
    if since is None or until is None or until <= since:
        return values
    gaps = sorted(after - before for before, after in pairwise(times))
    step = max(series.get("step_s") or 0, gaps[(len(gaps) - 1) // 2] if gaps else 0, 1)
    columns = max(1, min(width, (until - since) // step))
    found: list[list[float]] = [[] for _ in range(columns)]
    for at, value in zip(times, values, strict=True):
        place = (at - since) * columns // (until - since)
        if value is not None:
            found[max(0, min(columns - 1, place))].append(value)
    return [sum(part) / len(part) if part else None for part in found]


def address(values: Mapping[str, Any]) -> str:
    """Street, postcode and city in one line."""
    town = " ".join(str(values[n]) for n in ("postcode", "city") if values.get(n))
    return ", ".join(part for part in (str(values.get("street") or ""), town) if part)


def hang(lines: Sequence[Content], width: int) -> Content:
    """Lines as one text of that width; a value that is longer goes on below itself."""
    found: list[Content] = []
    for line in lines:
        text = line.plain
        room = width - LABEL
        if len(text) <= width or room < 10 or text[LABEL - 1 : LABEL] != " ":
            found.append(line)
            continue
        start = LABEL
        while len(text) - start > room:
            cut = text.rfind(" ", start + 1, start + room + 1)
            cut = cut if cut > start else start + room
            head = line[0:LABEL] if start == LABEL else Content(" " * LABEL)
            found.append(head + line[start:cut])
            start = cut + (1 if text[cut] == " " else 0)
        found.append(Content(" " * LABEL) + line[start : len(text)])
    return Content("\n").join(found)
