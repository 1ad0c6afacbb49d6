"""What a spreadsheet makes of numbers and names that it takes for something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from inventory.fields import Field, Type, Value, counted_day
from inventory.formats.table import Table
from inventory.kinds import Kind
from inventory.sentences import Sentence, say

_SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d+", re.ASCII)
_MONTH = "(Jan|Feb|Mär|Mrz|Mar|Apr|Mai|May|Jun|Jul|Aug|Sep|Okt|Oct|Nov|Dez|Dec)"
_DAY = re.compile(rf"\d{{1,2}}\.?[ -]{_MONTH}\.?|{_MONTH}\.?[ -]\d{{2}}")
"""How a spreadsheet shows '8.23' or '2-14' once it has taken it for a day: 'Aug 23', '14. Feb'."""
_LONGEST = 8
_FREE = frozenset({"notes"})
"""Fields in which people may well write a day."""


def days(kind: Kind, table: Table, columns: Mapping[str, str]) -> dict[int, list[Sentence]]:
    """Row → why it is refused: names and keys that were turned into dates.

    `columns` is heading → field.
    """
    found: dict[int, list[Sentence]] = {}
    watched = [
        (index, heading)
        for index, heading in enumerate(table.headings)
        if heading in columns and _is_name(kind.field(columns[heading]))
    ]
    for number, cells in table.rows:
        for index, heading in watched:
            text = cells[index]
            is_day = 3 < len(text) <= _LONGEST and _DAY.fullmatch(text.strip())
            if is_day or ((number, index) in table.dates and text):
                problem = say(
                    "{heading}: a spreadsheet took what was typed for a date and made {text!r} of "
                    "it; format the column as text and type it again",
                    heading=heading,
                    text=text,
                )
                found.setdefault(number, []).append(problem)
    return found


def _is_name(field: Field) -> bool:
    return field.type in (Type.TEXT, Type.REFERENCE) and field.name not in _FREE


def shortened(kind: Kind, values: Mapping[str, Value]) -> list[Sentence]:
    """Serial and circuit numbers that a spreadsheet has turned into 1,23E+15."""
    return [
        say(
            "{field} {value} was shortened by a spreadsheet; format the column as text and "
            "enter it again",
            field=name,
            value=value,
        )
        for name, value in values.items()
        if isinstance(value, str)
        and "E+" in value
        and _SHORTENED.fullmatch(value)
        and kind.field(name).type is Type.TEXT
    ]


def doubtful(values: Mapping[str, Value], names: Iterable[str]) -> Sequence[Sentence]:
    """Remarks on names such as 45170, which may be days that a spreadsheet counted."""
    return [
        say(
            "{text} may be {day}, as a spreadsheet counts days; look at the list",
            text=text,
            day=day,
        )
        for name in names
        if isinstance(text := values.get(name), str) and (day := counted_day(text))
    ]
