"""A form that arrives twice at the same moment is one report, on every database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from schoolops.core.permissions import SYSTEM
from schoolops.estate import places
from schoolops.tickets import pages
from tests.alerts.town import Town


def test_a_double_tap_at_the_same_moment_is_one_report(town: Town) -> None:
    with town.store.write(SYSTEM) as unit:
        code = places.make(unit, "164800/1.01", "")["code"]
    for _ in range(5):
        key, ready = pages.new_key(), Barrier(4)

        def send(key: str = key, ready: Barrier = ready) -> pages.Reported:
            ready.wait(10)
            with town.store.write() as unit:
                spot = places.spot_at(unit.connection, code)
                assert spot is not None
                return pages.report(unit, spot, key, "network", title="WLAN")

        with ThreadPoolExecutor(4) as pool:
            found = {task.result() for task in [pool.submit(send) for _ in range(4)]}
        assert len(found) == 1
