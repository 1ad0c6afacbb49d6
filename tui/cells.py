"""How values look in a cell or a line: state as glyph and word, times of Berlin, rates, sparks.

Everything that comes from a server or from equipment passes `clean`, so that no description a
device sends can move the cursor or colour the terminal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rich.cells import cell_len, set_cell_size

from inventory.choices import AUDIT_ACTIONS
from inventory.fields import Field, Type, format_rate
from inventory.kinds import KINDS
from tui.i18n import _, language

GLYPHS = {"ok": "●", "warning": "▲", "down": "✖", "unknown": "?"}
TONES = frozenset(GLYPHS)
"""Names of the component styles a state is drawn in."""
NEVER = "9999-"
"""How a time begins that does not come."""
SPARKS = "▁▂▃▄▅▆▇█"


def clean(text: str) -> str:
    """Replace what is not printable: escape sequences, line ends, direction marks."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def fit(text: str, width: int, right: bool = False) -> str:
    """Cut or pad to exactly `width` terminal cells; cut text ends in an ellipsis."""
    size = len(text) if text.isascii() else cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    return " " * (width - size) + text if right else text + " " * (width - size)


def health(state: str | None, freshness: str | None = None) -> str:
    """'● ok', '▲ warning', and '● ok old' when the fact is stale."""
    state = state or "unknown"
    words = {"ok": _("ok"), "warning": _("warning"), "down": _("down"), "unknown": _("unknown")}
    text = f"{GLYPHS.get(state, '?')} {words.get(state, clean(state))}"
    return f"{text} {_('old')}" if freshness == "stale" and state != "unknown" else text


def school(name: str) -> str:
    """The state's list writes 'Düsseldorf, GG Am Park'; a narrow column does without the town."""
    town, comma, rest = name.partition(",")
    return rest.strip() if comma and rest.strip() and " " not in town.strip() else name


@lru_cache(maxsize=1)
def _zone() -> dt.tzinfo:
    from schoolops.core.zone import local_zone

    return local_zone()


def local(text: str) -> dt.datetime | None:
    """An ISO time of the server in the zone of the settings; None if it is no time."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.astimezone(_zone())


def now() -> dt.datetime:
    return dt.datetime.now(_zone())


def when(text: str | None, long: bool = False) -> str:
    """A time for people: '14:05' today, '23.11. 14:05' or '23 Nov 14:05' before; long with year."""
    if not text:
        return ""
    if text.startswith(NEVER):
        return _("no end")
    moment = local(text)
    if moment is None:
        return clean(text)
    german = language() == "de"
    if long:
        return moment.strftime("%d.%m.%Y %H:%M:%S" if german else "%d %b %Y %H:%M:%S")
    today = now().date()
    if moment.date() == today:
        return moment.strftime("%H:%M:%S")
    if moment.year == today.year:
        return moment.strftime("%d.%m. %H:%M" if german else "%d %b %H:%M")
    return moment.strftime("%d.%m.%Y" if german else "%d %b %Y")


def date(text: str) -> str:
    """'2026-11-24' → '24.11.2026' in German."""
    if language() != "de" or len(text) != 10:
        return clean(text)
    return f"{text[8:10]}.{text[5:7]}.{text[:4]}"


def number(value: float) -> str:
    """Grouped by thousands in the language's way."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return text.translate(str.maketrans(",.", ".,")) if language() == "de" else text


def rate(bps: float | None) -> str:
    """'16.4 Mbit/s'; empty if unknown."""
    if bps is None:
        return ""
    text = format_rate(bps)
    return text.replace(".", ",") if language() == "de" else text


_TIMES = frozenset({
    "updated", "since", "until", "observed", "last_seen", "first_seen", "at", "proposed", "decided",
    "began", "ended", "begins", "ends", "opened", "changed", "solved", "closed",
})  # fmt: skip
_RIGHTS = frozenset({"roles", "permissions", "content"})
"""Fields whose values `tui.rights` has the words for."""
_AUDITED = frozenset({"action", "kind"})
"""Text of the audit that is a word of ours: choices of other kinds are none of it."""
_SHORT_KEYS = frozenset({"room", "building", "site"})


def shown(field: Field, value: Any) -> str:
    """A stored value as a person reads it."""
    if value is None or value == "" or value == []:
        return ""
    if field.name == "health":
        return health(str(value))
    if field.type is Type.CHOICE:
        label = field.choices.get(str(value))
        return _(label) if label else clean(str(value))
    if field.type is Type.BOOLEAN:
        return _("yes") if value else _("no")
    if field.type is Type.RATE and isinstance(value, (int, float)):
        return rate(value)
    if field.type is Type.DATE:
        return date(str(value))
    if field.name in _TIMES and isinstance(value, str):
        return when(value)
    if field.name in _RIGHTS:
        from tui import rights

        return clean(str(getattr(rights, field.name)(value)))
    if field.type is Type.TEXT and field.name in _AUDITED:
        return _audited(str(value))
    if isinstance(value, (list, tuple)):
        return clean(" ".join(str(item) for item in value))
    if field.reference in _SHORT_KEYS:
        return clean(str(value).partition("/")[2] or str(value))
    if isinstance(value, float):
        return f"{value:.6g}"
    return clean(str(value))


def _audited(word: str) -> str:
    """What an event is about or what was done, in the person's language."""
    if word == "token":
        return _("Token")
    return _(KINDS[word].label if word in KINDS else AUDIT_ACTIONS.get(word, clean(word)))


def spark(values: Sequence[float | None], width: int) -> str:
    """The last values as bars, averaged down to `width`; a gap is a blank, not a zero."""
    if not values or width < 1:
        return ""
    buckets = _buckets(values, width)
    known = [value for value in buckets if value is not None]
    if not known:
        return " " * len(buckets)
    low, high = min(0.0, *known), max(known)
    span = (high - low) or 1.0
    return "".join(
        " " if value is None else SPARKS[min(7, int((value - low) / span * 7.999))]
        for value in buckets
    )


def _buckets(values: Sequence[float | None], width: int) -> list[float | None]:
    if len(values) <= width:
        return list(values)
    found: list[float | None] = []
    for index in range(width):
        part = values[index * len(values) // width : (index + 1) * len(values) // width]
        known = [value for value in part if value is not None]
        found.append(sum(known) / len(known) if known else None)
    return found


def bar(part: float, whole: float, width: int) -> str:
    """A bar of `part` in `whole`: '█████▌    '; more than whole fills it."""
    if whole <= 0 or width < 1:
        return ""
    eighths = round(max(0.0, min(1.0, part / whole)) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(width, "░")
