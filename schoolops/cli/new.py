"""Create a record. Without fields it tells which ones there are; * marks those that must be given.

schoolops new room school=164800 name=2.14 kind=classroom seats=30
schoolops new room
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import print_json
from schoolops.cli._words import (
    add_kind,
    editable_kind,
    fields_of,
    full_references,
    remark_odd,
    values_of,
)


def configure(parser: ArgumentParser) -> None:
    add_kind(parser)
    parser.add_argument("values", metavar="FIELD=VALUE", nargs="*",
                        help="what to set; in quotes when it has blanks")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the whole record")
    add_server(parser)


def run(args: Namespace) -> int:
    kind, preset = editable_kind(args.kind)
    if not args.values:
        raise UsageError(f"a {kind.label} has {fields_of(kind)}; write them as field=value")
    values = values_of(kind, args.values, preset)
    full_references(kind, values, values.get("school"))
    with client_of(args) as client:
        record = client.create(kind.plural, dict(values))
    if args.json:
        print_json(record)
    else:
        print(f"created {kind.label} {record['key']}")
    remark_odd(kind, values)
    return DONE
