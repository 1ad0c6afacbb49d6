"""The check 'measurements' of `schoolops doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schoolops.cli.db import status_of
from schoolops.core.errors import SchoolopsError
from schoolops.db.engine import Store
from schoolops.telemetry.archive.files import FINE, Listing, date_of, folder_of
from schoolops.telemetry.archive.writing import due, kept_days, look
from schoolops.telemetry.rollups import DAY_S, MICROS

if TYPE_CHECKING:
    from schoolops.core.settings import Settings

LATE_DAYS = 2
"""A day that has been over for so long is in the archive, if the server runs."""
_SHOWN = 5


def check_archive(settings: Settings) -> tuple[str, str]:
    """Whether the days that are over are in the archive of measurements, and how old the newest
    one is."""
    if not status_of(settings)["up_to_date"]:
        return "ok", "none are known yet"
    folder, store = folder_of(settings), Store.open(settings)
    try:
        listing = Listing(folder)
        with store.read() as connection:
            state = look(connection)
        kept, now = kept_days(store), store.clock.now()
    except SchoolopsError as error:
        return "fail", error.detail
    finally:
        store.close()
    today = now // MICROS // DAY_S
    wanted = {day for _, day in due(listing, state, kept, now)}
    missing = sorted(day for day in wanted if day < today - LATE_DAYS)
    lost = [e.file for e in listing.entries.values() if not (folder / e.file).is_file()]
    if lost:
        return "fail", f"{folder} misses {len(lost)} files that it lists, as {lost[0]}"
    if missing:
        named = ", ".join(map(date_of, missing[-_SHOWN:]))
        return "warn", (
            f"{len(missing)} days are not archived yet, the latest {named}; a running server "
            f"writes one a minute, or its log says why not"
        )
    days = listing.days(FINE)
    if not days:
        return "ok", "no day of them is over yet"
    return "ok", (
        f"archived up to {date_of(days[-1])}, {(now // MICROS - (days[-1] + 1) * DAY_S) // 3600} "
        f"hours ago; {len(days)} days in {folder}"
    )
