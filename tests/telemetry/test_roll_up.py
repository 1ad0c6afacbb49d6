"""Counters become rates, readings become buckets, and nothing is booked that was no traffic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolops.telemetry.chunks import Chunk
from schoolops.telemetry.rollups import (
    Bucket,
    Readings,
    coarsen,
    open_all,
    open_buckets,
    pack_buckets,
    rates,
    roll,
)

S = 1_000_000
MINUTE = 60 * S


def minutes(*values: int | None) -> tuple[list[int], list[int | None]]:
    return [place * MINUTE for place in range(len(values))], list(values)


def test_a_rate_is_what_came_since_the_reading_before() -> None:
    assert rates(*minutes(1000, 1600, 1600), 8.0) == [None, 80.0, 0.0]


def test_a_reading_that_is_missing_is_bridged() -> None:
    assert rates(*minutes(0, None, 1200), 1.0) == [None, None, 10.0]


def test_a_counter_of_32_bits_that_wrapped_goes_on() -> None:
    assert rates(*minutes(2**32 - 600, 600), 1.0) == [None, 20.0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (10**12, 500),  # rebooted: a counter of 64 bits does not wrap
        (2**31 - 1, 0),  # set back below the upper half
        (2**32 - 1, 2**31),  # came half the range further in a minute: no line does that
        (0, 2**62),  # another counter altogether
    ],
)
def test_a_counter_that_was_set_back_says_nothing(before: int, after: int) -> None:
    assert rates(*minutes(before, after), 8.0) == [None, None]


def test_a_reboot_is_no_traffic_even_if_the_counter_is_larger_after_it() -> None:
    times, counter = minutes(1000, 2_000_000)
    assert rates(times, counter, 8.0, [86_400, 12]) == [None, None]


def test_a_gap_of_more_than_a_quarter_of_an_hour_has_no_rate() -> None:
    assert rates([0, 901 * S], [0, 10**9], 8.0) == [None, None]
    assert rates([0, 900 * S], [0, 900], 8.0) == [None, 8.0]


@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 10**9)), min_size=1, max_size=50),
    st.integers(0, 2**40),
)
def test_what_the_rates_add_up_to_is_what_was_counted(
    steps: list[tuple[int, int]], start: int
) -> None:
    times, counter = [0], [start]
    for seconds, count in steps:
        times.append(times[-1] + seconds * S)
        counter.append(counter[-1] + count)
    found = rates(times, counter, 1.0)
    counted = sum(rate * seconds for rate, (seconds, _) in zip(found[1:], steps, strict=True))
    assert counted == pytest.approx(counter[-1] - start)


@given(st.lists(st.integers(0, 2**40), min_size=2, max_size=60))
def test_no_rate_is_negative_whatever_a_counter_does(counter: list[int]) -> None:
    times = [place * MINUTE for place in range(len(counter))]
    assert all(rate is None or rate >= 0 for rate in rates(times, counter, 8.0))


# --- buckets ----------------------------------------------------------------------------------


def test_readings_fall_into_the_five_minutes_they_were_made_in() -> None:
    readings = Readings(
        [0, 299 * S, 300 * S, 899 * S], {"clients": [1, 4, None, 9], "reachable": [1, 0, 1, 1]}
    )
    found = roll("device", readings, 0, 900)
    assert found["clients"] == {0: Bucket(2, 2.5, 1, 4), 600: Bucket(1, 9.0, 9, 9)}
    assert found["reachable"][0] == Bucket(2, 0.5, 0, 1)
    assert {at: bucket.reports for at, bucket in found[""].items()} == {0: 2, 300: 1, 600: 1}


def test_the_first_rate_of_a_span_begins_with_the_reading_before_it() -> None:
    readings = Readings([0, 300 * S], {"rx_bytes": [0, 3000]})
    assert roll("device", readings, 300, 600)["rx_bps"] == {300: Bucket(1, 80.0, 80, 80)}


def test_an_hour_weighs_its_parts_by_their_reports() -> None:
    assert coarsen({0: Bucket(3, 1.0, 1, 1), 3300: Bucket(1, 5.0, 5, 5)}) == {
        0: Bucket(4, 2.0, 1, 5)
    }


@st.composite
def buckets(draw: st.DrawFn) -> dict[int, Bucket]:
    found = {}
    for place in draw(st.sets(st.integers(0, 287), min_size=1)):
        values = draw(st.lists(st.integers(-(10**6), 10**12), min_size=1, max_size=5))
        mean = round(sum(values) / len(values) * 10) / 10
        found[place * 300] = Bucket(len(values), mean, min(values), max(values))
    return found


@given(buckets(), buckets())
def test_packed_buckets_come_out_again(clients: dict[int, Bucket], cpu: dict[int, Bucket]) -> None:
    packed = pack_buckets({"": clients, "clients": clients, "cpu_percent": cpu})
    for name, wanted in (("clients", clients), ("cpu_percent", cpu)):
        found = open_buckets(Chunk(packed), name)
        assert found.keys() == wanted.keys()
        for at, bucket in found.items():
            assert bucket.mean == pytest.approx(wanted[at].mean, abs=0.051)
            assert bucket._replace(mean=0) == wanted[at]._replace(mean=0)
    assert open_all(packed).keys() == {"", "clients", "cpu_percent"}
