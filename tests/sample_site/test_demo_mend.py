"""What the demo breaks, it also mends: the power comes back, the agent starts again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sample_site.city import build_city
from sample_site.faults import Script, choose, write_script
from sample_site.live import LiveCity


def wait_for(what: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.25)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveCity]:
    city = build_city(scale=0.02)
    live = LiveCity(city, choose(city.parts(), 1), tmp_path / "demo")
    try:
        live.start(lambda what, share: None)
        yield live
    finally:
        live.stop()


def test_a_dark_school_comes_back_with_its_agent_and_counts_on(live: LiveCity) -> None:
    *_, dark = write_script(live.parts)
    wait_for(lambda: live.read_so_far()[0] == live.read_so_far()[1], 40)
    wait_for(lambda: live.client.school_readiness(dark.school)["level"] == "works", 40)
    script = Script(live, live.client, [dark])
    script.inject(dark)
    before = live.reports()

    def named() -> bool:
        script.look()
        return not script.open

    wait_for(named, 60)
    assert dark.named_as.startswith("down: no report from the school")
    wait_for(lambda: live.client.school_readiness(dark.school)["level"] == "unknown", 20)
    live.mend(dark)
    wait_for(lambda: live.client.get("schools", dark.school)["health"] == "ok", 40)
    assert live.reports() > before
    assert live.blamed() == {}
    live.check()
