"""Default deny: a token shows its scope and role, and nothing else."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from schoolops.core.clock import FixedClock
from schoolops.core.permissions import Actor, Grant, Scope
from schoolops.db.engine import Store
from tests.server.conftest import Api


def test_without_a_token_nothing_is_shown_over_the_network(remote: TestClient) -> None:
    stranger = Api(remote)
    for path in ("/schools", "/overview", "/audit", "/agents", "/changes/cursor", "/tokens"):
        assert stranger.get(path, 401)["code"] == "auth.required"
    assert stranger.get("/live")["ok"] is True


def test_a_token_of_one_school_sees_that_school(two_schools: None, token: Any) -> None:
    person = token("sek", "school-admin", schools=["164800"])
    assert [row[1] for row in person.get("/ipads")["rows"]] == ["OURS"]
    assert person.get("/ipads/count")["count"] == 1
    assert person.get("/devices/THEIRS", 404)["code"] == "estate.unknown"
    assert "THEIRS" not in person.call_raw("/devices/export")
    assert [s["key"] for s in person.get("/overview")["schools"]] == ["164800"]


def test_a_token_of_an_authority_sees_its_schools(two_schools: None, token: Any) -> None:
    person = token("amt", "viewer", authority="10042")
    assert [row[1] for row in person.get("/schools")["rows"]] == ["164800"]


def test_an_authority_gives_no_school_away(two_schools: None, token: Any) -> None:
    """Neither singly nor with others nor by a file: it could not take it back."""
    person = token("traeger", "authority-admin", authority="10042")
    school = person.get("/schools/164800")
    refused = person.edit("schools", school, 403, authority="10099")
    assert "10042" in refused["detail"]
    given = {"ids": [school["id"]], "values": {"authority": "10099"}, "dry_run": False}
    (row,) = person.post("/schools/bulk", given, 200)["rows"]
    assert row["outcome"] == "refused"
    report = person.upload("schools", "s.csv", b"number;name;authority\n164800;Rhein;10099\n")
    assert (report["changed"], report["refused"]) == (0, 1)
    assert person.get("/schools/164800")["values"]["authority"] == "10042"


def test_a_role_that_may_not_write_is_refused(two_schools: None, token: Any, api: Api) -> None:
    viewer = token("guest", "viewer")
    assert viewer.get("/me")["read_only"] is True
    device = api.get("/devices/OURS")
    assert viewer.edit("devices", device, 403, owner="me")["code"] == "auth.forbidden"
    viewer.create("ipads", 403, serial="X", school="164800")
    viewer.post("/tokens", {"name": "x", "role": "authority-admin"}, 403)
    viewer.post("/agents/invite", {"school": "164800"}, 403)
    viewer.post("/backups", None, 403)


def test_who_decides_proposals_is_no_mere_reader(token: Any) -> None:
    assert token("dsb", "data-protection-officer").get("/me")["read_only"] is False
    assert token("rpa", "auditor").get("/me")["read_only"] is True


def test_the_service_provider_sees_equipment_and_no_person(two_schools: None, token: Any) -> None:
    provider = token("netz-gmbh", "service-provider")
    assert provider.get("/ipads/count")["count"] == 2
    provider.get("/contacts", 403)
    provider.get("/contacts/count", 403)
    provider.get("/contacts/export", 403)
    provider.get("/audit", 403)


def test_a_school_writes_its_own_contacts_only(two_schools: None, token: Any) -> None:
    person = token("sek2", "school-admin", schools=["164800"])
    person.create("contacts", school="164800", role="caretaker", name="H. Meister")
    # A school that may not be seen is not there; a refusal would tell that it is.
    person.create("contacts", 422, school="164801", role="caretaker", name="H. Meister")
    report = person.upload(
        "contacts",
        "c.csv",
        b"school;role;name\n164800;secretary;A. Neu\n164801;secretary;B. Fremd\n",
    )
    assert (report["new"], report["refused"]) == (1, 1)


def test_a_revoked_or_expired_token_is_told_so(
    api: Api, token: Any, remote: TestClient, clock: FixedClock
) -> None:
    person = token("m.weber", "authority-admin")
    person.get("/schools")
    api.call("DELETE", "/tokens/m.weber", 204)
    assert "revoked" in person.get("/schools", 401)["detail"]
    other = token("kurz", "viewer", days=1)
    clock.advance(2 * 86400)
    assert "expired" in other.get("/schools", 401)["detail"]


def test_a_name_is_never_given_to_somebody_else(api: Api, token: Any) -> None:
    token("m.weber", "viewer")
    api.call("DELETE", "/tokens/m.weber", 204)
    api.post("/tokens", {"name": "m.weber", "role": "viewer"}, 409)


def test_nothing_of_another_school_can_be_named_or_probed(two_schools: None, token: Any) -> None:
    person = token("netz", "service-provider", schools=["164800"])
    body = {"serial": "NEW", "school": "164800", "kind": "ipad"}
    foreign = person.create("devices", 422, **body, parent="THEIRS")["errors"]["parent"]
    missing = person.create("devices", 422, **body, parent="NOBODY")["errors"]["parent"]
    assert foreign.replace("THEIRS", "NOBODY") == missing
    bulk = {"q": "", "values": {"parent": "THEIRS"}}
    assert "parent" in person.post("/devices/bulk", bulk, 422)["errors"]
    data = b"kind;serial;school;parent\nipad;NEW;164800;THEIRS\n"
    assert person.upload("devices", "d.csv", data)["refused"] == 1


def test_what_concerns_the_whole_city_is_not_for_an_administrator_of_one_school(
    two_schools: None, token: Any
) -> None:
    person = token("one", "authority-admin", schools=["164800"])
    person.get("/tokens", 403)
    person.call("DELETE", "/tokens/one", 403)
    person.get("/backups", 403)
    person.post("/backups", None, 403)


def test_the_role_of_a_school_is_never_given_for_all_schools(api: Api) -> None:
    assert "--schools" in api.post("/tokens", {"name": "x", "role": "school-admin"}, 422)["detail"]


def test_tokens_are_listed_without_their_secret(api: Api, token: Any) -> None:
    person = token("m.weber", "viewer")
    listed = api.get("/tokens")
    assert listed["tokens"][0]["name"] == "m.weber"
    secret = person.headers["Authorization"].split()[1]
    assert secret not in str(listed)
    assert secret not in str(api.get("/audit"))


def test_edits_stand_under_the_persons_own_name(two_schools: None, token: Any, api: Api) -> None:
    person = token("m.weber", "authority-admin")
    edited = person.edit("devices", api.get("/devices/OURS"), owner="Cart 1")
    assert edited["updated_by"] == "m.weber"
    assert api.get("/audit")["rows"][0][5] == "m.weber"


def test_a_stream_tells_nothing_more_once_a_right_has_ended(
    two_schools: None, api: Api, store: Store, clock: FixedClock
) -> None:
    from schoolops.server.stream import _read

    place = Scope(schools=frozenset({"164800"}))
    until = clock.now() + 3600 * 1_000_000
    actor = Actor("p", (Grant(frozenset({"estate.read"}), place, "delegation 1", until),))
    after, _ = _read(store, actor, -1)
    api.create("ipads", serial="BEFORE", school="164800")
    after, told = _read(store, actor, after)
    assert told
    assert b'"school": "164800"' in b"".join(told)
    clock.advance(3601)
    api.create("ipads", serial="AFTER", school="164800")
    _, told = _read(store, actor, after)
    assert b"device" not in b"".join(told or [])
