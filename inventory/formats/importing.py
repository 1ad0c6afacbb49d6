"""From a table to the records it proposes, row by row, nothing stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from inventory.fields import Type, Value, fold
from inventory.formats import schools
from inventory.formats.mapping import SCHOOL_RELATIVE, Reading, RowReader, guess_mapping
from inventory.formats.reading import read_table
from inventory.formats.spoiled import days, doubtful, shortened
from inventory.formats.table import MAX_BYTES, Table
from inventory.kinds import SCHOOL, Kind
from inventory.sentences import Sentence, say

_NAMED_ROWS = 10


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row of the file. `problems` are all that is wrong with it: with one it is refused.
    `key` is the record's key as far as the row tells it, or ''.

    `values` has the fields that have a column (or a default); an empty cell is None, and so is
    one that says nothing good. References are keys of the records they mean, school-relative ones
    completed.
    """

    row: int
    key: str
    values: dict[str, Value]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file proposes. `mapping` is heading → field, `ignored` the unused headings.

    `published`: it is a list that somebody publishes, not one's own.
    """

    mapping: dict[str, str]
    ignored: list[str]
    notes: list[str]
    rows: Iterator[ParsedRow] = field(repr=False)
    published: bool = False


def plan_file(
    kind: Kind,
    data: bytes,
    filename: str,
    mapping: Mapping[str, str] | None = None,
    defaults: Mapping[str, Value] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Plan:
    """Read a file of records of a kind. Raises FileRefused before any row is given.

    `mapping` and `defaults` are those of `guess_mapping`; the state's school list is recognised
    unless a mapping is given.
    """
    table = read_table(data, filename, max_bytes)
    reader = choose_reader(kind, table, mapping, defaults)
    return Plan(
        dict(reader.columns),
        list(reader.ignored),
        [*table.notes, *reader.notes],
        plan_rows(kind, table, reader),
        reader.published,
    )


def choose_reader(
    kind: Kind,
    table: Table,
    mapping: Mapping[str, str] | None = None,
    defaults: Mapping[str, Value] | None = None,
) -> RowReader:
    """The state's list if it is that, else a column for each field. Raises FileRefused."""
    if kind is SCHOOL and not mapping:
        state_list = schools.detect(table)
        if state_list is not None:
            return state_list
    return guess_mapping(kind, table, mapping, defaults)


def plan_rows(kind: Kind, table: Table, reader: RowReader) -> Iterator[ParsedRow]:
    """Parse every row; rows that claim the same key are all refused, naming each other."""
    readings = [(number, reader.read(cells)) for number, cells in table.rows]
    doubles = _doubles(kind, readings, reader)
    spoiled = days(kind, table, reader.columns)
    for number, (values, problems, warnings) in readings:
        found = [table.problems[number]] if number in table.problems else []
        found += problems
        found += shortened(kind, values)
        found += spoiled.get(number, [])
        found += doubles.get(number, [])
        key = _key(kind, values)
        if not key and not found:
            wanted = ", ".join(kind.key + kind.alternative_keys)
            found.append(
                say("a {kind} needs one of: {fields}", kind=say(kind.label), fields=wanted)
            )
        remarks = [*warnings, *doubtful(values, _place_names(kind))]
        remarks += [odd for odd in kind.doubts(values).values() if odd not in remarks]
        yield ParsedRow(number, key, values, tuple(found), tuple(remarks))


def _place_names(kind: Kind) -> tuple[str, ...]:
    return ("name",) if kind.name in SCHOOL_RELATIVE else ()


def _key(kind: Kind, values: Mapping[str, Value]) -> str:
    try:
        return kind.make_key(values, {})
    except ValueError:
        return ""


def _doubles(
    kind: Kind, readings: Sequence[tuple[int, Reading]], reader: RowReader
) -> dict[int, list[str]]:
    """Row → why: rows of the file with an equal key, an equal alternative key, or the same MAC
    address, which is one device's."""
    found = _same_macs(kind, readings)
    unique = [kind.key, *((name,) for name in kind.alternative_keys)]
    for names in unique:
        rows: dict[tuple[str, ...], list[int]] = {}
        for number, reading in readings:
            parts = tuple(fold(str(reading.values.get(name) or "")) for name in names)
            if all(parts):
                rows.setdefault(parts, []).append(number)
        twice = {number: same for same in rows.values() if len(same) > 1 for number in same}
        if not twice:
            continue
        titles = [_title(name, reader) for name in names]
        for number, reading in readings:
            if number in twice:
                values = (str(reading.values[name]) for name in names)
                has = ", ".join(f"{t} {v}" for t, v in zip(titles, values, strict=True))
                problem = say("{rows} have {has}", rows=_rows(twice[number]), has=has)
                found.setdefault(number, []).append(problem)
    return found


def _same_macs(kind: Kind, readings: Sequence[tuple[int, Reading]]) -> dict[int, list[str]]:
    names = [f.name for f in kind.fields if f.type is Type.MACS]
    rows: dict[str, list[int]] = {}
    for name in names:
        for number, reading in readings:
            macs = reading.values.get(name)
            for mac in macs if isinstance(macs, tuple) else ():
                rows.setdefault(mac, []).append(number)
    found: dict[int, list[str]] = {}
    for mac, numbers in rows.items():
        if len(numbers) > 1:
            problem = say("{rows} have MAC address {mac}", rows=_rows(numbers), mac=mac)
            for number in numbers:
                found.setdefault(number, []).append(problem)
    return found


def _title(name: str, reader: RowReader) -> str:
    return next((heading for heading, field in reader.columns.items() if field == name), name)


def _rows(numbers: Sequence[int]) -> Sentence:
    if len(numbers) == 2:
        return say("row {one} and row {other} both", one=numbers[0], other=numbers[1])
    named = ", ".join(map(str, numbers[:_NAMED_ROWS]))
    more = len(numbers) - _NAMED_ROWS
    if more > 0:
        return say("rows {rows} and {count} more all", rows=named, count=more)
    return say("rows {rows} all", rows=named)
