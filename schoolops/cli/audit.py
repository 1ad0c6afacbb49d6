"""Who did what: lists the latest events, or those that match a filter.

    schoolops audit actor:m.weber at:>2026-11-01
    schoolops audit verify

'verify' computes the chain of hashes again: exit 1 if anything was altered or removed.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli import ls
from schoolops.cli._guard import DONE, REFUSED, UsageError, say
from schoolops.cli._server import client_of
from schoolops.cli._table import print_json


def configure(parser: ArgumentParser) -> None:
    parser.set_defaults(kind="audit")
    ls.add_filter(parser, "verify|FILTER")


def run(args: Namespace) -> int:
    if args.filter[:1] != ["verify"]:
        return ls.run(args)
    if len(args.filter) > 1:
        raise UsageError("'audit verify' checks all events; it takes no filter")
    with client_of(args) as client:
        result = client.audit_verify()
    if args.json:
        print_json(result)
    elif result["ok"]:
        print(f"{result['events']} events, unaltered; head {result['head']}")
    if not result["ok"]:
        at = result.get("at") or result.get("broken_at") or result.get("event")
        say(f"the audit was altered{f' at event {at}' if at else ''}; compare with a backup")
        return REFUSED
    return DONE
