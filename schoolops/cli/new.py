"""Create a record: schoolops new room school=164800 name=2.14 kind=classroom seats=30"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import print_json
from schoolops.cli._words import editable_kind, full_references, values_of


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("kind", metavar="KIND")
    parser.add_argument("values", metavar="FIELD=VALUE", nargs="+")
    parser.add_argument("--json", action="store_true", help="print the whole record")
    add_server(parser)


def run(args: Namespace) -> int:
    kind, preset = editable_kind(args.kind)
    values = values_of(kind, args.values, preset)
    full_references(kind, values, values.get("school"))
    with client_of(args) as client:
        record = client.create(kind.plural, dict(values))
    if args.json:
        print_json(record)
    else:
        print(f"created {kind.label} {record['key']}")
    return DONE
