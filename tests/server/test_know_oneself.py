"""Who somebody is, and what they may do for a time."""

from __future__ import annotations

from dataclasses import replace

from fastapi.testclient import TestClient

from schoolops.core.permissions import Actor, Grant, Scope
from schoolops.db.engine import Store
from schoolops.server.app import Door, make_app


def test_rights_for_a_time_are_listed_with_their_end(store: Store) -> None:
    application = make_app(store, background=False)
    lent = Grant(
        frozenset({"passwords.reset"}),
        Scope(classes=frozenset({"164800/5a"})),
        "delegation 12",
        until=1_795_507_200_000_000,
    )
    usual = Actor.of("lena", "teacher", schools=["164800"])
    somebody = replace(usual, grants=(*usual.grants, lent))
    application.state.authenticate = lambda request: somebody
    with TestClient(Door(application, local=True)) as client:
        me = client.get("/v1/me").json()
        application.state.authenticate = lambda request: usual
        assert client.get("/v1/me").json()["for_a_time"] == []
    (one,) = me["for_a_time"]
    assert one["may"] == ["passwords.reset"]
    assert one["source"] == "delegation 12"
    assert one["until"].startswith("2026-11-24T")
    assert "5a" in one["scope"]
