"""Change fields of one record, or of all that match a filter.

    schoolops edit school 164800 phone='0211 123456'
    schoolops edit ipads --where 'school:164800 model:*air*' firmware=18.1

An empty value clears the field. With --version, the edit is refused if somebody has changed the
record since that version, and it is shown who changed what. A change in bulk shows its plan
first and has the number of records typed, or wants --yes.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from inventory.kinds import Kind
from schoolops.cli._bulk import add_where, change_many
from schoolops.cli._guard import DONE, Refused, UsageError
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import print_json, shown
from schoolops.cli._words import add_kind, editable_kind, full_references, remark_odd, values_of


def configure(parser: ArgumentParser) -> None:
    add_kind(parser)
    parser.add_argument("words", metavar="ID|FIELD=VALUE", nargs="+",
                        help="key or id (not with --where), then what to set")  # fmt: skip
    parser.add_argument("--version", type=int, metavar="N", help="the version you looked at")
    parser.add_argument("--json", action="store_true", help="print the record, or the report")
    add_where(parser)
    add_server(parser)


def run(args: Namespace) -> int:
    kind, preset = editable_kind(args.kind)
    if args.where is not None:
        if args.version is not None:
            raise UsageError("--version goes with one record, not with --where")
        values = values_of(kind, args.words)
        code = change_many(args, kind, preset, values=dict(values), retire=False, reason="")
        remark_odd(kind, values)
        return code
    id, *words = args.words
    values = values_of(kind, words)
    if not values:
        raise UsageError(f"say what to set: schoolops edit {args.kind} {id} field=value")
    from schoolops.client import ApiError

    with client_of(args) as client:
        record = client.get(kind.plural, id)
        full_references(kind, values, values.get("school") or record["values"].get("school"))
        version = record["version"] if args.version is None else args.version
        try:
            edited = client.edit(kind.plural, record["id"], version, dict(values))
        except ApiError as error:
            if error.code == "estate.stale":
                raise Refused(_stale(kind, error.detail, error.extra)) from None
            raise
    if args.json:
        print_json(edited)
    elif edited["version"] == record["version"]:
        print(f"{kind.label} {edited['key']} is like that already (version {edited['version']})")
    else:
        print(f"changed {kind.label} {edited['key']} (version {edited['version']})")
        for name in values:
            old, new = record["values"].get(name), edited["values"].get(name)
            if old != new:
                print(
                    f"  {name}: {shown(kind, name, old) or '–'} → {shown(kind, name, new) or '–'}"
                )
    remark_odd(kind, values)
    return DONE


def _stale(kind: Kind, detail: str, extra: dict[str, Any]) -> str:
    """Who changed what: `pupils: theirs 512, yours 500`."""
    changes = extra.get("changes") or {}
    told = []
    for name, (theirs, yours) in changes.items():
        there, here = (shown(kind, name, value) or "–" for value in (theirs, yours))
        told.append(f"{name}: theirs {there}, yours {here}")
    current = extra.get("current") or {}
    if current.get("version"):
        told.append(f"the current version is {current['version']}")
    return "; ".join([detail, *told])
