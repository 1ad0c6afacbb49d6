"""Check this installation; each check says what to do. Exit 1 if one fails; starts nothing."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE, REFUSED
from schoolops.cli._server import add_server
from schoolops.cli._table import print_json, print_pairs

GLYPHS = {"ok": "✓ ok  ", "warn": "! warn", "fail": "✗ FAIL"}


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true",
                        help='{"ok": …, "checks": [{"check", "state", "detail"}]}')  # fmt: skip
    add_server(parser)


def run(args: Namespace) -> int:
    from schoolops.cli._checks import run_checks

    checks = run_checks(args.server)
    failed = any(check.state == "fail" for check in checks)
    if args.json:
        print_json({"ok": not failed, "checks": [check._asdict() for check in checks]})
    else:
        print_pairs([(f"{GLYPHS[c.state]}  {c.check}", c.detail) for c in checks])
    return REFUSED if failed else DONE
