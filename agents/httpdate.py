"""`Retry-After`, in both its forms, without `email` or `calendar`."""

from __future__ import annotations

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def retry_after_s(text: str, now_s: int) -> float | None:
    """Seconds from `now_s` (UTC epoch); None if the header is not understood.

    >>> retry_after_s("120", 0)
    120.0
    >>> retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", 0)
    60.0
    """
    text = text.strip()
    if text.isdigit() and len(text) < 10:
        return float(text)
    at = _epoch_s(text)
    return None if at is None else float(max(0, at - now_s))


def _epoch_s(text: str) -> int | None:
    """An IMF-fixdate such as 'Sun, 06 Nov 1994 08:49:37 GMT' (RFC 9110, 5.6.7)."""
    parts = text.split()
    if len(parts) != 6 or parts[5] != "GMT":
        return None
    try:
        day, year = int(parts[1]), int(parts[3])
        month = _MONTHS.index(parts[2]) // 3 + 1
        hour, minute, second = (int(part) for part in parts[4].split(":"))
    except ValueError:
        return None
    # Days since 1970-01-01 of the proleptic Gregorian calendar, the year beginning in March.
    shifted = year - (month < 3)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 719468
    return days * 86400 + hour * 3600 + minute * 60 + second
