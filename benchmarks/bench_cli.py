"""CPU time of `schoolops --version`, beside the bare interpreter and other programs' version.

    python benchmarks/bench_cli.py        one JSON object a line

User + system time of the whole process, median of several runs after one that warms the caches:
what somebody waits for who types, or a script that calls it a thousand times.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

RUNS = 15
COMMAND = "python benchmarks/bench_cli.py"
BIN = Path(sys.executable).parent

TYPER = """
import typer
app = typer.Typer()

@app.command()
def hello(version: bool = False) -> None:
    print("1.0")

app(["--version"], standalone_mode=False)
"""


def cpu_ms(command: list[str]) -> float:
    """Median CPU milliseconds of a command."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SCHOOLOPS_")}
    times = []
    for _ in range(RUNS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return round(statistics.median(times[1:]) * 1000, 1)


def peers() -> dict[str, float | str]:
    """What else answers its version, in CPU milliseconds."""
    found: dict[str, float | str] = {
        "bare interpreter": cpu_ms([sys.executable, "-c", "pass"]),
        "pip --version": cpu_ms([sys.executable, "-m", "pip", "--version"]),
        "unit": "ms CPU",
    }
    for name in ("httpx", "alembic"):
        if (BIN / name).exists():
            option = "--help" if name == "httpx" else "--version"
            found[f"{name} {option}"] = cpu_ms([str(BIN / name), option])
    if find_spec("typer") is not None:
        found["a hello of typer"] = cpu_ms([sys.executable, "-c", TYPER])
    return found


def main() -> int:
    schoolops = [sys.executable, "-m", "schoolops.cli"]
    compared = peers()
    for bar, words in (
        ("schoolops --version", ["--version"]),
        ("schoolops --help", ["--help"]),
    ):
        line = {"bar": bar, "figure": cpu_ms([*schoolops, *words]), "unit": "ms CPU", "limit": 60,
                "peer": compared, "command": COMMAND}  # fmt: skip
        print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
