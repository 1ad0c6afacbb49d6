"""List records of a kind: schools, rooms, devices, ipads, access-points, uplinks, contacts, …

FILTER words must all hold: text, key:value, key:>value, !key:value. Retired records are listed
only when the filter says retired:yes. A table for people; --json and --csv for programs.

    schoolops ls schools
    schoolops ls schools --fields
    schoolops ls access-points health:down school:164800 --columns name,room,since
    schoolops ls ipads 'model:*air*' '!room:*' --count
"""

from __future__ import annotations

import csv
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from inventory.kinds import Kind
from schoolops.cli._guard import DONE, say
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import print_table, shown
from schoolops.cli._words import (
    ANY,
    FILTER,
    add_kind,
    columns_of,
    filter_of,
    kind_of,
    nothing_matches,
    positive,
)

if TYPE_CHECKING:
    from schoolops.client import Client

USUAL_LIMIT = 128
PAGE = 1000


def configure(parser: ArgumentParser) -> None:
    add_kind(parser, ANY)
    add_filter(parser)


def add_filter(parser: ArgumentParser, metavar: str = "FILTER") -> None:
    """All but the kind, for commands that are lists of one kind."""
    parser.add_argument("filter", metavar=metavar, nargs="*", help=FILTER)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="an array of objects, all fields")
    form.add_argument("--csv", action="store_true", help="comma separated, with a heading")
    form.add_argument("--count", action="store_true", help="only how many there are")
    form.add_argument("--fields", action="store_true",
                      help="no records: the names for FILTER, --columns and --sort")  # fmt: skip
    parser.add_argument("--columns", metavar="A,B", help="the fields to show, such as name,health")
    parser.add_argument("--sort", metavar="FIELD", default="", help="order; -FIELD for descending")
    parser.add_argument("--limit", metavar="N", type=positive, default=USUAL_LIMIT,
                        help=f"at most N records ({USUAL_LIMIT})")  # fmt: skip
    parser.add_argument("--all", action="store_true", help="without a limit")
    add_server(parser)


def run(args: Namespace) -> int:
    kind, preset = kind_of(args.kind)
    if args.fields:
        print_fields(kind)
        return DONE
    q = filter_of(kind, preset, args.filter)
    if args.columns:
        columns = columns_of(kind, args.columns)
    elif args.json:
        columns = [name for name in kind.by_name() if name not in ("key", "retired")]
    else:
        columns = [field.name for field in kind.columns()]
    with client_of(args) as client:
        if args.count:
            print(client.count(kind.plural, q=q))
            return DONE
        sort = args.sort or (shown_order(kind, columns) if not args.json else "")
        rows = Rows(client, kind, q, sort, columns, None if args.all else args.limit)
        if args.json:
            print_objects(rows, columns)
        elif args.csv:
            print_csv(kind, rows, columns)
        else:
            print_rows(kind, rows, columns)
    if rows.more:
        say(f"there are more than these {args.limit}; use --limit N or --all")
    return DONE


def print_fields(kind: Kind) -> None:
    """The fields of a kind, and what they hold."""
    lines = []
    for field in kind.by_name().values():
        holds = ", ".join(field.choices) or field.reference or field.type.value
        lines.append([field.name, holds, field.label])
    print_table(["FIELD", "HOLDS", "LABEL"], lines)


def shown_order(kind: Kind, columns: Sequence[str]) -> str:
    """The kind's own order if one sees by what it goes, else that of the key, which stands first;
    '' where the server's is right."""
    usual = kind.default_sort.removeprefix("-")
    return "key" if kind.editable and usual not in ("key", *kind.key, *columns) else ""


class Rows:
    """The rows of a list, read page by page, each once; `more` tells whether some were left."""

    def __init__(
        self, client: Client, kind: Kind, q: str, sort: str, columns: list[str], limit: int | None
    ) -> None:
        self.more = False
        self._client, self._kind, self.q, self._sort = client, kind, q, sort
        self._columns, self._limit = columns, limit

    def __iter__(self) -> Iterator[list[Any]]:
        return islice(self._read(), self._limit)

    def _read(self) -> Iterator[list[Any]]:
        seen: set[str] = set()
        offset, left, more = 0, self._limit, True
        while more and (left is None or left > 0):
            size = PAGE if left is None else min(left, PAGE)
            page = self._client.page(
                self._kind.plural, q=self.q, sort=self._sort, offset=offset, limit=size,
                columns=self._columns,
            )  # fmt: skip
            # A record that moved back in the order since the last page is not told twice.
            fresh = [row for row in page.rows if row[0] not in seen]
            seen.update(row[0] for row in fresh)
            offset += len(page.rows)
            left = None if left is None else left - len(page.rows)
            more = self.more = page.more and bool(page.rows)
            yield from fresh


def print_objects(rows: Rows, columns: list[str]) -> None:
    """A JSON array, one object a line, written as it is read."""
    print("[", end="")
    separator = "\n"
    for id, key, version, retired, *values in rows:
        record = {"id": id, "key": key, "version": version, "retired": retired}
        record |= dict(zip(columns, values, strict=True))
        print(separator, json.dumps(record, ensure_ascii=False), sep="", end="")
        separator = ",\n"
    print("\n]")


def print_csv(kind: Kind, rows: Rows, columns: list[str]) -> None:
    """CSV with the field names as heading; values as `Field.parse` reads them again."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["key", *columns])
    for _, key, _, _, *values in rows:
        writer.writerow([key, *(_plain(kind, n, v) for n, v in zip(columns, values, strict=True))])


def _plain(kind: Kind, name: str, value: Any) -> str:
    if isinstance(value, list):
        value = tuple(value)
    return kind.field(name).format(value)


def print_rows(kind: Kind, rows: Rows, columns: list[str]) -> None:
    """A table. The key stands first, so the field that alone makes it needs no column."""
    hidden = kind.key[0] if len(kind.key) == 1 else "key"
    places = [i for i, name in enumerate(columns) if name not in (hidden, "key")]
    head = ["KEY", *(columns[i].upper() for i in places)]
    lines = [
        [row[1], *(shown(kind, columns[i], row[4 + i]) for i in places)] + ["retired"] * row[3]
        for row in rows
    ]
    wide = max((len(line) for line in lines), default=0)
    if wide > len(head):
        head.append("")
    if not lines:
        say(nothing_matches(kind, rows.q))
        return
    left_out = print_table(head, [line + [""] * (len(head) - len(line)) for line in lines])
    if left_out:
        say(f"{left_out} columns had no room; choose with --columns, or widen the terminal")
