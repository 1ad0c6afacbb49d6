"""Restore a backup: its database takes the place of the present one, which is kept aside.

    schoolops restore 20261124T023000Z-nightly.schoolops-backup --check
    schoolops serve --stop
    schoolops restore 20261124T023000Z-nightly.schoolops-backup

What is restored is proven equal to what was saved, or nothing changes. --check proves the file
and the archive of measurements, and changes nothing. The archive lies beside the file, or where the
settings have it. --home restores into another folder, to look at yesterday beside today.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from schoolops.cli._ask import confirm_number
from schoolops.cli._guard import DONE, Refused
from schoolops.cli._table import local_time, print_json


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file that 'schoolops backup' made")
    parser.add_argument(
        "--home", metavar="DIR", help="into this folder, in place of SCHOOLOPS_HOME"
    )
    parser.add_argument("--check", action="store_true", help="only prove that all is good")
    parser.add_argument(
        "--measurements", metavar="DIR", help="the archive of measurements that goes with it"
    )
    parser.add_argument(
        "--without-measurements", action="store_true", help="leave the archive alone: no history"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true",
                        help='{"restored", "tables", "rows", "kept", "measurements"}')  # fmt: skip


def run(args: Namespace) -> int:
    if args.home:
        os.environ["SCHOOLOPS_HOME"] = str(Path(args.home).absolute())
    from schoolops import migrations
    from schoolops.cli._measurements import Measurements, find_archive
    from schoolops.core import paths
    from schoolops.core.settings import load_settings
    from schoolops.db import backup

    settings = load_settings()
    file = _find(args.file, settings.backup_folder)
    manifest = backup.check(file, migrations.HISTORY)
    archive = find_archive(args, settings, file, manifest)
    if args.check:
        if args.json:
            print_json(manifest)
        else:
            print(f"{file.name} is good: {_told(manifest)}")
            if archive:
                print(f"the measurements in {archive} are good")
        return DONE
    paths.ensure_home(settings.home)
    _ask(args, settings, manifest)
    measurements = Measurements(archive, whole=not manifest["without"])
    done = backup.restore(settings, file, migrations.HISTORY, measurements)
    done["measurements"] = measurements.report() if archive else None
    if args.json:
        print_json(done)
    else:
        print(f"restored into {settings.home}: {done['rows']:,} rows, equal to what was saved")
        for line in measurements.told():
            print(line)
        if done["kept"]:
            print(f"what was there before is kept as {done['kept']}")
    return DONE


def _find(name: str, folder: Path) -> Path:
    """The file that is meant: a bare name that is not here is one of `backup list`."""
    file = Path(name).absolute()
    listed = folder / name
    return listed if Path(name).name == name and not file.exists() and listed.is_file() else file


def _told(manifest: dict[str, Any]) -> str:
    made = f"{_rows(manifest):,} rows of {local_time(manifest['created'])}"
    return f"{made}, schoolops {manifest['schoolops']}, {manifest['dialect']}"


def _rows(manifest: dict[str, Any]) -> int:
    return sum(rows for rows, _ in manifest["fingerprint"].values())


def _ask(args: Namespace, settings: Any, manifest: dict[str, Any]) -> None:
    """Ask before something is replaced; SQLite's old file stays, so scripts need not say --yes."""
    from schoolops.cli.db import status_of

    sqlite = settings.database_url.startswith("sqlite")
    if status_of(settings)["current"] is None:
        return
    if sqlite and not sys.stdin.isatty():
        return
    if not sqlite and not args.yes and not sys.stdin.isatty():
        raise Refused(
            "nothing was changed: with nobody to ask it needs --yes to replace the database"
        )
    plan = [f"Replace the database of {settings.home} by {_told(manifest)}"]
    confirm_number(plan, _rows(manifest), "to replace the database", yes=args.yes)
