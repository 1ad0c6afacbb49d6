"""Fill a store with the sample city (`schoolops sample load`).

An empty store that no server is using is filled directly, in one transaction. Where a server
runs, or the store already holds records, the city goes through the server's ordinary import,
which compares each row with what is there and reports what it refuses.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from inventory.kinds import EDITABLE, KINDS, Kind
from sample_site.city import ORDER, SEED, City, Part, build_city
from sample_site.office import SECRETS
from sample_site.premises import Row
from sample_site.progress import Progress
from schoolops.core.errors import Conflict, Invalid, Unusable

if TYPE_CHECKING:
    from schoolops.client import Client
    from schoolops.core.settings import Settings
    from schoolops.db.engine import Store

AT_ONCE = 100_000
"""Devices that are held in memory; a bigger city is loaded in several portions."""
UPLOAD_ROWS = 20_000

Told = Callable[[str, float], None]
"""Told what is done and how much of it (0 … 1)."""


def run(args: Any) -> int:
    """`schoolops sample load`. `args`: scale, schools, seed, into_existing, server, json."""
    import time

    begun = time.monotonic()
    city = wanted_city(args)
    into_existing = bool(getattr(args, "into_existing", False))
    with Progress(sys.stderr, quiet=bool(getattr(args, "json", False))) as progress:
        report = load(city, into_existing, getattr(args, "server", None), progress.show)
    report["seconds"] = round(time.monotonic() - begun, 1)
    if getattr(args, "json", False):
        print(json.dumps(report))  # noqa: T201
    else:
        counts = report["records"]
        print(  # noqa: T201
            f"{counts['school']:,} schools, {counts['room']:,} rooms, "
            f"{counts['device']:,} devices and {counts['uplink']:,} uplinks of the sample city "
            f"are loaded ({report['seconds']:.0f} s). Look: schoolops tui"
        )
    if report["refused"]:
        print(  # noqa: T201
            f"schoolops: {report['refused']:,} rows were refused, first: {report['reason']}",
            file=sys.stderr,
        )
        return 1
    return 0


def wanted_city(args: Any) -> City:
    """The city that the arguments describe; `Invalid` says what is possible."""
    seed = getattr(args, "seed", None)
    try:
        return build_city(
            SEED if seed is None else seed,
            float(getattr(args, "scale", None) or 1.0),
            getattr(args, "schools", None),
        )
    except ValueError as error:
        raise Invalid(str(error), code="sample.invalid") from None


def load(
    city: City, into_existing: bool = False, server: str | None = None, told: Told | None = None
) -> dict[str, Any]:
    """Load into the server that is meant, or into this computer's store.

    Answers `{"new", "changed", "same", "refused", "reason", "records": {kind: rows}, "way"}`.
    Raises `Conflict` when there are records already and `into_existing` is False.
    """
    import os

    from schoolops.core import paths
    from schoolops.core.settings import load_settings
    from schoolops.db.lock import own_store

    told = told or (lambda what, share: None)
    if server or os.environ.get("SCHOOLOPS_SERVER"):
        return _over_the_client(city, into_existing, server, told)
    settings = load_settings()
    paths.ensure_home(settings.home)
    try:
        with own_store(settings, "schoolops sample load"):
            if (report := _directly(settings, city, into_existing, told)) is not None:
                return report
    except Unusable as error:
        if error.code != "setup.in_use":
            raise
    return _over_the_client(city, into_existing, None, told)


# -- directly ------------------------------------------------------------------------------


def _directly(
    settings: Settings, city: City, into_existing: bool, told: Told
) -> dict[str, Any] | None:
    """Fill an empty store; None when it is not empty and may be added to."""
    from schoolops import migrations
    from schoolops.db.engine import Store

    told("preparing the database", 0.0)
    migrations.prepare(settings)
    store = Store.open(settings)
    try:
        present = _present(store)
        if present and not into_existing:
            raise _not_empty(present)
        if present:
            return None
        counts = fill(store, city, told)
    finally:
        store.close()
    return _report("directly", counts, Counter(new=sum(counts.values())))


def fill(store: Store, city: City, told: Told | None = None) -> dict[str, int]:
    """Write the city into an empty store in one transaction; answers rows by kind. Tickets come
    with it, which are no records of the inventory."""
    import getpass

    from sample_site import tickets
    from schoolops.core.permissions import Actor
    from schoolops.estate.loading import Loader
    from schoolops.estate.service import Inventory

    actor = Actor.of(getpass.getuser(), "authority-admin")
    counts: Counter[str] = Counter()
    with store.write(actor) as unit:
        loader = Loader(unit)
        places: tickets.Places = {}
        for portion, share in _portions(city):
            for place, kind in enumerate(ORDER):
                rows = portion.get(kind, [])
                if told:
                    done = (place + 0.3) / len(ORDER) if share == 1.0 else share
                    told(f"loading {KINDS[kind].plural}", done)
                counts[kind] += loader.load(KINDS[kind], rows)
            tickets.remember(places, portion.get("device", []))
        for name, secret in SECRETS.items():
            Inventory(unit).set_secret(name, secret, "")
        tickets.report(unit, city.seed, places)
    return dict(counts)


def _portions(city: City) -> Iterator[tuple[dict[str, list[Row]], float]]:
    """Kind → rows, in portions of whole schools, each with the share done at its end."""
    portion: dict[str, list[Row]] = {}
    whole = len(city.schools) + 1
    for number, part in enumerate(city.parts(), start=1):
        _add(portion, part)
        if len(portion.get("device", [])) >= AT_ONCE:
            yield portion, number / whole
            portion = {}
    if portion:
        yield portion, 1.0


def _add(portion: dict[str, list[Row]], part: Part) -> None:
    for kind, rows in part.rows.items():
        portion.setdefault(kind, []).extend(rows)


def _present(store: Store) -> str:
    """'174 schools' when the store holds something, else ''."""
    from sqlalchemy import func, select

    from schoolops.estate.models import TABLES

    with store.read() as connection:
        for kind in EDITABLE:
            count = connection.scalar(select(func.count()).select_from(TABLES[kind.name])) or 0
            if count:
                return f"{count:,} {kind.label if count == 1 else kind.label_plural}"
    return ""


def _not_empty(present: str) -> Conflict:
    return Conflict(
        f"there are {present} already; the sample city belongs into an empty store "
        "(set SCHOOLOPS_HOME to another folder), or add --into-existing",
        code="sample.not_empty",
    )


# -- through a server ----------------------------------------------------------------------


def _over_the_client(
    city: City, into_existing: bool, server: str | None, told: Told
) -> dict[str, Any]:
    from schoolops.client import connect

    with connect(server) as client:
        if not into_existing:
            for kind in EDITABLE:
                if count := client.count(kind.plural):
                    raise _not_empty(f"{count:,} {kind.label_plural}")
        return upload(client, city, told)


def upload(client: Client, city: City, told: Told) -> dict[str, Any]:
    """Import the city kind after kind; what is there already stays or is changed."""
    counts: Counter[str] = Counter()
    outcome: Counter[str] = Counter()
    reason = ""
    for place, name in enumerate(ORDER):
        kind = KINDS[name]
        rows = list(city.rows(name))
        counts[name] = len(rows)
        for level in _levels(kind, rows):
            for start in range(0, len(level), UPLOAD_ROWS):
                told(f"uploading {kind.plural}", (place + start / len(level)) / len(ORDER))
                data = json.dumps(level[start : start + UPLOAD_ROWS], ensure_ascii=False).encode()
                answer = client.import_file(kind.plural, f"sample-{kind.plural}.json", data, False)
                for word in ("new", "changed", "same", "refused"):
                    outcome[word] += answer[word]
                if answer["refused"] and not reason:
                    refused = [row for row in answer["rows"] if row["outcome"] == "refused"]
                    reason = f"{kind.label} {refused[0]['key']}: {refused[0]['reason']}"
    for credential, secret in SECRETS.items():
        client.set_secret(credential, secret)
    return _report("through the server", counts, outcome, reason)


def _levels(kind: Kind, rows: Iterable[Row]) -> list[list[Row]]:
    """Devices by how deep they hang below their router, so that each finds its parent."""
    if kind.name != "device":
        return [list(rows)]
    depth: dict[object, int] = {}
    levels: dict[int, list[Row]] = {}
    for row in rows:
        level = depth[row["parent"]] + 1 if row.get("parent") else 0
        depth[row["serial"]] = level
        levels.setdefault(level, []).append(row)
    return [levels[level] for level in sorted(levels)]


def _report(
    way: str, counts: dict[str, int] | Counter[str], outcome: Counter[str], reason: str = ""
) -> dict[str, Any]:
    return {
        **{word: outcome[word] for word in ("new", "changed", "same", "refused")},
        "reason": reason,
        "records": dict(counts),
        "way": way,
    }
