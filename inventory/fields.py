"""Field types: how a value of the inventory is read from text, written as text and checked.

Every place that touches a value (the command line, a form on the screen, a column of a
spreadsheet, the HTTP API, a filter) goes through the one `Field` that describes it, so that
`52:54:00:AB:CD:EF`, `5254.00ab.cdef` and `525400ABCDEF` are the same MAC address everywhere.

`parse` raises `ValueError` with a sentence that says what was expected; it never returns a
half-understood value. Stored values are plain: str, int, float, bool, None, or a tuple of str.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from inventory.sentences import say

Value = str | int | float | bool | tuple[str, ...] | None


class Type(StrEnum):
    """What a field holds. The text form of each is what CSV files and `--json` show."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"  # ISO 8601, stored as text: 2026-11-24
    CHOICE = "choice"
    MACS = "macs"  # tuple of aa:bb:cc:dd:ee:ff
    ADDRESS = "address"  # IPv4 or IPv6
    RATE = "rate"  # bit/s, stored as int; reads 1G, 100 Mbit/s, 50M
    EMAIL = "email"
    REFERENCE = "reference"  # id of another record; text form is that record's key


class Verdict(NamedTuple):
    """What is to be said of a value: why it cannot be, or why it is odd; '' for nothing."""

    wrong: str = ""
    odd: str = ""


Judge = Callable[[str, Any], Verdict]
"""Judges a value that is there, given the name of its field; see `inventory.plausible`."""


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of a kind.

    `headings` are the column titles under which it is found in other people's spreadsheets,
    compared after `fold_heading`. `choices` maps the stored word to its English label.
    `column` is True when lists show it without being asked. `protected` fields are set by the
    system alone and cannot be edited. `personal` is the class of personal data that it holds
    ('core', 'contact', 'guardian', 'sensitive'), empty when it is about no person. `judge` knows
    which values cannot be and which are odd.
    """

    name: str
    type: Type
    label: str
    headings: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    reference: str | None = None
    required: bool = False
    column: bool = False
    searchable: bool = False
    sortable: bool = True
    protected: bool = False
    unit: str = ""
    width: int = 16
    personal: str = ""
    judge: Judge | None = None

    def parse(self, text: str) -> Value:
        """Read the text form; empty text is None. Raises ValueError with a useful sentence."""
        return self.checked(self.read(text))

    def checked(self, value: Value) -> Value:
        """The value itself. Raises ValueError when it cannot be."""
        if wrong := self._verdict(value).wrong:
            raise ValueError(wrong)
        return value

    def doubt(self, value: Value) -> str:
        """Why a value that can be is odd all the same, or ''."""
        return self._verdict(value).odd

    def _verdict(self, value: Value) -> Verdict:
        return Verdict() if value is None or self.judge is None else self.judge(self.name, value)

    def read(self, text: str) -> Value:
        """As `parse`, of values that cannot be too: a filter may ask for anything."""
        text = text.strip()
        if not text:
            if self.required:
                raise ValueError(say("{field} must not be empty", field=self.name))
            return None
        if len(text) > 4000:
            raise ValueError(say("{field} is longer than 4,000 characters", field=self.name))
        if not text.isprintable() and any(map(_unstorable, text)):
            raise ValueError("control characters are not allowed")
        return _PARSERS[self.type](self, text)

    def format(self, value: Value) -> str:
        """Write a stored value as text that `parse` reads back to the same value."""
        if value is None:
            return ""
        if isinstance(value, tuple):
            return " ".join(value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(value)


def fold_heading(text: str) -> str:
    """Fold a column title for comparison: lower case, umlauts written out, letters and digits."""
    return re.sub(r"[^a-z0-9]", "", fold(text))


_FOLD = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "á": "a"})


def fold(text: str) -> str:
    """Fold text for searching: lower case, umlauts written out ('Größe' → 'groesse')."""
    return text.casefold().translate(_FOLD)


def _unstorable(letter: str) -> bool:
    """Control characters, and half a surrogate pair, which is no text at all."""
    return (letter < " " and letter not in "\n\t") or "\ud800" <= letter <= "\udfff"


def _text(_: Field, text: str) -> Value:
    return text


def _integer(f: Field, text: str) -> Value:
    if not re.fullmatch(r"[+-]?\d{1,15}", text.replace(".", "") if _grouped(text) else text):
        raise ValueError(say("{field} wants a whole number, not {text!r}", field=f.name, text=text))
    return int(text.replace(".", "") if _grouped(text) else text)


def _grouped(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,3}(\.\d{3})+", text))


def _decimal(f: Field, text: str) -> Value:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        raise ValueError(
            say("{field} wants a number, not {text!r}", field=f.name, text=text)
        ) from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(say("{field} wants a number, not {text!r}", field=f.name, text=text))
    return number


_TRUE = {"yes", "true", "1", "ja", "j", "y", "wahr", "x"}
_FALSE = {"no", "false", "0", "nein", "n", "falsch"}


def _boolean(f: Field, text: str) -> Value:
    word = text.casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(say("{field} wants yes or no, not {text!r}", field=f.name, text=text))


_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%d.%m.%y")


def counted_day(text: str) -> str:
    """The day a spreadsheet's number means ('45170' → '2023-09-01'), from 2000 to 2049; or ''."""
    if not re.fullmatch(r"[345]\d{4}", text, re.ASCII):
        return ""
    day = dt.date(1899, 12, 30) + dt.timedelta(days=int(text))
    return day.isoformat() if 2000 <= day.year < 2050 else ""


def _date(f: Field, text: str) -> Value:
    text = text.split("T")[0].split(" ")[0]
    for pattern in _DATES:
        try:
            return dt.datetime.strptime(text, pattern).date().isoformat()
        except ValueError:
            continue
    if counted := counted_day(text):
        raise ValueError(
            say(
                "{field}: {text} is the number by which a spreadsheet keeps the day {day}; write "
                "the day, or format the column as a date",
                field=f.name,
                text=text,
                day=counted,
            )
        )
    raise ValueError(
        say(
            "{field} wants a date such as 2026-08-31 or 31.08.2026, not {text!r}",
            field=f.name,
            text=text,
        )
    )


def _choice(f: Field, text: str) -> Value:
    word = fold(text)
    for key, label in f.choices.items():
        if word in (fold(key), fold(label)):
            return key
    known = ", ".join(f.choices)
    raise ValueError(
        say("{field} wants one of {known}, not {text!r}", field=f.name, known=known, text=text)
    )


def parse_mac(text: str) -> str:
    """Read one MAC address in any usual notation; raises ValueError."""
    digits = re.sub(r"[:\-. ]", "", text.strip()).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise ValueError(
            say("{text!r} is no MAC address; write it as aa:bb:cc:dd:ee:ff", text=text)
        )
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def _macs(_: Field, text: str) -> Value:
    return tuple(dict.fromkeys(parse_mac(part) for part in re.split(r"[,;\s]+", text) if part))


def _address(f: Field, text: str) -> Value:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(
            say("{field} wants an IP address, not {text!r}", field=f.name, text=text)
        ) from None


_RATE = re.compile(r"([\d.,]+)\s*([kmgt]?)(?:i?b(?:it)?(?:/s|ps)?)?", re.IGNORECASE)
_SCALE = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def parse_rate(text: str) -> int:
    """Read a data rate into bit/s: '1G', '100 Mbit/s', '16000000'. Raises ValueError."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            say("{text!r} is no data rate; write it as 100M, 1G or in bit/s", text=text)
        )
    try:
        number = float(match[1].replace(",", "."))
    except ValueError:
        raise ValueError(
            say("{text!r} is no data rate; write it as 100M, 1G or in bit/s", text=text)
        ) from None
    rate = number * _SCALE[match[2].lower()]
    if rate > 1e15:
        raise ValueError(
            say("{text!r} is more than any line has; write it as 100M, 1G or in bit/s", text=text)
        )
    return round(rate)


def format_rate(bps: float) -> str:
    """Write a rate for people: 1 Gbit/s, 16.4 Mbit/s."""
    for unit, scale in (("Gbit/s", 10**9), ("Mbit/s", 10**6), ("kbit/s", 10**3)):
        if bps >= scale:
            return f"{bps / scale:.3g} {unit}"
    return f"{bps:.0f} bit/s"


def _rate(_: Field, text: str) -> Value:
    return parse_rate(text)


def _email(f: Field, text: str) -> Value:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", text):
        raise ValueError(
            say("{field} wants an e-mail address, not {text!r}", field=f.name, text=text)
        )
    return text


_PARSERS: dict[Type, Callable[[Field, str], Value]] = {
    Type.TEXT: _text,
    Type.INTEGER: _integer,
    Type.DECIMAL: _decimal,
    Type.BOOLEAN: _boolean,
    Type.DATE: _date,
    Type.CHOICE: _choice,
    Type.MACS: _macs,
    Type.ADDRESS: _address,
    Type.RATE: _rate,
    Type.EMAIL: _email,
    Type.REFERENCE: _text,
}
