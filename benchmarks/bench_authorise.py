"""What it costs to know who asks and what they may: per request, over a store with a city.

    python benchmarks/bench_authorise.py       one JSON object a line

A person of the identity provider with five groups and two rights for a time asks: the token's
check (remembered, as in a session), the account's query, the grants, the rule at the door. The
peer is the same request to an operation that asks nobody (`GET /v1/live`).

Then the second lock, on a PostgreSQL of its own (left out where none is installed): an empty write
of a head teacher against the same one of the server, which is not limited.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

COMMAND = "python benchmarks/bench_authorise.py"
CALLS = 1500


def show(**result: Any) -> None:
    print(json.dumps({"command": COMMAND, **result}), flush=True)


def cpu_ms(call: Any) -> float:
    """CPU milliseconds of one call, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(CALLS // 5):
            call()
        best = min(best, (time.process_time() - began) / (CALLS // 5) * 1000)
    return best


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["SCHOOLOPS_HOME"] = home
        os.environ.pop("SCHOOLOPS_DATABASE__URL", None)
        measure()
    measure_lock()


def measure() -> None:
    from sqlalchemy import event, insert

    from sample_site.load import fill, wanted_city
    from schoolops import migrations
    from schoolops.core.settings import load_settings
    from schoolops.db.access import require
    from schoolops.db.engine import Store
    from schoolops.identity.accounts import actor_of_claims
    from schoolops.identity.models import access_grant
    from schoolops.identity.oidc import Claims
    from schoolops.identity.service import actor_of_token, create_token

    settings = load_settings()
    migrations.prepare(settings)
    store = Store.open(settings)
    fill(store, wanted_city(None))
    now = store.clock.now()
    groups = tuple(f"/schools/{100015 + n}/teacher" for n in range(5))
    claims = Claims("i", "s", "t.klein", "T. Klein", "", groups, (), "sid", 0, True, now // 10**6)
    with store.write() as unit:
        for number in range(2):
            row = {"uid": f"u{number}", "source": "emergency", "receiver": "t.klein", "giver": "g",
                   "permissions": "estate.read", "school_id": number + 1, "opens": "[]",
                   "reason": "x", "from_at": now, "until_at": now + 10**13}  # fmt: skip
            unit.connection.execute(insert(access_grant), row)
        token = create_token(unit, "m.weber", "viewer")["token"]
    actor_of_claims(store, claims)  # the first one makes the account
    actor_of_token(store, token)
    queries: list[str] = []
    event.listen(store.reader, "before_cursor_execute", lambda *a: queries.append(a[2]))
    require(actor_of_claims(store, claims), "estate.read")
    asked = len([text for text in queries if text.startswith("SELECT")])
    by_claims = cpu_ms(lambda: require(actor_of_claims(store, claims), "estate.read"))
    by_token = cpu_ms(lambda: require(actor_of_token(store, token), "estate.read"))
    with store.read() as connection:
        bare = cpu_ms(lambda: connection.exec_driver_sql("SELECT 1").all())
    show(
        bar="who asks, and what may they: a person with five groups and two rights for a time",
        figure=round(by_claims, 3), unit="ms CPU", limit=0.3,
        peer={"name": "SELECT 1 through the same engine", "figure": round(bare, 3)},
        detail={"queries": asked, "by a token of our own, ms": round(by_token, 3)},
    )  # fmt: skip
    store.close()


def measure_lock() -> None:
    """What row-level security adds to a write of a limited actor."""
    import signal

    from schoolops import migrations
    from schoolops.core.permissions import SYSTEM, Actor
    from schoolops.core.settings import load_settings
    from schoolops.db.engine import Store
    from tests.peers.postgres import binaries, start, wait_until_ready

    installed = binaries()
    if installed is None:
        return
    with tempfile.TemporaryDirectory(prefix="so-pg-") as home:
        server, cluster = start(installed, Path(home))
        try:
            wait_until_ready(server, cluster, 30)
            os.environ["SCHOOLOPS_HOME"] = f"{home}/home"
            os.environ["SCHOOLOPS_DATABASE__URL"] = cluster.url("postgres")
            migrations.prepare(load_settings())
            store = Store.open(load_settings())
            head = Actor.of("h.lind", "head", schools=["164800"])

            def write(actor: Actor) -> None:
                with store.write(actor) as unit:
                    unit.connection.exec_driver_sql("SELECT 1")

            limited, free = cpu_ms(lambda: write(head)), cpu_ms(lambda: write(SYSTEM))
            show(
                bar="what the second lock adds to a write of a limited actor (PostgreSQL)",
                figure=round(limited - free, 3),
                unit="ms CPU",
                limit=0.3,
                peer={"name": "an empty write of the server", "figure": round(free, 3)},
            )
            store.close()
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


if __name__ == "__main__":
    main()
