"""Runs every benchmark and writes docs/benchmarks.md.

    python benchmarks/run.py              all of them
    python benchmarks/run.py load tui     only bench_load.py and bench_tui.py
    python benchmarks/run.py --page       none; only write the page of the stored results

A benchmark prints JSON objects, one a line: `bar` (what is measured), `figure`, `unit`, `limit`
(at most; with `"at_least": true` at least; null for none), `peer` (`{"name", "figure"}`: who
does the same job), `command` (how to measure it again) and, if wanted, `note`: a paragraph that
says how the figure is to be read, and `detail`: a list of objects with the same names, or one
object; the page shows both under the table. The page is made from the results that lie in
benchmarks/results.json, so that one benchmark can be measured alone. Leaves 1 when a benchmark
fails or a limit is missed.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results.json"
PAGE = FOLDER.parent / "docs" / "benchmarks.md"
SECONDS = 900

Result = dict[str, Any]

INTRO = """# Benchmarks

Made by `make bench`: each bar that schoolops sets itself, what was measured, and how to measure it
again. Figures are CPU time unless the unit or the text says wall time. They depend on the machine;
ratios count.

Measured on {machines}.

"""


def measure(script: Path) -> list[Result]:
    """The results of one benchmark. RuntimeError when it fails or prints none."""
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=FOLDER.parent,
        stdout=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    results: list[Result] = [json.loads(line) for line in lines]
    if done.returncode != 0 or not results:
        raise RuntimeError(f"{script.name} ended with {done.returncode}, {len(results)} results")
    return results


def kept(result: Result) -> bool | None:
    """Whether the limit is kept; None without one."""
    if result.get("limit") is None:
        return None
    if result.get("at_least"):
        return bool(result["figure"] >= result["limit"])
    return bool(result["figure"] <= result["limit"])


def number(value: Any) -> str:
    """1234567 → '1,234,567', 0.04567 → '0.0457'."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def peer(result: Result) -> str:
    """The peer's figure in words."""
    given = result.get("peer")
    if not given or not isinstance(given, dict):
        return str(given or "")
    if "name" in given:
        figure = given.get("figure")
        unit = given.get("unit", result["unit"])
        return str(given["name"]) + ("" if figure is None else f": {number(figure)} {unit}")
    unit = given.get("unit", result["unit"])
    parts = [f"{name}: {number(figure)}" for name, figure in given.items() if name != "unit"]
    return "; ".join(parts) + f" {unit}"


def where(machines: dict[str, str]) -> str:
    """The machines in words: which benchmark was measured on which, if they are several."""
    found: dict[str, list[str]] = {}
    for name, machine in sorted(machines.items()):
        found.setdefault(machine, []).append(name)
    if len(found) < 2:
        return next(iter(found), "no machine yet")
    return "; ".join(f"{machine} ({', '.join(names)})" for machine, names in found.items())


def page(results: dict[str, list[Result]], machines: dict[str, str]) -> str:
    """The whole page."""
    lines = ["| bar | measured | limit | kept | beside it | command |", "|---|---|---|---|---|---|"]
    for name in sorted(results):
        for result in results[name]:
            unit, limit = result["unit"], result.get("limit")
            at = "≥" if result.get("at_least") else "≤"
            shown = "" if limit is None else f"{at} {number(limit)} {unit}"
            verdict = {True: "yes", False: "**no**", None: ""}[kept(result)]
            cells = (
                result["bar"],
                f"{number(result['figure'])} {unit}",
                shown,
                verdict,
                peer(result),
                f"`{result['command']}`",
            )
            lines.append("| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |")
    for name in sorted(results):
        for result in results[name]:
            lines += detail(result)
    return INTRO.format(machines=where(machines)) + "\n".join(lines) + "\n"


def detail(result: Result) -> list[str]:
    """How a figure is to be read and what lies behind it, with a heading."""
    given = result.get("detail")
    rows = [given] if isinstance(given, dict) else given
    note = ["", result["note"]] if result.get("note") else []
    if not rows or not rows[0]:
        return ["", f"## {result['bar']}", *note] if note else []
    names = list(rows[0])
    cells = [[number(row.get(name, "")) for name in names] for row in rows]
    table = [[name.replace("_", " ") for name in names], ["---"] * len(names), *cells]
    bodies = ("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in table)
    return ["", f"## {result['bar']}", *note, "", *bodies]


def this_machine() -> str:
    """The kind of machine, without its name."""
    model = platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    for line in text.splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    cores = len(os.sched_getaffinity(0))
    day = dt.datetime.now(dt.UTC).date().isoformat()
    return f"{cores} cores of {model}, Python {platform.python_version()}, {day}"


def main(names: list[str]) -> int:
    scripts = sorted(FOLDER.glob("bench_*.py"))
    known = {script.stem.removeprefix("bench_"): script for script in scripts}
    stored = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    stored = {"machines": {}, "results": {}} | stored
    if names == ["--page"]:
        PAGE.write_text(page(stored["results"], stored["machines"]), "utf-8")
        return 0
    if unknown := [name for name in names if name not in known]:
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}\n")
        return 2
    results: dict[str, list[Result]] = {k: v for k, v in stored["results"].items() if k in known}
    machines: dict[str, str] = {k: v for k, v in stored["machines"].items() if k in known}
    problems = []
    for name in names or list(known):
        print(f"{name} …", flush=True)
        try:
            results[name] = measure(known[name])
        except (RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
            problems.append(str(error))
            continue
        machines[name] = this_machine()
        for result in results[name]:
            line = f"  {result['bar']}: {number(result['figure'])} {result['unit']}"
            if kept(result) is False:
                problems.append(f"{line.strip()}, limit {number(result['limit'])}")
            print(line, flush=True)
    stored = {"machines": dict(sorted(machines.items())), "results": dict(sorted(results.items()))}
    RESULTS.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page(results, machines), "utf-8")
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
