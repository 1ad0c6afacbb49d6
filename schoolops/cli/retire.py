"""Take a record, or all that match a filter, out of use. It stays with its history.

schoolops retire device DMPX1234 --reason 'display broken'
schoolops retire ipads --where 'model:*2017*' --reason 'too old'
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._bulk import add_where, change_many
from schoolops.cli._guard import DONE, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import print_json
from schoolops.cli._words import add_kind, editable_kind


def configure(parser: ArgumentParser) -> None:
    add_kind(parser)
    parser.add_argument("id", metavar="ID", nargs="?")
    parser.add_argument("--reason", required=True, help="why; others will read it")
    parser.add_argument("--version", type=int, metavar="N", help="the version you looked at")
    parser.add_argument("--json", action="store_true", help="print the record, or the report")
    add_where(parser)
    add_server(parser)


def run(args: Namespace) -> int:
    kind, preset = editable_kind(args.kind)
    if (args.id is None) == (args.where is None):
        raise UsageError("say which: either an ID or --where FILTER")
    if not args.reason.strip():
        raise UsageError("--reason must say why")
    if args.where is not None:
        return change_many(args, kind, preset, values={}, retire=True, reason=args.reason)
    with client_of(args) as client:
        version = args.version
        if version is None:
            version = client.get(kind.plural, args.id)["version"]
        record = client.retire(kind.plural, args.id, version, args.reason)
    if args.json:
        print_json(record)
    else:
        print(f"retired {kind.label} {record['key']}")
    return DONE
