"""What known people try and may not do is summed up in the audit, a person at a time."""

from __future__ import annotations

from typing import Any

from tests.server.conftest import Api


def test_refusals_are_one_event_a_person_and_name_no_address(
    api: Api, remote: Any, application: Any, store: Any
) -> None:
    made = api.post("/tokens", {"name": "guest", "role": "viewer"}, 201)
    guest = Api(remote, made["token"])
    for number in range(5):
        guest.post("/tokens", {"name": f"x{number}", "role": "viewer"}, 403)
    guest.call("DELETE", "/tokens/somebody", 403)
    application.state.refusals.book(store)
    application.state.refusals.book(store)  # nothing new: nothing written
    (row,) = [r for r in api.get("/audit", columns="action,record,detail")["rows"]
              if r[4] == "access refused"]  # fmt: skip
    assert row[5] == "guest"
    assert '"POST /tokens": 5' in row[6]
    assert "somebody" not in row[6]
