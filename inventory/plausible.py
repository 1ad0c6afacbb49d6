"""What a value cannot be, and what it can be but seldom is.

A `Judge` stands at its field in `inventory.kinds`. What is `wrong` is refused wherever a value
comes in; what is `odd` is taken and remarked: in the report of an import, in a form, on the
command line.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from typing import Any

from inventory.fields import Judge, Verdict
from inventory.schoolnumber import doubt
from inventory.sentences import Sentence, say

FINE = Verdict()
Span = tuple[float, float]

GERMAN_LATITUDE: Span = (47.2, 55.1)
GERMAN_LONGITUDE: Span = (5.8, 15.1)
UTM_EASTING: Span = (270_000, 950_000)
UTM_NORTHING: Span = (5_200_000, 6_130_000)
"""Germany in UTM zone 32 (EPSG:25832), in metres."""


def within(least: float, most: float, usual: Span | None = None) -> Judge:
    """A number from `least` to `most`, in most cases within `usual`."""

    def judge(name: str, value: Any) -> Verdict:
        if value < 0 <= least:
            return Verdict(say("{field} must not be negative", field=name))
        if not least <= value <= most:
            return Verdict(_outside(name, value, least, most))
        if usual and not usual[0] <= value <= usual[1]:
            return Verdict(
                odd=say("{field} is unusual: {value}; is it right?", field=name, value=value)
            )
        return FINE

    return judge


LINE_RATE = within(0, 1e15, (64_000, 400e9))
"""bit/s; fewer are as good as always a number that was meant in kbit/s or Mbit/s."""


def utm(span: Span) -> Judge:
    """Metres in zone 32 that lie in Germany."""

    def judge(name: str, value: Any) -> Verdict:
        if span[0] <= value <= span[1]:
            return FINE
        return Verdict(
            say(
                "{field} {value} lies outside of Germany in UTM zone 32 (EPSG:25832): from {least} "
                "to {most} m",
                field=name,
                value=value,
                least=int(span[0]),
                most=int(span[1]),
            )
        )

    return judge


def day(*, since: int, years_ahead: int, usual_years_ahead: int) -> Judge:
    """A day from the year `since` to so many years after today, in most cases to fewer."""

    def judge(name: str, value: Any) -> Verdict:
        year, today = int(value[:4]), dt.date.today()
        if not since <= year <= today.year + years_ahead:
            return Verdict(_outside(name, value, since, today.year + years_ahead))
        # A day more: it is tomorrow already somewhere.
        usual = today + dt.timedelta(days=1 + round(usual_years_ahead * 365.25))
        if value > usual.isoformat():
            if not usual_years_ahead:
                return Verdict(
                    odd=say(
                        "{field} {value} lies in the future; is it right?", field=name, value=value
                    )
                )
            return Verdict(
                odd=say("{field} {value} is far ahead; is it right?", field=name, value=value)
            )
        return FINE

    return judge


_NUMBER_SIGNS = re.compile(r"[\w.\-]{1,20}")


def school_number(name: str, value: Any) -> Verdict:
    """Digits, perhaps with letters: six digits in North Rhine-Westphalia, three to eight in other
    states, 01A02 in Berlin; and a city numbers its kitas itself (KITA-01)."""
    if not _NUMBER_SIGNS.fullmatch(value) or not re.search(r"\d", value):
        return Verdict(
            say(
                "{field} {value!r} is no school number: digits, perhaps with letters",
                field=name,
                value=value,
            )
        )
    if re.fullmatch(r"\d{1,2}|\d{9,}", value, re.ASCII):
        return Verdict(
            odd=say(
                "{field} {value} is longer or shorter than any state's", field=name, value=value
            )
        )
    # Six digits of which the first is a 1 are North Rhine-Westphalia's, which have a check digit.
    return Verdict(odd=doubt(value)) if re.fullmatch(r"1\d{5}", value, re.ASCII) else FINE


def telephone(name: str, value: Any) -> Verdict:
    """A number that can be dialled; what stands beside its digits is only odd."""
    digits = len(re.findall(r"\d", value))
    if not digits:
        return Verdict(say("{field} {value!r} has no digits", field=name, value=value))
    if digits > 40 or not re.fullmatch(r"[\d\s+()/.,;\-–]+", value):
        return Verdict(
            odd=say(
                "{field} {value!r} is more than a number; is it right?", field=name, value=value
            )
        )
    return FINE


def postcode(name: str, value: Any) -> Verdict:
    """Five digits in Germany."""
    if re.fullmatch(r"\d{5}", value, re.ASCII):
        return FINE
    return Verdict(odd=say("{field} {value!r} has no five digits", field=name, value=value))


def networks(name: str, value: Any) -> Verdict:
    """Networks such as 10.20.0.0/16, apart by blanks, commas or semicolons."""
    for text in re.split(r"[\s,;]+", value.strip(" ,;")):
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            return Verdict(
                say(
                    "{field} wants networks such as 10.20.0.0/16, not {text!r}",
                    field=name,
                    text=text,
                )
            )
    return FINE


def address(name: str, value: Any) -> Verdict:
    """An address by which one device is reached."""
    ip = ipaddress.ip_address(value)
    if ip.is_unspecified or ip.is_multicast or value == "255.255.255.255":
        return Verdict(say("{field} {value} is no address of a device", field=name, value=value))
    if ip.is_loopback:
        return Verdict(
            odd=say("{field} {value} is the agent's own machine", field=name, value=value)
        )
    if ip.is_link_local:
        return Verdict(
            odd=say("{field} {value} is one that a device gives itself", field=name, value=value)
        )
    return FINE


def macs(name: str, value: Any) -> Verdict:
    """Addresses of network interfaces, not of groups."""
    for mac in value:
        first = int(mac[:2], 16)
        if first & 1 or mac == "00:00:00:00:00:00":
            return Verdict(say("{value} is no MAC address of a device", value=mac))
    private = [mac for mac in value if int(mac[:2], 16) & 2]
    if private:
        return Verdict(
            odd=say(
                "{field} {value} is not its maker's and may change (a private address)",
                field=name,
                value=private[0],
            )
        )
    return FINE


def _outside(name: str, value: Any, least: float, most: float) -> Sentence:
    return say(
        "{field} {value} cannot be: from {least} to {most}",
        field=name,
        value=value,
        least=_plain(least),
        most=_plain(most),
    )


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)
