"""Whether the agent measures a line rightly: its own code over a line that is known.

    python benchmarks/bench_line.py        one JSON object a line; about five minutes

The line is two network namespaces with a token bucket each and a bridge between them that delays
and drops frames (`tests/peers/line.py`). Round trip and goodput: one agent. Jitter and loss:
several beside each other, so that it ends some day; each report is a run, and of the runs mean and
interval (99 %) are told. Goodput's truth is what TCP can carry of 50 Mbit/s of Ethernet frames.

The bridge holds each frame as long as it should and then until it has woken; how long that was is
measured by itself, from the kernel's time stamps, and is the truth of the round trip. Two kernels
that pass the frame on, and one that wakes the agent, take their time too; that is no error of the
agent and nobody measures it: each interval of a round trip is wider by `UNSEEN_MS` on both sides.
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
UNSEEN_MS = 0.1
WIDE = NormalDist().inv_cdf(0.995)
WIDE_OF_TESTS = 3.25
"""The same of Student's t for ten runs."""


def row(
    what: str, values: list[float], truth: float, wide: float = WIDE, unseen: float = 0.0
) -> dict[str, Any]:
    """Mean and interval of the runs, beside the truth, of which so much may not be seen."""
    middle, half = mean(values), wide * stdev(values) / len(values) ** 0.5 + unseen
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
    calm = measure(rtt_ms=RTT_MS, ticks=150, timed=True)
    shaky = measure(rtt_ms=RTT_MS, jitter_ms=JITTER_MS, ticks=150, at_once=2)
    lossy = measure(rtt_ms=RTT_MS, loss=LOSS_PERCENT / 100, ticks=250, at_once=24)
    tests = measure(rtt_ms=RTT_MS, rate_bps=RATE_BPS, ticks=TESTS, throughput_s=5.0)
    line_ms = round(calm[0]["line_ms"], 3)
    named = {"connect_ms": "TCP connect, ms", "rtt_ms": "ICMP echo, ms"}
    trips = [
        row(what, [r[name] for r in calm], line_ms, unseen=UNSEEN_MS)
        for name, what in named.items()
    ]
    off = max(abs(mean(r[name] for r in calm) - RTT_MS) for name in named) / RTT_MS * 100
    truth = round(goodput_bps(RATE_BPS) / 1e6, 3)
    rows = [
        row("loss, %", [r["loss_percent"] for r in lossy], LOSS_PERCENT),
        row("jitter, ms", [r["jitter_ms"] for r in shaky], JITTER_MS),
        row("download, Mbit/s", [t["down_bps"] / 1e6 for t in tests], truth, WIDE_OF_TESTS),
        row("upload, Mbit/s", [t["up_bps"] / 1e6 for t in tests], truth, WIDE_OF_TESTS),
    ]
    intervals = trips + rows
    results: list[dict[str, Any]] = [
        {"bar": "a round trip of 20 ms is read so far off", "figure": round(off, 2), "unit": "%",
         "limit": 2, "detail": trips},
        {"bar": "widest interval of round trip, loss 2 %, jitter 3 ms, goodput of 50 Mbit/s",
         "figure": max(r["width in % of the truth"] for r in intervals), "unit": "% of the truth",
         "limit": 20, "detail": rows},
        {"bar": "intervals (99 %) of these six that hold the truth",
         "figure": sum(r["holds the truth"] == "yes" for r in intervals), "unit": "of 6",
         "limit": 6, "at_least": True},
    ]  # fmt: skip
    for result in results:
        print(json.dumps({"peer": None, **result, "command": COMMAND}))


if __name__ == "__main__":
    main()
