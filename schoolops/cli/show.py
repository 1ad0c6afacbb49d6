"""Show one record by its key or id: values, state, last measurements, and whom to call.

schoolops show school 164800
schoolops show room 164800/2.14
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from inventory.kinds import CONTACT, KINDS, Kind
from schoolops.cli._guard import DONE
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json, print_pairs, shown
from schoolops.cli._words import ANY, RECORD, add_kind, kind_of

if TYPE_CHECKING:
    from schoolops.client import Client

MEASURED = ("device", "uplink", "agent", "room")
CALL = ("role", "name", "phone", "email")
NO_CONTACTS = ("contact", "credential", "event")


def configure(parser: ArgumentParser) -> None:
    add_kind(parser, ANY)
    parser.add_argument("id", metavar="ID", help=RECORD)
    parser.add_argument("--json", action="store_true", help="the record with latest and contacts")
    add_server(parser)


def run(args: Namespace) -> int:
    kind, _ = kind_of(args.kind)
    with client_of(args) as client:
        record = client.get(kind.plural, args.id)
        latest = _latest(client, kind, record)
        contacts = _contacts(client, kind, record)
    if args.json:
        extra = {} if latest is None else {"latest": latest}
        print_json(record | extra | ({} if contacts is None else {"contacts": contacts}))
        return DONE
    _print_record(kind, record)
    if latest:
        _print_latest(latest)
    if contacts:
        print("\nWhom to call")
        labels = CONTACT.field("role").choices
        print_pairs([
            (labels.get(c["role"], c["role"]),
             "  ".join(clean(c[name]) for name in ("name", "phone", "email") if c[name]))
            for c in contacts
        ])  # fmt: skip
    return DONE


def _latest(client: Client, kind: Kind, record: dict[str, Any]) -> dict[str, Any] | None:
    from schoolops.client import ApiError

    if kind.name not in MEASURED:
        return None
    try:
        return client.latest(kind.plural, record["id"])
    except ApiError as error:
        if error.status == 404:  # never measured
            return None
        raise


def _contacts(client: Client, kind: Kind, record: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The contacts of the record's school; None where there is no school, or no permission."""
    from schoolops.client import ApiError

    school = record["key"] if kind.name == "school" else record["values"].get("school")
    if not school or kind.name in NO_CONTACTS:
        return None
    try:
        page = client.page("contacts", q=f'school:"{school}"', columns=CALL, limit=50)
    except ApiError as error:
        if error.status == 403:
            return None
        raise
    return [dict(zip(CALL, row[4:], strict=True)) for row in page.rows]


def _print_record(kind: Kind, record: dict[str, Any]) -> None:
    state = ""
    if kind.health:
        state = f"  {record['health']}" + (f": {clean(record['reason'])}" * bool(record["reason"]))
    print(f"{KINDS[kind.name].label} {clean(record['key'])}{state}")
    if record.get("retired"):
        print(f"retired: {clean(record.get('retired_reason') or '')}")
    pairs = []
    for field in kind.fields:
        value = record["values"].get(field.name)
        text = shown(kind, field.name, value)
        if field.name in record.get("closed", ()):
            text = "(personal, closed to you)"
        label = field.choices.get(value, "") if isinstance(value, str) else ""
        if label and label != text:
            text = f"{text} ({label})"
        if field.name == "school" and record.get("school_name"):
            text = f"{text} {clean(record['school_name'])}"
        pairs.append((field.name, text))
    if kind.health and record.get("since"):
        pairs.append(("since", local_time(record["since"])))
    if record.get("freshness") and kind.name in MEASURED:
        seen = f", {local_time(record['observed'])}" if record.get("observed") else ""
        pairs.append(("observed", f"{record['freshness']}{seen}"))
    if record.get("own_fields"):  # the state's list leaves them
        pairs.append(("corrected here", ", ".join(record["own_fields"])))
    if "has_secret" in record:
        pairs.append(("secret", "set" if record["has_secret"] else "not set"))
    if record.get("updated"):
        by = clean(record.get("updated_by") or "")
        text = f"version {record['version']}, {local_time(record['updated'])} by {by}"
        pairs.append(("changed", text))
    pairs.append(("id", record["id"]))
    print_pairs(pairs)


def _print_latest(latest: dict[str, Any]) -> None:
    if "devices" in latest:
        if latest["devices"]:
            print("\nDevices")
        print_pairs([
            (clean(d["key"]),
             "  ".join(clean(str(d[n])) for n in ("kind", "name", "health", "reason") if d.get(n)))
            for d in latest["devices"]
        ])  # fmt: skip
        return
    values = {name: value for name, value in latest.get("values", {}).items() if value is not None}
    if not values:
        return
    seen = local_time(latest["observed"]) if latest.get("observed") else ""
    print(f"\nLast measurement {seen} ({latest.get('freshness', '')})")
    print_pairs([(name, _measure(name, value)) for name, value in values.items()])


def _measure(name: str, value: Any) -> str:
    from inventory.fields import format_rate

    if name.endswith("_bps") and isinstance(value, int | float):
        return format_rate(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return clean(str(value))
