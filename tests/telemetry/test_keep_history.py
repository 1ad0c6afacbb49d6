"""Measurements over days and months: rolled up, packed, found again, forgotten in their time."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text

from schoolops.core.clock import FixedClock
from schoolops.db.engine import Store
from schoolops.db.upsert import add_missing, upsert
from schoolops.estate.models import observation
from schoolops.telemetry import packing, raw
from schoolops.telemetry.history import History
from schoolops.telemetry.metrics import METRICS, shown
from schoolops.telemetry.models import SAMPLES, late_hour, rollup, sealed
from schoolops.telemetry.partitions import keep_ready, partitions

MINUTE, HOUR, DAY = 60, 3600, 86_400
MICROS = 1_000_000


class Kept:
    """An access point whose reports go straight into the store."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store, self.clock = store, clock
        self.seq = 0
        self.rows: list[tuple[int, dict[str, Any]]] = []

    def report(self, at: int, record: int = 7, **values: Any) -> None:
        """A row observed at `at` (seconds), as a batch brings it."""
        self.seq += 1
        row = (record, at * MICROS, 1, self.seq, 0,
               *(values.get(metric.name) for metric in METRICS["device"]), "snmp",
               values.get("error", ""))  # fmt: skip
        with self.store.write() as unit:
            raw.insert(unit.connection, "device", [row])
            upsert(
                unit.connection, observation,
                [{"kind": "device", "record_id": record, "observed_at": at * MICROS,
                  "received_at": unit.now, "fresh_until": 0, "source": "", "facts": "{}"}],
                newer="observed_at",
            )  # fmt: skip
            if at // HOUR < (self.now - MINUTE * 5) // HOUR:
                late = {"kind": "device", "record_id": record, "hour": at // HOUR}
                add_missing(unit.connection, late_hour, [late])
        self.rows.append((at, values))

    @property
    def now(self) -> int:
        return self.clock.now() // MICROS

    def work(self) -> None:
        """What the worker does until there is nothing left to do."""
        for task in (packing.roll_up, packing.seal):
            for _ in range(20):
                task(self.store)

    def pass_time(self, seconds: int) -> None:
        """Let time pass, a working day's nights included."""
        while seconds > 0:
            self.clock.advance(min(seconds, 12 * HOUR))
            seconds -= 12 * HOUR
            self.work()

    def counts(self) -> tuple[int, int, int]:
        """Raw rows, reports in packed hours, days whose hours are joined."""
        with self.store.read() as connection:
            return (
                connection.scalar(select(func.count()).select_from(SAMPLES["device"])) or 0,
                connection.scalar(select(func.sum(sealed.c.reports))) or 0,
                connection.scalar(select(func.count()).select_from(rollup)) or 0,
            )

    def series(self, metric: str, since: int, until: int, step: int) -> list[tuple[int, float]]:
        with self.store.read() as connection:
            found = History(connection, self.clock.now()).series(
                "device", 7, shown("device")[metric], since, until, step
            )
        return [(point.at, round(point.value, 3)) for point in found]


@pytest.fixture
def kept(store: Store, clock: FixedClock) -> Kept:
    # From the beginning of a day on, so that hours are whole.
    clock.advance(DAY - clock.now() // MICROS % DAY)
    return Kept(store, clock)


def day(kept: Kept, hours: int = 6, every: int = 5 * MINUTE) -> int:
    """Some hours of reports, as they come; answers when they began."""
    chance = random.Random(1)
    begin, counter = kept.now, 10**12
    for step in range(hours * HOUR // every):
        counter += chance.randrange(10**9)
        kept.report(begin + step * every, reachable=chance.random() > 0.1, rx_bytes=counter,
                    clients=chance.randrange(30), uptime_s=1000 + step * every)  # fmt: skip
        kept.clock.advance(every)
    return begin


def same(found: list[tuple[int, float]], wanted: list[tuple[int, float]]) -> bool:
    """Equal but for the tenth of a resolution to which a mean is kept."""
    assert [at for at, _ in found] == [at for at, _ in wanted]
    assert [value for _, value in found] == pytest.approx([v for _, v in wanted], abs=0.06)
    return True


@pytest.mark.parametrize("metric", ["clients", "rx_bps", "reachable", "uptime_s"])
def test_a_graph_is_the_same_before_and_after_packing(kept: Kept, metric: str) -> None:
    begin, steps = day(kept), (0, 5 * MINUTE, HOUR)
    end = kept.now
    fresh = [kept.series(metric, begin, end, step) for step in steps]
    assert [len(points) for points in fresh] in ([72, 72, 6], [71, 71, 6])
    kept.pass_time(2 * HOUR)
    assert kept.counts() == (72, 0, 0)
    rolled = [kept.series(metric, begin, end, step) for step in steps]
    assert all(map(same, rolled, fresh))
    kept.pass_time(3 * DAY)
    assert kept.counts() == (0, 72, 1)
    packed = [kept.series(metric, begin, end, step) for step in steps]
    assert all(map(same, packed, fresh))


def test_a_report_that_comes_late_lands_in_its_own_time(kept: Kept) -> None:
    begin = day(kept)
    kept.pass_time(2 * HOUR)
    kept.report(begin + 150, clients=1000)
    kept.work()
    assert kept.series("clients", begin, begin + 300, 300)[0][1] > 300
    kept.pass_time(3 * DAY)
    kept.report(begin + 160, clients=100_000)
    kept.work()
    kept.pass_time(DAY)
    assert kept.counts() == (0, 74, 1)
    assert [value for _, value in kept.series("clients", begin + 150, begin + 161, 0)] == [
        1000, 100_000,
    ]  # fmt: skip
    assert kept.series("clients", begin, begin + 300, 300)[0][1] > 30_000


def test_the_rate_of_the_next_hour_learns_of_a_late_reading(kept: Kept) -> None:
    begin = kept.now
    kept.report(begin + HOUR + 60, rx_bytes=60_000)
    kept.pass_time(3 * HOUR)
    assert kept.series("rx_bps", begin, begin + 2 * HOUR, 300) == []
    kept.report(begin + HOUR - 60, rx_bytes=0)
    kept.work()
    assert kept.series("rx_bps", begin, begin + 2 * HOUR, 300) == [(begin + HOUR, 4000.0)]


def test_a_crash_in_the_middle_of_packing_loses_and_doubles_nothing(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    day(kept, hours=3)
    done: list[int] = []

    def stumble(inner: Callable[..., bytes]) -> Callable[..., bytes]:
        def pack(*arguments: Any) -> bytes:
            done.append(1)
            if len(done) == 2:
                raise OSError("the power went")
            return inner(*arguments)

        return pack

    monkeypatch.setattr(raw, "pack_hour", stumble(raw.pack_hour))
    kept.clock.advance(3 * DAY)
    with pytest.raises(OSError, match="power"):
        packing.seal(kept.store)
    assert kept.counts() == (36, 0, 0)
    kept.work()
    assert kept.counts()[:2] == (0, 36)


def test_each_grain_is_forgotten_in_its_time(kept: Kept) -> None:
    begin = day(kept)
    settings = kept.store.settings.telemetry
    kept.pass_time(3 * DAY)
    assert kept.counts() == (0, 72, 1)
    kept.clock.advance(settings.sealed_days * DAY)
    kept.pass_time(3 * DAY)
    assert kept.counts() == (0, 0, 1)
    assert len(kept.series("clients", begin, begin + 6 * HOUR, 300)) == 72
    kept.clock.advance(settings.fine_days * DAY)
    kept.pass_time(3 * DAY)
    assert len(kept.series("clients", begin, begin + 6 * HOUR, 300)) == 6
    assert len(kept.series("clients", begin, begin + 6 * HOUR, HOUR)) == 6
    kept.clock.advance(settings.hourly_days * DAY)
    kept.pass_time(3 * DAY)
    assert kept.counts() == (0, 0, 0)


def test_texts_and_exact_times_survive_packing(kept: Kept) -> None:
    begin = kept.now
    kept.report(begin + 1, reachable=False, error="no answer")
    kept.report(begin + 2, reachable=True)
    kept.pass_time(3 * DAY)
    with kept.store.read() as connection:
        data, hour = connection.execute(select(sealed.c.data, sealed.c.hour)).one()
    chunk = raw.Chunk(data)
    assert raw.times_of(chunk, hour) == [(begin + 1) * MICROS, (begin + 2) * MICROS]
    assert raw.unpack_texts(chunk, "error") == ["no answer", None]
    assert raw.unpack_texts(chunk, "source") == ["snmp", "snmp"]


def test_availability_tells_down_from_not_measured(kept: Kept) -> None:
    begin = kept.now
    for minute in range(0, 60, 5):
        if minute < 45:
            kept.report(begin + minute * MINUTE, reachable=minute >= 15)
    kept.pass_time(3 * HOUR)
    with kept.store.read() as connection:
        history = History(connection, kept.clock.now())
        found = history.availability("device", 7, begin, begin + HOUR)
        lesson = history.availability("device", 7, begin, begin + HOUR, lambda at: at < begin + 900)
    assert found == (30 * MINUTE, 15 * MINUTE, 15 * MINUTE)
    assert found.share == pytest.approx(2 / 3)
    assert lesson == (0, 15 * MINUTE, 0)


def test_a_percentile_is_a_value_that_was_there(kept: Kept) -> None:
    begin = kept.now
    for step in range(20):
        kept.report(begin + step * 5 * MINUTE, cpu_percent=(step + 1) * 10)
    kept.pass_time(3 * HOUR)
    with kept.store.read() as connection:
        history = History(connection, kept.clock.now())
        for share, wanted in ((0.95, 19.0), (0.5, 10.0), (0.0, 1.0), (1.0, 20.0)):
            found = history.percentile("device", 7, shown("device")["cpu_percent"], share,
                                       begin, begin + 2 * HOUR)  # fmt: skip
            assert found == wanted


def test_on_postgresql_each_day_has_a_partition_that_is_dropped_when_it_is_packed(
    kept: Kept,
) -> None:
    if not kept.store.is_postgresql:
        pytest.skip("SQLite has no partitions")
    keep_ready(kept.store)
    today = kept.now // DAY
    kept.clock.advance(DAY)
    begin = day(kept, hours=2)

    def days() -> set[int]:
        with kept.store.read() as connection:
            return partitions(connection, "sample_device")

    def rest() -> int:
        with kept.store.read() as connection:
            return connection.scalar(text("SELECT count(*) FROM sample_device_rest")) or 0

    assert days() == {today + 1, today + 2, today + 3}
    assert rest() == 0
    kept.report(begin - 20 * DAY, clients=1)
    assert rest() == 1
    kept.pass_time(5 * DAY)
    keep_ready(kept.store)
    now = kept.now // DAY
    assert days() == {now + 1, now + 2, now + 3}
    assert kept.counts()[:2] == (0, 25)
