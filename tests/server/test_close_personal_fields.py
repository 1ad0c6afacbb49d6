"""Whoever runs the equipment reaches no person, by whatever call of the API."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from tests.server.conftest import Api

OWNER, FORMER, HEAD, KEEPER = "Zacharias Amsel", "Yvonne Bussard", "Wilma Drossel", "Vera Elster"
PERSONS = ("Amsel", "Bussard", "Drossel", "Elster", "amsel", "bussard", "drossel", "elster")


@pytest.fixture
def lent(api: Api, room: Any) -> Any:
    """A lent iPad, a service somebody keeps, and a contact."""
    made = api.create("ipads", serial="DMPX1", school="164800", room="164800/2.14", owner=FORMER)
    api.create("services", name="Moodle", owner=KEEPER)
    contact = {"school": "164800", "role": "head", "name": HEAD, "email": "drossel@x.de"}
    api.create("contacts", **contact, phone="0221 1")
    return api.edit("devices", made, owner=OWNER)


@pytest.fixture
def provider(lent: Any, token: Any) -> Api:
    made: Api = token("netz-gmbh", "service-provider")
    return made


def told(api: Api, method: str, path: str, **more: Any) -> str:
    """Whatever is answered, with whatever status."""
    answer = api.client.request(method, f"/v1{path}", headers=api.headers, **more)
    assert answer.status_code < 500
    if answer.content.startswith(b"PK"):
        with ZipFile(BytesIO(answer.content)) as file:
            return "".join(file.read(name).decode() for name in file.namelist())
    return answer.text


def test_no_answer_names_a_person(provider: Api, lent: Any) -> None:
    uid = lent["id"]
    reads = [
        "/devices?columns=serial,owner", "/devices?q=dmpx1", "/ipads?columns=owner",
        f"/devices/rows?ids={uid}&columns=owner", "/devices/DMPX1", f"/devices/{uid}",
        "/devices/DMPX1/history", "/services?columns=owner", "/services/Moodle",
        "/services/Moodle/history", "/contacts", f"/contacts/164800/head/{HEAD}",
        "/contacts/export", "/audit", "/audit/chain", "/accounts", "/rooms/164800/2.14/latest",
        "/overview", "/devices/DMPX1/latest",
        *(f"/devices/export?format={f}&columns={c}"
          for f in ("csv", "json", "xlsx") for c in ("", "serial,owner")),
        *(f"/services/export?format={f}" for f in ("csv", "json", "xlsx")),
        "/devices?sort=owner", "/devices?sort=-owner", "/devices/export?q=owner:*",
    ]  # fmt: skip
    body = f"kind;serial;school;owner\nipad;DMPX1;164800;{OWNER}\n".encode()
    renamed = b"kind;serial;school;name\nipad;DMPX1;164800;lent\n"
    writes = [
        ("POST", "/devices/import?filename=d.csv&dry_run=true", {"content": body}),
        ("POST", "/devices/import?filename=d.csv", {"content": renamed}),
        ("POST", "/devices/bulk", {"json": {"q": "", "values": {"name": "n"}, "dry_run": True}}),
        ("POST", "/devices/bulk", {"json": {"q": "owner:*", "values": {"name": "n"}}}),
        ("POST", "/devices/bulk", {"json": {"q": "", "values": {"owner": None}}}),
        ("PATCH", f"/devices/{uid}", {"json": {"version": 1, "values": {"name": "n"}}}),
        ("PATCH", f"/devices/{uid}", {"json": {"version": 1, "values": {"owner": "n"}}}),
        ("PATCH", f"/devices/{uid}", {"json": {"version": 3, "values": {"name": "m"}}}),
        ("POST", "/devices/DMPX1/move", {"json": {"version": 4, "room": None}}),
        ("POST", "/devices/DMPX1/retire", {"json": {"version": 5, "reason": "lost"}}),
        ("POST", "/devices/DMPX1/reinstate", {"json": {"version": 6}}),
    ]
    answers = [told(provider, "GET", path) for path in reads]
    answers += [told(provider, method, path, **more) for method, path, more in writes]
    link = provider.post("/downloads", {"plural": "devices", "columns": ["owner"]}, 201)["url"]
    answers.append(told(provider, "GET", link.removeprefix("/v1")))
    # What it sent itself stands in its own refusal alone.
    for answer in answers:
        assert not [name for name in PERSONS if name in answer], answer
    assert provider.get("/devices/DMPX1")["version"] == 7


@pytest.mark.parametrize("word", ["amsel", "bussard", '"zacharias amsel"', "amsel,elster"])
def test_words_find_nothing_by_a_person(provider: Api, api: Api, word: str) -> None:
    for plural in ("devices", "services"):
        assert provider.get(f"/{plural}/count", q=word)["count"] == 0
        everything = provider.get(f"/{plural}/count")["count"]
        assert provider.get(f"/{plural}/count", q=f"!{word}")["count"] == everything
    assert api.get("/devices/count", q="amsel")["count"] == 1


def test_filters_and_sorts_by_a_person_are_refused_with_what_to_do(provider: Api) -> None:
    for path, params in (
        ("/devices", {"q": "owner:*amsel*"}), ("/devices/count", {"q": "!owner:"}),
        ("/devices", {"q": "besitzer:amsel"}), ("/devices", {"sort": "owner"}),
        ("/devices/export", {"q": "owner:*"}),
    ):  # fmt: skip
        refused = provider.get(path, 403, **params)
        assert refused["code"] == "auth.field_closed"
        assert "filter and sort without it" in refused["detail"]
    refused = provider.post("/downloads", {"plural": "devices", "q": "owner:*"}, 403)
    assert refused["code"] == "auth.field_closed"


def test_a_record_names_what_is_closed(provider: Api, api: Api) -> None:
    assert provider.get("/devices/DMPX1")["closed"] == ["owner"]
    assert api.get("/devices/DMPX1")["closed"] == []
    assert api.get("/rooms/164800/2.14")["closed"] == []


def test_the_chain_of_the_audit_is_for_those_to_whom_persons_are_open(
    lent: Any, token: Any
) -> None:
    auditor = token("r.pruefer", "auditor")
    refused = auditor.get("/audit/chain", 403)
    assert refused["code"] == "auth.field_closed"
    assert auditor.get("/audit/verify")["ok"]
    assert not [name for name in PERSONS if name in str(auditor.get("/audit"))]
    token("dsb", "data-protection-officer").call_raw("/audit/chain")


def test_no_event_about_a_contact_tells_a_name(api: Api, school: Any) -> None:
    """Singly, in bulk, retired and back: the chain of the audit has the id, never the person."""
    given = {"school": "164800", "role": "head", "name": "Ulla Uhu", "phone": "0211 77"}
    made = api.create("contacts", **given)
    made = api.edit("contacts", made, name="Ulla Zeisig", notes="Frau Zeisig, vormals Uhu")
    body = {"ids": [made["id"]], "values": {"phone": "0211 78"}}
    assert api.post("/contacts/bulk", body)["changed"] == 1
    one = {"version": 3, "reason": "Frau Zeisig ist gegangen"}
    api.post(f"/contacts/{made['id']}/retire", one)
    api.post(f"/contacts/{made['id']}/reinstate", {"version": 4})
    many = {"ids": [made["id"]], "retire": True, "reason": "Zeisig ging"}
    assert api.post("/contacts/bulk", many)["changed"] == 1
    text = "school;role;name\n164800;other;Vera Zeisig\n"
    assert api.upload("contacts", "kontakte.csv", text.encode())["new"] == 1
    events = api.call_raw("/audit?limit=100")
    for word in ("Uhu", "Zeisig", "0211"):
        assert word not in events
    assert events.count(made["id"]) >= 6
    told = api.get(f"/contacts/{made['id']}/history")
    assert told["changes"][-1]["fields"]["name"] == ["Ulla Uhu", "Ulla Zeisig"]
    assert told["created"]["fields"]["name"] == [None, "Ulla Uhu"]
    assert {event["action"] for event in told["events"]} == {
        "create", "edit", "retire", "reinstate",
    }  # fmt: skip


def test_the_audit_s_list_shows_the_id_of_a_contact_to_those_to_whom_it_is_closed(
    api: Api, school: Any, token: Any
) -> None:
    made = api.create("contacts", school="164800", role="head", name="Ulla Uhu")
    auditor = token("r.pruefer", "auditor")
    listed = auditor.get("/audit", q="kind:contact", columns="record")
    assert made["id"] in str(listed["rows"])
