"""Words of a command line as kinds, filters and values."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from inventory.kinds import Kind, find_kind
from schoolops.cli._guard import UsageError, say

WRITTEN = (
    "school, site, building, room, device, uplink, service, contact or credential, or a kind of "
    "device such as ipad or access-point; in singular or plural"
)
ANY = (
    f"{WRITTEN}; also agents, discovered, audit, people, delegations, approvals, "
    "incidents, tickets, windows, on-calls"
)
FILTER = "words that must all hold, such as health:down or 'name:*rhein*' (docs/inventory.md)"
RECORD = "its key (school number, serial, 164800/2.14) or id"


def add_kind(parser: ArgumentParser, help: str = WRITTEN) -> None:
    """The argument that says what a command is about."""
    parser.add_argument("kind", metavar="KIND", help=help)


def kind_of(word: str) -> tuple[Kind, str]:
    """The kind a word means and the filter that goes with it (`ipads` → devices, `kind:ipad`)."""
    try:
        return find_kind(word)
    except ValueError as error:
        raise UsageError(str(error)) from None


def editable_kind(word: str) -> tuple[Kind, str]:
    """The same, for kinds whose records people write."""
    kind, preset = kind_of(word)
    if not kind.editable:
        raise UsageError(f"{kind.label_plural} are written by the system, not by hand")
    return kind, preset


def filter_of(kind: Kind, preset: str, words: Iterable[str]) -> str:
    """The words of a filter joined by blanks; one shell word `name:Wim Wenders` is one value."""
    return " ".join([*([preset] if preset else []), *(_term(kind, word) for word in words)])


def _term(kind: Kind, word: str) -> str:
    """Quote the value of `key:value with blanks`, unless the word is a filter of several terms."""
    from inventory.filter import FilterError, parse

    key, colon, value = word.partition(":")
    several = any(":" in part or part.startswith("!") for part in value.split()[1:])
    if not colon or not value.split()[1:] or several or '"' in value or " " in key:
        return word
    quoted = f'{key}:"{value}"'
    try:
        parse(quoted, kind)
    except FilterError:
        return word
    return quoted


def fields_of(kind: Kind) -> str:
    """The fields that people write, for a message; * marks those that must be given."""
    return ", ".join(f"{field.name}{'*' * field.required}" for field in kind.editable_fields())


def nothing_matches(kind: Kind, q: str) -> str:
    """What to say of an empty list."""
    return f"no {kind.label_plural} match {q}" if q else f"there are no {kind.label_plural}"


def values_of(kind: Kind, words: Sequence[str], preset: str = "") -> dict[str, str]:
    """`field=value` words as values; the kind's own filter (`kind:ipad`) is one more."""
    fields = [field.name for field in kind.editable_fields()]
    values = dict([preset.split(":", 1)]) if preset else {}
    seen: set[str] = set()
    for word in words:
        name, equals, value = word.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise UsageError(
                f"{word!r} is no field=value; write it as name=…, and in quotes when it has blanks"
            )
        if name not in fields:
            raise UsageError(f"a {kind.label} has no field {name!r}; {meant(kind, name, fields)}")
        if name in seen:
            raise UsageError(f"{name} is given twice")
        seen.add(name)
        values[name] = value
    return values


def meant(kind: Kind, name: str, known: Sequence[str]) -> str:
    """The nearest names, and how to see them all."""
    close = get_close_matches(name, known, 3, 0.4)
    nearest = f"did you mean {', '.join(close)}? " if close else ""
    return f"{nearest}'schoolops ls {kind.plural} --fields' names all"


def remark_odd(kind: Kind, values: Mapping[str, str]) -> None:
    """Say which of the values that were taken are odd."""
    for name, text in values.items():
        field = kind.field(name)
        if field.judge is not None and (odd := field.doubt(field.read(text))):
            say(odd)


def columns_of(kind: Kind, text: str) -> list[str]:
    """`a,b` as column names that the kind has."""
    known = list(kind.by_name())
    names = [name.strip().replace("-", "_") for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            told = meant(kind, name, known)
            raise UsageError(f"{kind.label_plural} have no column {name!r}; {told}")
    if not names:
        raise UsageError("--columns wants names, such as --columns name,health")
    return names


def positive(text: str) -> int:
    """An argument that counts something."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number above zero")
    return int(text)


def full_references(kind: Kind, values: dict[str, str], school: str | None) -> None:
    """`room=2.14` as `room=164800/2.14`, where the key of what is meant begins with its school."""
    for field in kind.fields:
        text = values.get(field.name)
        if field.reference in ("room", "building", "site") and text and school and "/" not in text:
            values[field.name] = f"{school}/{text}"
