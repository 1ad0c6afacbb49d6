"""Values as people read them, and where schools lie on the map."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inventory.kinds import DEVICE, UPLINK
from tui import cells, describe, i18n, metrics, past
from tui.map import Spot, lay_out


@given(st.text(), st.integers(1, 60), st.booleans())
def test_a_fitted_text_has_exactly_its_width(text: str, width: int, right: bool) -> None:
    assert cell_len(cells.fit(cells.clean(text), width, right)) == width


@given(st.text())
def test_cleaned_text_has_nothing_that_moves_the_cursor(text: str) -> None:
    assert cells.clean(text).isprintable()


def test_times_are_those_of_berlin() -> None:
    assert cells.when("2020-07-01T10:00:00Z", long=True) == "01 Jul 2020 12:00:00"
    assert cells.when("2020-01-01T10:00:00Z", long=True) == "01 Jan 2020 11:00:00"
    i18n.use("de")
    assert cells.when("2020-07-01T10:00:00Z", long=True) == "01.07.2020 12:00:00"


def test_times_are_those_of_another_zone_where_the_settings_name_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SCHOOLOPS_TIMEZONE", "Asia/Tokyo")
    cells._zone.cache_clear()
    try:
        assert cells.when("2020-07-01T10:00:00Z", long=True) == "01 Jul 2020 19:00:00"
    finally:
        cells._zone.cache_clear()


def test_a_stale_state_says_so_and_unknown_does_not_need_to() -> None:
    assert cells.health("ok", "stale") == "● ok old"
    assert cells.health("unknown", "stale") == "? unknown"
    assert cells.health(None) == "? unknown"


def test_values_of_the_inventory() -> None:
    assert cells.shown(UPLINK.field("contract_down_bps"), 10**9) == "1 Gbit/s"
    assert cells.shown(DEVICE.field("room"), "164800/2.14") == "2.14"
    assert cells.shown(DEVICE.field("kind"), "access-point") == "Access point"
    assert cells.shown(DEVICE.field("macs"), ["aa:bb:cc:dd:ee:ff"]) == "aa:bb:cc:dd:ee:ff"
    i18n.use("de")
    assert cells.rate(16_400_000) == "16,4 Mbit/s"
    assert cells.number(46_000) == "46.000"
    assert cells.date("2026-11-24") == "24.11.2026"


def test_measurements_carry_their_unit() -> None:
    assert metrics.shown("uptime_s", 90_000) == "1 d 1 h"
    assert metrics.shown("loss_percent", 0.0) == "0.0 %"
    assert metrics.shown("reachable", False) == "no"
    assert ("Clients", "0") in metrics.lines({"clients": 0, "cpu_percent": None})


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e12)), max_size=300), st.integers(1, 80))
def test_a_sparkline_is_never_wider_and_a_gap_is_blank(
    values: list[float | None], width: int
) -> None:
    drawn = cells.spark(values, width)
    assert len(drawn) <= width
    if values and len(values) <= width:
        assert [c == " " for c in drawn] == [value is None for value in values]


def test_a_graph_shows_when_nothing_was_measured() -> None:
    series = {"since": 0, "until": 600, "step_s": 60, "times": [0, 60, 540], "values": [1, 2, 3]}
    assert describe.spread(series, 20) == [1, 2, *[None] * 7, 3]
    assert describe.spread(series, 5) == [1.5, None, None, None, 3]


def test_the_last_value_at_the_end_of_a_span_still_has_its_column() -> None:
    series = {"since": 0, "until": 600, "step_s": 0, "times": [600], "values": [7]}
    assert describe.spread(series, 4) == [None, None, None, 7]


@given(st.lists(st.integers(0, 3600), min_size=1, unique=True), st.integers(1, 90))
def test_no_measured_value_is_lost_from_a_graph(times: list[int], width: int) -> None:
    series = {"since": 0, "until": 3600, "step_s": 0, "times": sorted(times),
              "values": [1.0] * len(times)}  # fmt: skip
    found = describe.spread(series, width)
    assert len(found) <= width
    assert set(found) <= {1.0, None}
    assert 1.0 in found


def test_from_when_to_when_a_device_stood_somewhere_is_told_in_full() -> None:
    i18n.use("de")
    placements = [
        {"school": "164800", "room": "164800/2.14", "by": "m.weber",
         "from": "2020-09-01T08:00:00Z", "until": None},
        {"school": "164800", "room": None, "by": "a.klein", "note": "Lager",
         "from": "2019-08-01T08:00:00Z", "until": "2020-09-01T08:00:00Z"},
    ]  # fmt: skip
    told = [line.plain for line in past.lines(DEVICE, {"placements": placements})]
    assert "01.09.2020 – heute       164800/2.14   m.weber" in told
    assert "01.08.2019 – 01.09.2020  164800   a.klein  Lager" in told


def test_a_bar_never_claims_more_than_whole() -> None:
    assert cells.bar(2, 1, 4) == "████"
    assert cells.bar(1, 2, 4) == "██░░"
    assert cells.bar(1, 0, 4) == ""


places = st.builds(
    Spot,
    st.uuids().map(str),
    st.just("S"),
    st.sampled_from(["ok", "down", "warning", "unknown"]),
    st.one_of(st.none(), st.floats(51.1, 51.4)),
    st.one_of(st.none(), st.floats(6.7, 6.9)),
)


@given(st.lists(places, max_size=80), st.integers(1, 40), st.integers(1, 12))
def test_every_school_with_a_place_is_on_the_map_once_if_there_is_room(
    spots: list[Spot], width: int, height: int
) -> None:
    found = lay_out(spots, width, height)
    ids = [spot.id for spot in found.values()]
    assert len(ids) == len(set(ids))
    assert all(0 <= x < width and 0 <= y < height for x, y in found)
    placed = [s for s in spots if s.latitude is not None and s.longitude is not None]
    if placed and len(placed) >= len(spots) / 2 and len(placed) <= width * height * 0.9:
        assert len(found) == len(placed)


def test_north_is_up_and_east_is_right_and_the_worst_wins_a_crowded_cell() -> None:
    north_east = Spot("a", "A", "ok", 51.3, 6.9)
    south_west = Spot("b", "B", "ok", 51.1, 6.7)
    assert lay_out([north_east, south_west], 10, 5) == {(9, 0): north_east, (0, 4): south_west}
    many = [Spot(str(n), "S", "ok", 51.2, 6.8) for n in range(9)] + [
        Spot("bad", "S", "down", 51.2, 6.8)
    ]
    assert "bad" in {spot.id for spot in lay_out(many, 2, 2).values()}
