"""The web pages: CPU to the whole first answer, and how many bytes a visitor fetches.

    python benchmarks/bench_web.py            one JSON object a line

The whole sample city behind a real server. CPU is the server process's own, a request, over many
requests; what must be fetched for a page is the page and its stylesheet, icon and logo, as sent.
Beside it stands the smallest page that the same server answers.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import httpx
from served import cpu_s, environment, load_sample, serve

ROUNDS = 60
COMMAND = "python benchmarks/bench_web.py"
LIMIT_MS, LIMIT_KB = 50, 60
LIMIT_KB_OF_CODE = 50


def sign_in(home: Path, client: httpx.Client) -> None:
    """Through the one-time link of this computer's own user."""
    import subprocess

    done = subprocess.run(
        [sys.executable, "-m", "schoolops.cli", "portal", "open"],
        env=environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = client.post(done.stdout.strip())
    assert answer.status_code == 303, answer.text


def busiest_school(home: Path) -> str:
    """The number of the school with most devices."""
    with sqlite3.connect(f"file:{home / 'schoolops.db'}?mode=ro", uri=True) as db:
        row = db.execute(
            "SELECT number FROM schools JOIN devices ON devices.school_id = schools.id "
            "GROUP BY schools.id ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
    return str(row[0])


def hang_up_code(home: Path, school: str) -> str:
    """The address of the page behind the QR code of a room of the school."""
    import subprocess

    with sqlite3.connect(f"file:{home / 'schoolops.db'}?mode=ro", uri=True) as db:
        (room,) = db.execute(
            "SELECT rooms.key FROM rooms JOIN schools ON rooms.school_id = schools.id "
            "WHERE schools.number = ? LIMIT 1",
            (school,),
        ).fetchone()
    made = subprocess.run(
        [sys.executable, "-m", "schoolops.cli", "room", "code", room, "--json"],
        env=environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(made.stdout)["path"])


def first_ms(client: httpx.Client, path: str) -> float:
    """Milliseconds of wall time to the first, cold answer."""
    begin = time.perf_counter()
    client.get(path).raise_for_status()
    return (time.perf_counter() - begin) * 1000


def cpu_ms(client: httpx.Client, process: int, path: str) -> float:
    """The server's CPU for one request, the mean of many; periodic work of the server included."""
    before = cpu_s(process)
    for _ in range(ROUNDS):
        client.get(path).raise_for_status()
    return (cpu_s(process) - before) * 1000 / ROUNDS


def kilobytes(client: httpx.Client, path: str) -> float:
    """The page with all that it loads."""
    page = client.get(path)
    size = len(page.content)
    for name in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)):
        size += len(client.get(name).content)
    return size / 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        load_sample(home)
        school = busiest_school(home)
        with serve(home) as (url, process), httpx.Client(base_url=url, trust_env=False) as client:
            client.headers["accept"] = "text/html"
            cold = first_ms(client, "/")
            start = cpu_ms(client, process, "/")
            code = hang_up_code(home, school)
            reports = [
                {"page": what, "cpu_ms": cpu_ms(client, process, path),
                 "kilobytes": kilobytes(client, path)}
                for path, what in ((code, "behind the QR code of a room"),
                                   (f"{code}?what=network", "a report before it is sent"))
            ]  # fmt: skip
            sign_in(home, client)
            pages = {
                "/my-school": "the list of schools",
                f"/my-school?school={school}": "the school with most devices",
                "/upload": "the form of an upload",
                "/privacy": "the privacy statement",
            }
            rows = [
                {"page": what, "cpu_ms": cpu_ms(client, process, path),
                 "kilobytes": kilobytes(client, path)}
                for path, what in pages.items()
            ]  # fmt: skip
    slowest = max(reports, key=lambda row: float(row["cpu_ms"]))
    heaviest = max(reports, key=lambda row: float(row["kilobytes"]))
    print(json.dumps({
        "bar": f"report by QR code to its first byte ({slowest['page']})",
        "figure": slowest["cpu_ms"], "unit": "ms", "limit": LIMIT_MS, "command": COMMAND,
        "detail": reports,
    }))  # fmt: skip
    print(json.dumps({
        "bar": f"report by QR code with all it loads ({heaviest['page']})",
        "figure": heaviest["kilobytes"], "unit": "kB", "limit": LIMIT_KB_OF_CODE,
        "command": COMMAND,
    }))  # fmt: skip
    dearest = max(rows, key=lambda row: float(row["cpu_ms"]))
    largest = max(rows, key=lambda row: float(row["kilobytes"]))
    print(json.dumps({
        "bar": f"web page to its first byte ({dearest['page']})",
        "figure": dearest["cpu_ms"], "unit": "ms", "limit": LIMIT_MS, "command": COMMAND,
        "peer": {"the start page": start, "its first answer, wall time": cold},
        "detail": rows,
    }))  # fmt: skip
    print(json.dumps({
        "bar": f"web page with all it loads ({largest['page']})",
        "figure": largest["kilobytes"], "unit": "kB", "limit": LIMIT_KB, "command": COMMAND,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
