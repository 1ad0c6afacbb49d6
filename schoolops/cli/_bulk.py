"""Changes of many records: the plan first, then all in one transaction."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from inventory.kinds import Kind
from schoolops.cli._ask import confirm_number
from schoolops.cli._guard import DONE, REFUSED, UsageError, say
from schoolops.cli._server import client_of
from schoolops.cli._table import clean, print_json, said
from schoolops.cli._words import filter_of

SHOWN = 20


def add_where(parser: ArgumentParser) -> None:
    """The options of a change in bulk."""
    parser.add_argument("--where", metavar="FILTER", help="all records that match, in place of ID")
    parser.add_argument("--yes", action="store_true", help="with --where: do not ask")
    parser.add_argument("--dry-run", action="store_true", help="with --where: only show the plan")


def change_many(
    args: Namespace, kind: Kind, preset: str, *, values: dict[str, Any], retire: bool, reason: str
) -> int:
    """Plan, ask, do; gives the exit code."""
    q = filter_of(kind, preset, [args.where])
    if not args.where.strip():
        raise UsageError("--where wants a filter; for all records give one that fits all, key:*")
    doing: dict[str, Any] = {"values": values, "retire": retire, "reason": reason}
    with client_of(args) as client:
        # The plan and what is done are about the same records, or it is refused.
        expect = client.count(kind.plural, q=q)
        plan = client.bulk(kind.plural, q=q, expect=expect, dry_run=True, **doing)
        if args.dry_run or not plan["changed"]:
            return _report(args, kind, plan, "would be changed" if args.dry_run else "changed")
        verb = "retire" if retire else "change"
        what = f"{plan['changed']} {kind.label if plan['changed'] == 1 else kind.label_plural}"
        confirm_number(
            [] if args.yes else _plan_lines(f"{verb.capitalize()} {what}", plan, values),
            plan["changed"],
            f"to {verb} {what}",
            yes=args.yes,
        )
        done = client.bulk(kind.plural, q=q, expect=expect, **doing)
    return _report(args, kind, done, "retired" if retire else "changed")


def _plan_lines(title: str, plan: dict[str, Any], values: dict[str, Any]) -> list[str]:
    lines = [f"{title}:", *(f"  {name} = {value or '(empty)'}" for name, value in values.items())]
    lines += _record_lines(plan["rows"], "--dry-run --json lists them all")
    lines.append(
        f"{plan['changed']} to change, {plan['same']} like that already, {plan['refused']} refused"
    )
    return lines


def _record_lines(rows: list[dict[str, Any]], all_of_them: str) -> list[str]:
    """What becomes of each record, field by field, of so many as one can look at."""
    lines = []
    for row in rows[:SHOWN]:
        told = f"refused: {row['reason']}" if row["outcome"] == "refused" else changes_told(row)
        lines.append(f"  {clean(row['key'])}  {clean(told)}".rstrip())
    if len(rows) > SHOWN:
        lines.append(f"  and {len(rows) - SHOWN} more; {all_of_them}")
    return lines


def changes_told(row: dict[str, Any]) -> str:
    """`room 'a' → 'b', retired no → yes`."""
    parts = []
    for name, pair in (row.get("changes") or {}).items():
        told = "changed" if pair is None else f"{said(pair[0])} → {said(pair[1])}"
        parts.append(f"{name} {told}")
    return ", ".join(parts)


def _report(args: Namespace, kind: Kind, report: dict[str, Any], verb: str) -> int:
    if args.json:
        print_json(report)
    else:
        if report["dry_run"]:
            changed = [row for row in report["rows"] if row["outcome"] == "changed"]
            for line in _record_lines(changed, "--json lists them all"):
                print(line)
        total = report["changed"] + report["same"] + report["refused"]
        print(f"{report['changed']} of {total} {kind.label_plural} {verb}")
    refused = [row for row in report["rows"] if row["outcome"] == "refused"]
    for row in refused[:SHOWN]:
        say(f"{clean(row['key'])} refused: {row['reason']}")
    if len(refused) > SHOWN:
        say(f"and {len(refused) - SHOWN} more refused; --json lists them all")
    return REFUSED if refused else DONE
