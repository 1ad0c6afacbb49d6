"""Numbers of a proof as people read them, in one language. Pure."""

from __future__ import annotations

import datetime as dt

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

NONE = "–"
BLANK = "\N{NO-BREAK SPACE}"


class Figures:
    """Formats for one language and zone."""

    def __init__(self, locale: Locale, zone: dt.tzinfo) -> None:
        self.locale, self.zone = locale, zone

    def number(self, value: float | None, unit: str = "", digits: int = 1) -> str:
        """A number with at most so many digits behind the point, and its unit."""
        if value is None:
            return NONE
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
        told = str(format_decimal(value, pattern, locale=self.locale))
        return f"{told}{BLANK}{unit}" if unit else told

    def rate(self, bps: float | None) -> str:
        """Bit/s as Mbit/s."""
        return NONE if bps is None else self.number(bps / 1e6, "Mbit/s")

    def share(self, value: float | None, digits: int = 1) -> str:
        """0 … 1 in percent."""
        if value is None:
            return NONE
        # 99.96 % is not 100 %: rounded down, so that nothing looks better than it was.
        scale = 10 ** (digits + 2)
        cut = int(value * scale + 1e-6) / scale
        pattern = "0." + "#" * digits + "\N{NO-BREAK SPACE}%"
        return str(format_percent(cut, pattern, locale=self.locale))

    def hours(self, seconds: float) -> str:
        """Hours and minutes as '59:40 h'."""
        minutes = round(seconds / 60)
        return f"{minutes // 60}:{minutes % 60:02}{BLANK}h"

    def length(self, seconds: float) -> str:
        """A duration from seconds to hours."""
        if seconds < 120:
            return self.number(seconds, "s", 0)
        return self.number(seconds / 60, "min", 0) if seconds < 7200 else self.hours(seconds)

    def moment(self, iso: str, form: str = "short") -> str:
        """An instant on the local clock, with the zone: it goes back one night a year."""
        local = dt.datetime.fromisoformat(iso).astimezone(self.zone)
        day = format_datetime(local, form, tzinfo=self.zone, locale=self.locale)
        named = format_datetime(local, "z", tzinfo=self.zone, locale=self.locale)
        return f"{day}{BLANK}{named}"

    def day(self, iso: str) -> str:
        """A day with its weekday."""
        day = dt.date.fromisoformat(iso)
        return str(format_date(day, "EEE d.M.", locale=self.locale)).replace("..", ".")

    def date(self, iso: str) -> str:
        """A day with its year."""
        return str(format_date(dt.date.fromisoformat(iso), "medium", locale=self.locale))

    def month(self, text: str) -> str:
        """'Oktober 2026' of '2026-10'."""
        day = dt.date.fromisoformat(f"{text}-01")
        return str(format_date(day, "LLLL y", locale=self.locale))
