"""What `restore` does with the archive of measurements."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from schoolops.cli._guard import Refused, UsageError
from schoolops.core.settings import Settings
from schoolops.telemetry.archive import restoring
from schoolops.telemetry.archive.files import FINE, FOLDER, REPORTS, Listing, date_of, folder_of
from schoolops.telemetry.models import measured_day
from schoolops.telemetry.rollups import DAY_S

_LOST = {REPORTS: "single reports", FINE: "means of 5 minutes and of an hour"}
_SHOWN = 10


def find_archive(
    args: Namespace, settings: Settings, file: Path, manifest: dict[str, Any]
) -> Path | None:
    """The folder of the archive that goes with a backup, proven good.

    None if the backup holds its measurements, none are wanted, or there were none.
    """
    if args.measurements and args.without_measurements:
        raise UsageError("--measurements and --without-measurements exclude each other")
    if not manifest["without"] or args.without_measurements:
        if args.measurements:
            raise UsageError("this backup holds its measurements; leave --measurements out")
        return None
    named = [Path(args.measurements).absolute()] if args.measurements else []
    folders = named or [file.parent / FOLDER, folder_of(settings)]
    found = next((folder for folder in folders if folder.is_dir()), None)
    if found is None:
        days, _ = manifest["fingerprint"].get(measured_day.name, (0, ""))
        if days or named:
            raise Refused(
                f"there is no folder {folders[0]} with the measurements that go with the backup; "
                "bring it there, name another one with --measurements, or do without them: "
                "--without-measurements"
            )
        return None
    Listing(found).check()
    return found


class Measurements:
    """Puts measurements into the restored database, and tells which are lost."""

    def __init__(self, archive: Path | None, *, whole: bool = False) -> None:
        """`whole`: the backup holds its measurements."""
        self.archive, self.whole, self.loaded = archive, whole, restoring.Loaded()

    def __call__(self, connection: Connection) -> None:
        if self.archive is not None:
            self.loaded = restoring.load(connection, self.archive)
            return
        if not self.whole:
            restoring.forget(connection)
        restoring.keep_archive(connection, int(time.time()) // DAY_S + 1)

    def report(self) -> dict[str, Any]:
        """`{"rows", "unknown", "missing", "lost"}`; `lost`: grain → `{"since", "hours"}`."""
        now, lost = time.time(), {}
        for grain in _LOST:
            since = self.loaded.since(grain)
            lost[grain] = {
                "since": None if since is None else date_of(since // DAY_S),
                "hours": None if since is None else max(0, round((now - since) / 3600)),
            }
        return {
            "rows": self.loaded.rows,
            "unknown": self.loaded.unknown,
            "missing": self.loaded.missing(),
            "lost": lost,
        }

    def told(self) -> list[str]:
        """The same for people, a line each."""
        if self.whole:
            return ["with the measurements that were saved"]
        if self.archive is None:
            return ["without measurements: graphs begin anew"]
        report = self.report()
        lines = [f"measurements of {len(self.loaded.days[FINE]):,} days: {report['rows']:,} rows"]
        for grain, one in report["lost"].items():
            if one["since"] is None:
                lines.append(f"no {_LOST[grain]} were in the archive")
            else:
                lines.append(
                    f"lost: {_LOST[grain]} since {one['since']} 00:00 UTC, {one['hours']} hours"
                )
        if missing := report["missing"]:
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            lines.append(f"not in the archive: {', '.join(missing[:_SHOWN])}{more}")
        if report["unknown"]:
            lines.append(f"{report['unknown']:,} rows are of records newer than the backup")
        return lines
