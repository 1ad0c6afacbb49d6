"""Days and times in a filter, as ranges of UTC microseconds."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from inventory.fields import Field, Type
from inventory.sentences import say

TIME_FIELDS = frozenset({
    "updated", "since", "until", "observed", "at", "first_seen", "last_seen", "proposed", "decided",
    "began", "ended", "begins", "ends", "opened", "changed", "solved", "closed",
})  # fmt: skip
"""Fields of type TEXT that hold a UTC time (2026-11-24T07:00:00Z) and compare as times."""

_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAY = Field("time", Type.DATE, "Time")


WORDS = {
    "today": 0, "heute": 0, "tomorrow": 1, "morgen": 1, "yesterday": -1, "gestern": -1,
}  # fmt: skip
"""Word → days from today."""
_WORD_TIME = re.compile(rf"({'|'.join(WORDS)})(?:[ ,T]+(\d{{1,2}}):(\d\d))?", re.IGNORECASE)
_GERMAN_TIME = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})[ ,T]+(\d{1,2}):(\d\d)")
_zone = "Europe/Berlin"


def use_zone(name: str) -> None:
    """Read times without an offset in this zone from now on; for the whole process."""
    global _zone
    _zone = name


def end_of(text: str, zone: dt.tzinfo) -> str:
    """When something ends that is said to last until a day, which is included, or a time.

    As the API takes it: '2026-11-24' → '2026-11-24T22:59:59Z' in Berlin. Raises ValueError.
    """
    start, end = instant_range(text, zone)
    moment = start if _TIME.fullmatch(_iso(text, zone)) else end - 1_000_000
    return (_EPOCH + dt.timedelta(microseconds=moment)).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_range(text: str, zone: dt.tzinfo | None = None) -> tuple[int, int]:
    """From (included) and until (excluded) of a day or time, in UTC microseconds.

    Takes 2026-11-24, 24.11.2026, 24.11.2026 7:00, 2026-11-24T07:00 and finer, with Z or
    an offset, or local time without (that of `zone`, or of `use_zone`), and today, tomorrow 7:00.
    Raises ValueError.
    """
    text = _iso(text, zone)
    match = _TIME.fullmatch(text)
    try:
        if match is not None:
            moment = dt.datetime.fromisoformat(text)
            unit = 1 if match[2] else 1_000_000 if match[1] else 60_000_000
            return _micros(moment, zone), _micros(moment, zone) + unit
        day = dt.datetime.fromisoformat(str(_DAY.parse(text)))
        return _micros(day, zone), _micros(day + dt.timedelta(days=1), zone)
    except (ValueError, OverflowError):
        raise ValueError(
            say("{text!r} is no time; write it as 2026-11-24 or 2026-11-24T07:00", text=text)
        ) from None


def day_of(text: str, zone: dt.tzinfo | None = None) -> dt.date:
    """A day as people write it: 2026-11-24, 24.11.2026, today, gestern. Raises ValueError."""
    try:
        return dt.date.fromisoformat(str(_DAY.parse(_iso(text, zone))))
    except ValueError:
        raise ValueError(
            say("{text!r} is no day; write it as 2026-11-24, 24.11.2026 or today", text=text)
        ) from None


def _iso(text: str, zone: dt.tzinfo | None = None) -> str:
    """'24.11.2026 7:00' → '2026-11-24T07:00', 'heute' → that day; all else as it is."""
    text = text.strip()
    if match := _GERMAN_TIME.fullmatch(text):
        day, month, year, hour, minute = match.groups()
        return f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}"
    if match := _WORD_TIME.fullmatch(text):
        today = dt.datetime.now(zone or ZoneInfo(_zone)).date()
        named = today + dt.timedelta(days=WORDS[match[1].casefold()])
        return f"{named}T{match[2]:0>2}:{match[3]}" if match[2] else f"{named}"
    return text


def _micros(moment: dt.datetime, zone: dt.tzinfo | None) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone or ZoneInfo(_zone))
    return (moment.astimezone(dt.UTC) - _EPOCH) // dt.timedelta(microseconds=1)
