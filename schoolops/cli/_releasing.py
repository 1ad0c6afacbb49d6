"""`schoolops agent release`: sign a release of the agent and offer it to the agents."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from schoolops.cli._booking import booked
from schoolops.cli._guard import DONE, UsageError
from schoolops.cli._table import print_json


def configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="",
        help="made by 'make agent'; without it, list what is on offer",
    )  # fmt: skip
    parser.add_argument(
        "--key", metavar="FILE", default="", help="the release key, if it is kept elsewhere"
    )
    parser.add_argument("--json", action="store_true", help="releases with hash and signature")


def run(args: Namespace) -> int:
    from schoolops.core.settings import load_settings
    from schoolops.fleet import releases

    settings = load_settings()
    if args.file:
        try:
            data = Path(args.file).read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {args.file}: {error.strerror}") from None
        key = Path(args.key) if args.key else None
        with booked(settings, "offer release") as detail:
            made = releases.offer(settings.home, data, key, time.time_ns() // 1000)
            detail |= {"version": made["version"], "sha256": made["sha256"]}
        found = [made]
    else:
        found = releases.offered(settings.home)
    if args.json:
        print_json(found)
        return DONE
    for one in found:
        print(f"{one['version']}  {one['size']} bytes  sha256:{one['sha256']}")
    if args.file:
        print(f"offered; next: schoolops agent ask AGENT upgrade {found[0]['version']}")
    elif not found:
        print("no release is on offer")
    return DONE
