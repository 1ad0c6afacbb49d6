"""What lines delivered in a month against what is booked, in lesson time.

    schoolops proof 164800/line1 --month 2026-10
    schoolops proof 164800/line1 --month 2026-10 --pdf proof.pdf --csv hours.csv
    schoolops proof 'provider:"Netz AG"' --month 2026-10 --pdf proofs/
    schoolops proof --lines

With --pdf the proof is printed, signed and kept on the server; as long as nothing has changed, the
same document comes again. Several lines at once need a filter of uplinks, and folders for --pdf and
--csv. --issued lists what was issued, --lines all lines with their figures of the month.
"""

from __future__ import annotations

import datetime as dt
import re
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schoolops.cli._files import need_new, write_file
from schoolops.cli._guard import DONE, UsageError, say
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, local_time, print_json, print_pairs, print_table

if TYPE_CHECKING:
    from schoolops.client import Client

PAGE = 500
VERDICTS = {"met": "met", "missed": "MISSED", "unknown": "cannot be told"}


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("uplink", metavar="UPLINK", nargs="?", default="",
                        help="key such as 164800/line1, or a filter of uplinks")  # fmt: skip
    parser.add_argument(
        "--month",
        metavar="MONTH",
        default="",
        help="such as 2026-10 or 10.2026 (the last whole one)",
    )
    parser.add_argument("--pdf", metavar="FILE", help="issue it, and write the signed document")
    parser.add_argument("--csv", metavar="FILE", help="write the values of each lesson hour")
    parser.add_argument("--language", choices=("de", "en"), default="de", help="of the document")
    parser.add_argument("--issued", action="store_true", help="list what was issued")
    parser.add_argument(
        "--lines", action="store_true", help="all lines: this month so far, or --month"
    )
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    parser.add_argument("--force", action="store_true", help="overwrite files that are there")
    add_server(parser)


def run(args: Namespace) -> int:
    args.month = _month(args.month)
    if args.lines:
        return _lines(args)
    if not args.uplink:
        raise UsageError("name a line, such as 164800/line1, or --lines for all")
    args.month = args.month or _last_month()
    with client_of(args) as client:
        if args.issued:
            return _issued(client, args)
        keys = _keys(client, args.uplink)
        many = ":" in args.uplink
        found = [_one(client, args, key, many) for key in keys]
    if args.json:
        print_json(found if many else found[0])
    return DONE


def _month(text: str) -> str:
    """'10.2026' and '10/2026' as '2026-10'; the server refuses what is none."""
    turned = re.fullmatch(r"(\d{1,2})[./](\d{4})", text.strip())
    return f"{turned[2]}-{turned[1]:0>2}" if turned else text


def _last_month() -> str:
    """The last one that is over, here."""
    from schoolops.core.zone import local_zone

    today = dt.datetime.now(local_zone()).date()
    return f"{today.replace(day=1) - dt.timedelta(days=1):%Y-%m}"


def _keys(client: Client, wanted: str) -> list[str]:
    if ":" not in wanted:
        return [wanted]
    keys: list[str] = []
    while True:
        page = client.page("uplinks", q=wanted, limit=PAGE, offset=len(keys))
        keys += [str(row[1]) for row in page.rows]
        if not page.more:
            break
    if not keys:
        raise UsageError(f"no line matches {wanted}")
    return keys


def _one(client: Client, args: Namespace, key: str, many: bool) -> dict[str, Any]:
    name = f"{key.replace('/', '-')}-{args.month}"
    pdf = _target(args.pdf, f"{name}.pdf", many, args.force)
    csv = _target(args.csv, f"{name}.csv", many, args.force)
    proof = client.proof(key, args.month)
    if not args.json:
        _print(proof)
    if csv:
        write_file(csv, client.proof_table(key, args.month))
        say(f"{csv} written")
    if pdf:
        made = client.issue_proof(key, args.month, args.language)
        write_file(pdf, client.proof_document(made["id"]))
        kept = "as issued before" if made["again"] else "new"
        say(f"{pdf}: edition {made['number']} ({kept}), SHA-256 {made['pdf_sha256']}")
    return proof


def _target(given: str | None, name: str, many: bool, force: bool) -> Path | None:
    if not given:
        return None
    path = Path(given)
    if many or path.is_dir():
        if path.exists() and not path.is_dir():
            raise UsageError(f"several lines need a folder, and {path} is a file")
        path.mkdir(parents=True, exist_ok=True)
        path /= name
    need_new(path, force=force)
    return path


def _print(proof: dict[str, Any]) -> None:
    line, lessons = proof["uplink"], proof["lessons"]
    terms = proof["terms"][-1]
    print_pairs([
        ("line", clean(f"{line['key']}, {line['school_name']}")),
        ("month", proof["month"] + ("" if proof["complete"] else " (not over)")),
        ("contract", clean(" ".join(filter(None, (terms["provider"], terms["circuit"]))))),
        ("verdict", VERDICTS[proof["verdict"]]),
        ("lesson time",
         _hours(lessons["lesson_s"]) + ("" if proof["complete"] else " (until now)")),
        ("measured", f"{_hours(lessons['measured_s'])}, {_share(lessons['measured'])}"),
        ("available", _share(lessons["availability"])),
        ("outages", _count(proof["outages"], lessons["measured_s"])),
    ])  # fmt: skip
    rows = []
    for way in ("down", "up"):
        tests = proof["tests"][way]
        counted = f"{tests['tests']} ({tests['basis']})"
        rates = (terms[f"{way}_bps"], tests["least_bps"], tests["p50_bps"], tests["most_bps"])
        rows.append([way, *map(_rate, rates), counted])
    print()
    print_table(["", "BOOKED", "LEAST", "MEDIAN", "MOST", "TESTS"], rows)
    print()
    print_table(
        ["LIMIT", "WANTED", "FOUND", "RESULT"],
        [
            [" ".join(filter(None, (f["rule"], f["direction"]))), f"{f['wanted']:g}",
             "-" if f["found"] is None else f"{f['found']:.3g}", VERDICTS[f["verdict"]]]
            for f in proof["findings"]
        ],
    )  # fmt: skip
    print()


def _issued(client: Client, args: Namespace) -> int:
    found = client.proofs(args.uplink)
    if args.json:
        print_json(found)
        return DONE
    print_table(
        ["MONTH", "EDITION", "LANGUAGE", "MADE", "BY", "VERDICT", "SHA-256"],
        [
            [f["month"], str(f["number"]), f["language"], local_time(f["made_at"]),
             clean(f["made_by"]), VERDICTS[f["verdict"]], f["pdf_sha256"]]
            for f in found
        ],
    )  # fmt: skip
    return DONE


def _lines(args: Namespace) -> int:
    with client_of(args) as client:
        found = client.lines(args.month)
    if args.json:
        print_json(found)
        return DONE
    print_table(
        ["LINE", "PROVIDER", "BOOKED", "MEDIAN", "TESTS", "MEASURED", "UP", "ENDS", "VERDICT"],
        [
            [one["key"], clean(one["provider"] or ""), _rate(one["booked_down_bps"]),
             _rate(one["down_bps"]), str(one["tests"]), _share(one["measured"]),
             _share(one["availability"]), one["contract_end"] or "", VERDICTS[one["verdict"]]]
            for one in found["lines"]
        ],
    )  # fmt: skip
    return DONE


def _count(outages: list[Any], measured_s: int) -> str:
    """How many; where nothing was measured nobody knows."""
    return str(len(outages)) if outages or measured_s else "- (nothing was measured)"


def _rate(bps: float | None) -> str:
    return "-" if bps is None else f"{bps / 1e6:.1f} Mbit/s"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _hours(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds % 3600 // 60:02} h"
