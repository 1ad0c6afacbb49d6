"""Three days without a server under kill -9: what is lost, and what is counted twice.

    python benchmarks/bench_outage.py        one JSON object a line; some minutes

`tests/survival/outage.py` in its long form, on SQLite and on PostgreSQL: four agents that measure
each minute of 72 hours (their clock runs through them in 40 s), killed all the while; then the
server comes back and is killed twenty times, as the agents are. Agents write what they measured
and what their spool took into a ledger beside; at the end each number the spool took has to be in
the store, once. The clock is simulated; the processes, the spool's files, HTTP and the database
are not.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schoolops import migrations
from schoolops.core import paths
from schoolops.core.settings import load_settings
from tests.peers.postgres import binaries, start, wait_until_ready
from tests.survival.outage import Account, Plan, survive

PLAN = Plan(outage_s=40.0, after_s=10.0, tick_s=60.0, agents=4, kills=20, deadline_s=300.0)
COMMAND = "python benchmarks/bench_outage.py"


def run(home: Path) -> Account:
    os.environ["SCHOOLOPS_HOME"] = str(home)
    os.environ["XDG_RUNTIME_DIR"] = str(home.parent)
    settings = load_settings()
    paths.ensure_home(home)
    migrations.prepare(settings)
    return survive(settings, home.parent, PLAN)


def on_postgresql(home: Path) -> Account:
    program = binaries()
    if program is None:
        raise SystemExit("PostgreSQL is not installed (Debian package postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="so-pg-"))
    server, cluster = start(program, folder)
    try:
        wait_until_ready(server, cluster, 30)
        os.environ["SCHOOLOPS_DATABASE__URL"] = cluster.url("postgres")
        return run(home)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
        del os.environ[name]
    rows: list[dict[str, Any]] = []
    wrong = 0
    for name, work in (("SQLite", run), ("PostgreSQL", on_postgresql)):
        with tempfile.TemporaryDirectory(prefix="so-") as folder:
            account = work(Path(folder) / "home")
        wrong += account.lost + account.doubled + account.strange
        rows.append({
            "database": name, "measured": account.measured, "taken by a spool": account.taken,
            "stored": account.stored, "lost": account.lost, "doubled": account.doubled,
            "hours between the first and the last": round(account.span_h, 1),
            **{f"kills of {who}": count for who, count in account.kills.items()},
        })  # fmt: skip
    print(json.dumps({
        "bar": "72 h of outage and kill -9 of agents and server: reports lost or doubled",
        "figure": wrong, "unit": "reports", "limit": 0, "peer": None, "command": COMMAND,
        "detail": rows,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
