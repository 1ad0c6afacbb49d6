"""Who did what: lists the latest events, or those that match a filter.

    schoolops audit actor:m.weber at:>2026-11-01
    schoolops audit verify
    schoolops audit export chain.jsonl

'verify' computes the chain of hashes again: exit 1 if anything was altered or removed. 'export'
writes the chain as JSON lines, which docs/verify_audit.py checks without schoolops.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from schoolops.cli import ls
from schoolops.cli._files import need_new, write_file
from schoolops.cli._guard import DONE, REFUSED, UsageError, say
from schoolops.cli._server import client_of
from schoolops.cli._table import print_json


def configure(parser: ArgumentParser) -> None:
    parser.set_defaults(kind="audit")
    ls.add_filter(parser, "verify|export FILE|FILTER")
    parser.add_argument("--force", action="store_true",
                        help="with 'export': overwrite a file that is there")  # fmt: skip


def run(args: Namespace) -> int:
    doing = {"verify": _verify, "export": _export}.get(args.filter[0] if args.filter else "")
    return doing(args) if doing else ls.run(args)


def _export(args: Namespace) -> int:
    if len(args.filter) != 2:
        raise UsageError("name the file to write: schoolops audit export chain.jsonl")
    file = Path(args.filter[1])
    need_new(file, force=args.force)
    with client_of(args) as client:
        data = client.audit_chain()
    write_file(file, data)
    lines = data.splitlines()
    if not lines:
        say(f"{file}: no event is chained yet; that takes a second")
        return DONE
    say(f"{file}: {len(lines):,} events; note the head elsewhere, it shows a chain cut short:")
    print(json.loads(lines[-1])["hash"])
    return DONE


def _verify(args: Namespace) -> int:
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
