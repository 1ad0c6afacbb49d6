"""The agent's measuring code over a line whose delay, loss, jitter and rate are known.

Bounds that hold on a busy machine: a late process can make a figure worse and never better. How
near the truth the figures are on a calm one is measured by benchmarks/bench_line.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import mean

import pytest

from agents.duties.probes import Samples
from tests.peers import missing
from tests.peers.line import can_be_made, goodput_bps, measure


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    if reason := can_be_made():
        missing(reason)


def test_delay_is_read_and_jitter_is_not_taken_for_it() -> None:
    reports = measure(rtt_ms=20, jitter_ms=2, ticks=8, at_once=2)
    for name in ("connect_ms", "rtt_ms"):
        # Medians scatter around 20 by a millisecond or so; eight sigma.
        assert mean(r[name] for r in reports) > 17
        assert min(r[name] for r in reports) < 23
    assert mean(r["jitter_ms"] for r in reports) > 1
    assert {r["loss_percent"] for r in reports} == {0.0}


def test_loss_is_counted_and_does_not_spoil_the_delay() -> None:
    reports = measure(rtt_ms=20, loss=0.3, ticks=2, at_once=40)
    lost = mean(r["loss_percent"] for r in reports)
    assert 30 - 11 < lost < 30 + 11  # 640 probes: six sigma
    assert min(r["connect_ms"] for r in reports if r["connect_ms"]) >= 20
    # What is repeated after a second is no answer: no mean of it would be a delay.
    assert max(r["connect_ms"] for r in reports if r["connect_ms"]) < 950


def test_a_throughput_test_reads_what_the_line_carries_and_no_more() -> None:
    (test,) = measure(rtt_ms=20, rate_bps=50e6, throughput_s=1.5)
    truth = goodput_bps(50e6)
    assert 0.7 * truth < test["down_bps"] < 1.02 * truth
    assert 0.7 * truth < test["up_bps"] < 1.02 * truth


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_the_mean_of_many_jitters_of_few_probes_is_the_jitter(count: int) -> None:
    dice = random.Random(4)
    draw: Callable[[], float] = lambda: dice.gauss(20, 3)  # noqa: E731
    found = [Samples([draw() for _ in range(count)], count).deviation_ms for _ in range(8000)]
    assert mean(one for one in found if one is not None) == pytest.approx(3, rel=0.02)
