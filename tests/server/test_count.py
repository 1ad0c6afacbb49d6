"""The overview's numbers are those of the lists behind them."""

from __future__ import annotations

from typing import Any

from tests.server.conftest import Api
from tui.counts import LINES, STATES, Counts, query


def test_every_number_of_the_overview_has_as_many_rows_behind_it(api: Api, room: Any) -> None:
    api.create("schools", number="164801", name="Alte Schule", operating="closed")
    api.create("schools", number="164802", name="Neue Schule", operating="open")
    for name, state in (("a", "active"), ("b", "planned"), ("c", "ended"), ("d", None)):
        api.create("uplinks", school="164800", name=name, **({"state": state} if state else {}))
    api.create("ipads", serial="I1", school="164800")
    gone = api.create("access-points", serial="A1", school="164800")
    api.create("access-points", serial="A2", school="164801")
    api.post(f"/devices/{gone['id']}/retire", {"version": gone["version"], "reason": "stolen"})
    for name in ("one", "two"):
        api.post("/agents/invite", {"school": "164800", "name": name}, 201)
    api.post("/agents/two/revoke", {"reason": "lost"}, 204)
    overview = api.get("/overview")
    shown = Counts()
    shown.counts, shown.discovered = overview["counts"], overview["discovered"]
    for _digit, plural, _label in LINES:
        numbers = shown.numbers(plural)
        assert numbers is not None
        for state in numbers.keys() & set(STATES):
            rows = api.get(f"/{plural}/count", q=query(plural, state))["count"]
            assert numbers[state] == rows, (plural, state)
    assert overview["counts"]["schools"]["idle"] == 1
    assert overview["counts"]["uplinks"]["idle"] == 3
    assert len(overview["schools"]) == 2
