"""JSON: a list of objects, keys are headings."""

from __future__ import annotations

import json
from typing import NoReturn

from inventory.formats.csv_file import decode
from inventory.formats.table import MAX_COLUMNS, FileRefused, Table, make_table
from inventory.sentences import as_sentence, say


def read_json(data: bytes) -> Table:
    """Read a JSON file; row 1 is the first object. Raises FileRefused."""
    notes: list[str] = []
    text = decode(data, notes).lstrip("\ufeff")
    try:
        content = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise FileRefused(
            say(
                "the file is no complete JSON: {problem} in line {line}, column {column}",
                problem=error.msg,
                line=error.lineno,
                column=error.colno,
            )
        ) from None
    except RecursionError:
        raise FileRefused("the file is nested too deeply; wanted is a list of objects") from None
    except ValueError as error:
        raise FileRefused(say("the file is no JSON: {why}", why=as_sentence(error))) from None
    if not isinstance(content, list):
        raise FileRefused('the file must be a list of objects: [{"name": "…"}, …]')
    headings: dict[str, None] = {}
    problems: dict[int, str] = {}
    for number, item in enumerate(content, 1):
        if isinstance(item, dict):
            headings.update(dict.fromkeys(item))
        else:
            problems[number] = say("is no object")
        if len(headings) > MAX_COLUMNS:
            raise FileRefused(
                say("the objects have more than {most} different keys", most=f"{MAX_COLUMNS:,}")
            )
    if not headings:
        raise FileRefused("the file is empty; it needs an object for each record")
    rows: list[tuple[int, list[str]]] = [(0, list(headings))]
    for number, item in enumerate(content, 1):
        row = item if isinstance(item, dict) else {}
        try:
            rows.append((number, [_text(row.get(name)) for name in headings]))
        except ValueError as error:
            problems[number] = as_sentence(error)
            rows.append((number, ["" if isinstance(v, dict) else str(v) for v in row.values()]))
    table = make_table(rows, notes, problems, pad=True)
    present = {number for number, _ in table.rows}
    lost = [(n, [""] * len(table.headings)) for n in problems if n not in present]
    return Table(table.headings, sorted([*table.rows, *lost]), notes, problems)


def _no_number(word: str) -> NoReturn:
    raise ValueError(say("{word} is no number", word=word))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list) and not any(isinstance(part, dict | list) for part in value):
        return " ".join(_text(part) for part in value)
    if isinstance(value, dict | list):
        raise ValueError("has an object inside a value; wanted are texts, numbers, lists of them")
    return str(value)
