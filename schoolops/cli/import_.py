"""Read records from a CSV, XLSX or JSON file, or from - (standard input).

New records are created, known ones changed, what is the same stays; --dry-run only tells what
would happen. Headings are guessed; --map says what a heading means. A row that is wrong is
refused with its reason and stops no other; then the exit code is 1. A list that the state publishes
leaves what people corrected here; --overwrite takes its values.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, BinaryIO

from inventory.kinds import Kind
from schoolops.cli._bulk import changes_told
from schoolops.cli._guard import DONE, REFUSED, UsageError, say
from schoolops.cli._server import add_server, client_of
from schoolops.cli._table import clean, print_json, said
from schoolops.cli._words import add_kind, editable_kind, meant

SHOWN = 20


def configure(parser: ArgumentParser) -> None:
    add_kind(parser)
    parser.add_argument("file", metavar="FILE", help="the file, or - for standard input")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only report")
    parser.add_argument("--map", metavar="HEADING=FIELD", nargs="+", action="extend", default=[],
                        help="what a heading means; HEADING= leaves the column out")  # fmt: skip
    parser.add_argument("--overwrite", action="store_true",
                        help="a published list also overwrites what people corrected")  # fmt: skip
    parser.add_argument("--name", metavar="NAME", help="file name that says the format, for -")
    parser.add_argument("--json", action="store_true", help="print the whole report")
    add_server(parser)


def run(args: Namespace) -> int:
    kind, preset = editable_kind(args.kind)
    mapping = _mapping(kind, args.map)
    plural = kind.plural
    if preset:  # a list of iPads need not say of each that it is one
        from inventory.kinds import device_plural

        plural = device_plural(preset.removeprefix("kind:"))
    name, data = _open(args.file, args.name)
    with client_of(args) as client:
        try:
            report = client.import_file(
                plural, name, data, args.dry_run, mapping or None, args.overwrite
            )
        finally:
            if not isinstance(data, bytes):
                data.close()
    if args.json:
        print_json(report)
    else:
        _print_report(kind, report)
    return REFUSED if report["refused"] else DONE


def _mapping(kind: Kind, words: list[str]) -> dict[str, str]:
    known = [field.name for field in kind.editable_fields()]
    mapping: dict[str, str] = {}
    for word in words:
        heading, equals, field = word.rpartition("=")
        field = field.strip().replace("-", "_")
        if not equals or not heading:
            raise UsageError(f"--map wants HEADING=FIELD, not {word!r}")
        if field and field not in known:
            raise UsageError(f"a {kind.label} has no field {field!r}; {meant(kind, field, known)}")
        mapping[heading] = field
    return mapping


def _open(file: str, name: str | None) -> tuple[str, bytes | BinaryIO]:
    if file == "-":
        if sys.stdin.isatty():
            raise UsageError("nothing comes from standard input; name a file")
        return name or "standard-input.csv", sys.stdin.buffer.read()
    path = Path(file)
    if path.is_dir():
        raise UsageError(f"{file} is a folder; name a file in it")
    return name or path.name, path.open("rb")


def _print_report(kind: Kind, report: dict[str, Any]) -> None:
    guessed = {clean(h): f for h, f in report.get("mapping", {}).items()}
    if guessed:
        print("read as: " + ", ".join(f"{heading} → {field}" for heading, field in guessed.items()))
    if report.get("ignored"):
        print("not used: " + ", ".join(clean(heading) for heading in report["ignored"]))
    for note in report.get("notes", ()):
        print(clean(str(note)))
    rows = report["rows"]
    changed = [row for row in rows if row["outcome"] == "changed"]
    for row in changed[:SHOWN]:
        print(f"row {row['row']}: {clean(row['key'])}: {changes_told(row)}")
    if len(changed) > SHOWN:
        print(f"… and {report['changed'] - SHOWN} more changed")
    kept = [row for row in rows if row.get("kept")]
    for row in kept[:SHOWN]:
        told = ", ".join(
            f"{name} {said(own)}, the list says {said(other)}"
            for name, (own, other) in row["kept"].items()
        )
        print(f"row {row['row']}: {clean(row['key'])}: kept {told}")
    if len(kept) > SHOWN:
        print(f"… and {len(kept) - SHOWN} more kept; --json lists them all")
    odd = [row for row in rows if row["reason"] and row["outcome"] != "refused"]
    for row in odd[:SHOWN]:
        say(f"row {row['row']} is odd: {clean(row['key'])}: {clean(row['reason'])}")
    if len(odd) > SHOWN:
        say(f"and {len(odd) - SHOWN} more odd rows; --json lists them all")
    refused = [row for row in rows if row["outcome"] == "refused"]
    for row in refused[:SHOWN]:
        say(f"row {row['row']} refused: {clean(row['reason'])}")
    if len(refused) > SHOWN:
        say(f"and {report['refused'] - SHOWN} more rows refused; --json lists them all")
    tense = "would be " if report.get("dry_run") else ""
    print(
        f"{kind.label_plural}: {report['new']} {tense}new, {report['changed']} {tense}changed, "
        f"{report['same']} same, {report['refused']} refused"
    )
    if retired := report["retired"]:
        records = f"1 {kind.label}" if retired == 1 else f"{retired} {kind.label_plural}"
        print(f"{records} in the list: retired here, kept so")
    if report["kept"]:
        rows_of = "1 row" if report["kept"] == 1 else f"{report['kept']} rows"
        print(f"in {rows_of} own values are kept; --overwrite takes the list's")
