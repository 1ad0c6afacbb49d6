"""Write records to a file that 'schoolops import' reads again.

schoolops export ipads school:164800 -o ipads.xlsx
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from schoolops.cli._files import need_new, write_file
from schoolops.cli._guard import DONE, UsageError, say
from schoolops.cli._server import add_server, client_of
from schoolops.cli._words import (
    ANY,
    FILTER,
    add_kind,
    columns_of,
    filter_of,
    kind_of,
    nothing_matches,
)

FORMATS = ("csv", "json", "xlsx")


def configure(parser: ArgumentParser) -> None:
    add_kind(parser, ANY)
    parser.add_argument("filter", metavar="FILTER", nargs="*", help=FILTER)
    parser.add_argument("--format", choices=FORMATS, help="by default what -o ends in, else csv")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the file to write (standard output)"
    )
    parser.add_argument("--columns", metavar="A,B", help="the fields to write (all)")
    parser.add_argument("--force", action="store_true", help="overwrite a file that is there")
    add_server(parser)


def run(args: Namespace) -> int:
    kind, preset = kind_of(args.kind)
    _no_file_names(args)
    q = filter_of(kind, preset, args.filter)
    columns = columns_of(kind, args.columns) if args.columns else None
    file = Path(args.output) if args.output else None
    format = args.format or _format_of(file)
    if file is None and format == "xlsx" and sys.stdout.isatty():
        raise UsageError("an XLSX file is nothing for the terminal; name a file with -o")
    if file is not None:
        need_new(file, force=args.force)
    with client_of(args) as client:
        data = client.export(kind.plural, q, format, columns)
        if not client.count(kind.plural, q=q):
            say(f"{nothing_matches(kind, q)}; the export holds no records")
    if file is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return DONE
    write_file(file, data)
    say(f"{file}: {len(data):,} bytes")
    return DONE


def _no_file_names(args: Namespace) -> None:
    """Refuse a filter word that looks like the file to write: it would match nothing, silently."""
    for word in args.filter:
        if ":" not in word and Path(word).suffix.lower().lstrip(".") in FORMATS:
            raise UsageError(f"{word} stands where a filter stands; to write a file: -o {word}")


def _format_of(file: Path | None) -> str:
    ending = file.suffix.lower().lstrip(".") if file else ""
    if file is not None and ending not in FORMATS:
        raise UsageError(f"name the format of {file} with --format: {', '.join(FORMATS)}")
    return ending or "csv"
