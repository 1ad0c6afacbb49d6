"""Which column is which field: guessed from the headings, or as the caller says."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, NamedTuple, Protocol

from inventory.fields import Field, Type, Value, fold_heading
from inventory.formats.table import FileRefused, Table
from inventory.kinds import Kind
from inventory.sentences import as_sentence, did_you_mean, join, say
from inventory.words import find_choice, known_choices

SCHOOL_RELATIVE = frozenset({"room", "site", "building", "uplink"})
"""Kinds whose key begins with their school's: '2.14' of school 164800 means '164800/2.14'."""

_CLOSE = 0.85
_CACHED_TYPES = frozenset({Type.CHOICE, Type.DATE, Type.RATE, Type.BOOLEAN, Type.REFERENCE})
_CACHE_SIZE = 4096


class Reading(NamedTuple):
    """What the cells of one row say. With a problem the row cannot be taken."""

    values: dict[str, Value]
    problems: list[str]
    warnings: list[str]


class RowReader(Protocol):
    """Reads rows of one table. `columns` maps headings to fields, `ignored` are the others.

    `published`: the table is a list that somebody publishes for everybody.
    """

    @property
    def columns(self) -> Mapping[str, str]: ...
    @property
    def ignored(self) -> tuple[str, ...]: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def published(self) -> bool: ...

    def read(self, cells: Sequence[str]) -> Reading: ...


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """One column for each field. `defaults` stand where a row has no value."""

    kind: Kind
    columns: Mapping[str, str]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    defaults: Mapping[str, Value]
    cells: tuple[tuple[int, str, Field, Callable[[str], Value]], ...] = field(repr=False)
    published: ClassVar[bool] = False

    def read(self, cells: Sequence[str]) -> Reading:
        """Parse every cell; all problems of the row are collected."""
        values: dict[str, Value] = dict(self.defaults)
        problems: list[str] = []
        for index, heading, column, parse in self.cells:
            text = cells[index].strip()
            if not text:
                values.setdefault(column.name, None)
                continue
            try:
                values[column.name] = parse(text)
            except ValueError as error:
                values[column.name] = None
                problems.append(
                    say("{heading}: {problem}", heading=heading, problem=as_sentence(error))
                )
        for index, heading, column, _ in self.cells:
            if column.required and not values[column.name] and not cells[index].strip():
                problems.append(say("{heading}: must not be empty", heading=heading))
            elif column.type is Type.REFERENCE and column.reference in SCHOOL_RELATIVE:
                values[column.name] = school_relative(values[column.name], values.get("school"))
        return Reading(values, problems, [])


def school_relative(reference: Value, school: Value) -> Value:
    """'2.14' in a row of school 164800 → '164800/2.14'; a whole key stays as it is."""
    if reference and school and "/" not in str(reference):
        return f"{school}/{reference}"
    return reference


def guess_mapping(
    kind: Kind,
    table: Table,
    explicit: Mapping[str, str] | None = None,
    defaults: Mapping[str, Value] | None = None,
) -> ColumnMapping:
    """Map headings to fields: as `explicit` says, then by name, then by likeness.

    `explicit` maps headings to field names; '' leaves a column out. `defaults` are stored
    values for all rows (`kind` when a list of iPads is imported). Raises FileRefused when a
    required field has no column, naming what was found and what was expected.
    """
    defaults = defaults or {}
    chosen, left_out = _explicit(kind, table, explicit or {})
    open_headings = [
        index
        for index, heading in enumerate(table.headings)
        if heading and index not in chosen and index not in left_out
    ]
    chosen.update(_by_name(kind, table, open_headings, set(chosen.values())))
    notes: list[str] = []
    for index, name in _by_likeness(kind, table, open_headings, chosen).items():
        chosen[index] = name
        heading = table.headings[index]
        notes.append(say("the column {heading!r} is read as {name}", heading=heading, name=name))
    _refuse_doubles(table, chosen)
    _refuse_missing(kind, table, {*chosen.values(), *defaults})
    by_name = kind.by_name()
    return ColumnMapping(
        kind,
        MappingProxyType({table.headings[i]: chosen[i] for i in sorted(chosen)}),
        tuple(h for i, h in enumerate(table.headings) if h and i not in chosen),
        tuple(notes),
        MappingProxyType(dict(defaults)),
        tuple(
            (i, table.headings[i], by_name[chosen[i]], cell_parser(by_name[chosen[i]]))
            for i in sorted(chosen)
        ),
    )


def _names(column: Field) -> list[str]:
    """Folded names under which a field is known, the best first."""
    return list(dict.fromkeys(map(fold_heading, (column.name, *column.headings, column.label))))


def _explicit(
    kind: Kind, table: Table, explicit: Mapping[str, str]
) -> tuple[dict[int, str], set[int]]:
    chosen: dict[int, str] = {}
    left_out: set[int] = set()
    fields = {name: f.name for f in reversed(kind.editable_fields()) for name in _names(f)}
    folded = [fold_heading(heading) for heading in table.headings]
    for heading, wanted in explicit.items():
        if heading in table.headings:
            index = table.headings.index(heading)
        elif fold_heading(heading) in folded:
            index = folded.index(fold_heading(heading))
        else:
            raise FileRefused(
                say(
                    "the mapping names a column {heading!r}, which is not there; found were: "
                    "{found}",
                    heading=heading,
                    found=_listed(table),
                )
            )
        if not wanted:
            left_out.add(index)
            continue
        name = wanted if wanted in fields.values() else fields.get(fold_heading(wanted))
        if name is None:
            known = [f.name for f in kind.editable_fields()]
            close = difflib.get_close_matches(wanted, known, 2)
            problem = say(
                "the mapping names a field {wanted!r}, which {kinds} do not have",
                wanted=wanted,
                kinds=say(kind.label_plural),
            )
            raise FileRefused(
                say(
                    "{problem}. Known are: {known}",
                    problem=did_you_mean(problem, close),
                    known=", ".join(known),
                )
            )
        if name in chosen.values():
            raise FileRefused(
                say("the mapping gives two columns for {name}; leave one out", name=name)
            )
        chosen[index] = name
    return chosen, left_out


def _by_name(kind: Kind, table: Table, headings: list[int], taken: set[str]) -> dict[int, str]:
    offers: list[tuple[int, int, str]] = []
    for column in kind.editable_fields():
        names = _names(column)
        offers.extend(
            (names.index(fold_heading(table.headings[index])), index, column.name)
            for index in headings
            if column.name not in taken and fold_heading(table.headings[index]) in names
        )
    found: dict[int, str] = {}
    for _, index, name in sorted(offers):
        if index not in found and name not in found.values():
            found[index] = name
    return found


def _by_likeness(
    kind: Kind, table: Table, headings: list[int], chosen: Mapping[int, str]
) -> dict[int, str]:
    """Nearly right headings; never those that any field claims by its exact name."""
    claimed = {name for column in kind.by_name().values() for name in _names(column)}
    free: dict[str, str] = {}
    for column in kind.editable_fields():
        if column.name not in chosen.values():
            free.update((name, column.name) for name in _names(column) if len(name) > 3)
    found: dict[int, str] = {}
    for index in headings:
        folded = fold_heading(table.headings[index])
        if index in chosen or folded in claimed:
            continue
        close = difflib.get_close_matches(folded, free, 1, _CLOSE)
        if close and free[close[0]] not in found.values():
            found[index] = free[close[0]]
    return found


def _refuse_doubles(table: Table, chosen: Mapping[int, str]) -> None:
    for index in chosen:
        if table.headings.count(table.headings[index]) > 1:
            raise FileRefused(
                say(
                    "the heading {heading!r} is there twice; rename one of the columns",
                    heading=table.headings[index],
                )
            )


def _refuse_missing(kind: Kind, table: Table, there: set[str]) -> None:
    missing = [column for column in kind.fields if column.required and column.name not in there]
    keys = kind.key + kind.alternative_keys
    if kind.alternative_keys and not there.intersection(keys):
        missing.append(kind.field(keys[0]))
    if not missing:
        return
    expected = join(
        say("{field} (known headings: {known})", field=column.name, known=", ".join(_names(column)))
        for column in missing
    )
    raise FileRefused(
        say(
            "the file lacks a column for {expected}. Found were: {found}. Rename the "
            "heading, or give a mapping",
            expected=expected,
            found=_listed(table),
        )
    )


def _listed(table: Table) -> str:
    return ", ".join(heading for heading in table.headings if heading)


def cell_parser(column: Field) -> Callable[[str], Value]:
    """`Field.parse` for a column of a file: German choices too, repeated texts read once."""
    if column.type is Type.TEXT and column.judge is None:

        def parse_text(text: str) -> Value:
            # printable and short is nearly every cell, and allowed
            return text if len(text) < 4000 and text.isprintable() else column.parse(text)

        return parse_text
    parse = _parse_choice(column) if column.type is Type.CHOICE else column.parse
    if column.type not in _CACHED_TYPES:
        return parse
    known: dict[str, Value] = {}

    def parse_once(text: str) -> Value:
        if text not in known:
            if len(known) >= _CACHE_SIZE:
                known.clear()
            known[text] = parse(text)
        return known[text]

    return parse_once


def _parse_choice(column: Field) -> Callable[[str], Value]:
    def parse(text: str) -> Value:
        found = find_choice(column, text)
        if found is None:
            raise ValueError(
                say(
                    "{field} wants one of {known}, not {text!r}",
                    field=column.name,
                    known=known_choices(column),
                    text=text,
                )
            )
        return found

    return parse
