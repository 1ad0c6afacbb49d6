"""Whether the agent measures a line rightly: its own code over a line that is known.

    python benchmarks/bench_line.py        one JSON object a line; about five minutes

The line is two network namespaces with a token bucket each and a bridge between them that delays
and drops frames (`tests/peers/line.py`). Round trip and goodput: one agent. Jitter and loss:
several beside each other, so that it ends some day; each report is a run, and of the runs mean and
interval (99 %) are told. Goodput's truth is what TCP can carry of 50 Mbit/s of Ethernet frames.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import NormalDist, mean, stdev
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.peers.line import can_be_made, goodput_bps, measure

COMMAND = "python benchmarks/bench_line.py"
RTT_MS, RATE_BPS, LOSS_PERCENT, JITTER_MS = 20.0, 50e6, 2.0, 3.0
TESTS = 10
WIDE = NormalDist().inv_cdf(0.995)
WIDE_OF_TESTS = 3.25
"""The same of Student's t for ten runs."""


def row(what: str, values: list[float], truth: float, wide: float = WIDE) -> dict[str, Any]:
    """Mean and interval of the runs, beside the truth."""
    middle, half = mean(values), wide * stdev(values) / len(values) ** 0.5
    low, high = middle - half, middle + half
    return {
        "what": what, "runs": len(values), "truth": truth, "mean": round(middle, 4),
        "from": round(low, 4), "to": round(high, 4),
        "width in % of the truth": round(200 * half / truth, 2),
        "holds the truth": "yes" if low <= truth <= high else "no",
    }  # fmt: skip


def main() -> None:
    if reason := can_be_made():
        raise SystemExit(reason)
    calm = measure(rtt_ms=RTT_MS, ticks=150)
    shaky = measure(rtt_ms=RTT_MS, jitter_ms=JITTER_MS, ticks=150, at_once=2)
    lossy = measure(rtt_ms=RTT_MS, loss=LOSS_PERCENT / 100, ticks=250, at_once=24)
    tests = measure(rtt_ms=RTT_MS, rate_bps=RATE_BPS, ticks=TESTS, throughput_s=5.0)
    trips = [
        row("TCP connect, ms", [r["connect_ms"] for r in calm], RTT_MS),
        row("ICMP echo, ms", [r["rtt_ms"] for r in calm], RTT_MS),
    ]
    truth = round(goodput_bps(RATE_BPS) / 1e6, 3)
    rows = [
        row("loss, %", [r["loss_percent"] for r in lossy], LOSS_PERCENT),
        row("jitter, ms", [r["jitter_ms"] for r in shaky], JITTER_MS),
        row("download, Mbit/s", [t["down_bps"] / 1e6 for t in tests], truth, WIDE_OF_TESTS),
        row("upload, Mbit/s", [t["up_bps"] / 1e6 for t in tests], truth, WIDE_OF_TESTS),
    ]
    off = max(abs(trip["mean"] - RTT_MS) for trip in trips) / RTT_MS * 100
    results: list[dict[str, Any]] = [
        {"bar": "a round trip of 20 ms is read so far off", "figure": round(off, 2), "unit": "%",
         "limit": 2, "detail": trips},
        {"bar": "widest interval of loss 2 %, jitter 3 ms, goodput of 50 Mbit/s, of the truth",
         "figure": max(r["width in % of the truth"] for r in rows), "unit": "%", "limit": 20,
         "detail": rows},
        {"bar": "intervals (99 %) of these four that hold the truth",
         "figure": sum(r["holds the truth"] == "yes" for r in rows), "unit": "of 4", "limit": 4,
         "at_least": True},
    ]  # fmt: skip
    for result in results:
        print(json.dumps({"peer": None, **result, "command": COMMAND}))


if __name__ == "__main__":
    main()
