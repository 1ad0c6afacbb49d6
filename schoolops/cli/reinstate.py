"""Take a retired record into use again: schoolops reinstate device DMPX1234"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import print_json
from schoolops.cli._words import RECORD, add_kind, editable_kind


def configure(parser: ArgumentParser) -> None:
    add_kind(parser)
    parser.add_argument("id", metavar="ID", help=RECORD)
    parser.add_argument("--json", action="store_true", help="print the record")
    add_server(parser)


def run(args: Namespace) -> int:
    kind, _ = editable_kind(args.kind)
    with client_of(args) as client:
        version = client.get(kind.plural, args.id)["version"]
        record = client.reinstate(kind.plural, args.id, version)
    if args.json:
        print_json(record)
    else:
        print(f"reinstated {kind.label} {record['key']}")
    return DONE
