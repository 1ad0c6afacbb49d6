"""Every role at every operation, at the own school and at a foreign one.

The cases are made from the OpenAPI document: an operation without a rule, or one that this
page has no request for, fails. What is expected follows from the rule and from the roles alone.
"""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update

from inventory.kinds import BY_PLURAL, KINDS
from schoolops.calendar import service as calendar
from schoolops.calendar.schemas import NewDay
from schoolops.core.ids import uuid7
from schoolops.core.permissions import PERSON_ROLES, ROLES, SYSTEM, Actor
from schoolops.db.engine import Store
from schoolops.estate import places
from schoolops.estate.models import TABLES
from schoolops.estate.service import Inventory
from schoolops.fleet.models import discovered
from schoolops.server.app import Door, make_app
from schoolops.tickets import photos
from schoolops.tickets.models import ticket, ticket_mail
from tests.server.two_schools import AUTHORITIES, FOREIGN, OTHER, OWN, World, furnish
from tests.tickets.pictures import png_with_text

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def world(store: Store) -> World:
    made = World()
    with store.write(SYSTEM) as unit:
        for number in (OWN, OTHER):
            furnish(Inventory(unit), made, number, FOREIGN if number == OTHER else "Eigen")
    return made


@pytest.fixture
def application(store: Store) -> Any:
    return make_app(store, background=False)


@pytest.fixture
def client(application: Any) -> Iterator[TestClient]:
    with TestClient(Door(application, local=True), raise_server_exceptions=False) as made:
        yield made


Body = Callable[[World, str, str], Any]
STALE = {"version": 999_999}

BODIES: dict[str, Body] = {
    "create_token": lambda w, k, s: {"name": w.next(), "role": "viewer"},
    "delegate": lambda w, k, s: {"receiver": "nobody", "permissions": ["estate.read"],
                                 "school": s, "until": "2026-12-01T00:00:00Z", "reason": "x"},
    "ask_for_emergency_access": lambda w, k, s: {
        "school": OWN, "permissions": ["estate.read"], "hours": 1, "reason": "the school is dark"},
    "send_test_mail": lambda w, k, s: {"address": "x@city.example"},
    "retry_mail": lambda w, k, s: {"ids": ["x"]},
    "decide": lambda w, k, s: {"approve": False, "note": ""},
    "invite_agent": lambda w, k, s: {"school": s, "name": w.next()},
    "ask_agent": lambda w, k, s: {"kind": "diagnostics"},
    "revoke_agent": lambda w, k, s: {"reason": "lost"},
    "adopt_device": lambda w, k, s: {"values": {}},
    "book_reports": lambda w, k, s: {},
    "join": lambda w, k, s: {"code": "AAAA-AAAA-AAAA", "version": "1"},
    "create_record": lambda w, k, s: {"values": {"nonsense": w.next(), "school": s}},
    "make_download": lambda w, k, s: {"plural": "rooms", "format": "csv"},
    "change_in_bulk": lambda w, k, s: {"ids": [w.ids[k, s]], "values": {}, "dry_run": True},
    "move_device": lambda w, k, s: STALE,
    "retire_record": lambda w, k, s: {**STALE, "reason": "x"},
    "reinstate_record": lambda w, k, s: STALE,
    "set_secret": lambda w, k, s: {"secret": "x"},
    "edit_record": lambda w, k, s: {**STALE, "values": {"notes": "x"}},
    "close_incident": lambda w, k, s: {"text": " "},
    "write_note": lambda w, k, s: {"text": "x"},
    "try_rules": lambda w, k, s: {"school": s, "hours": 1},
    "plan_window": lambda w, k, s: {"school": s, "reason": "x", "every": "sun=02:00-03:00"},
    "plan_on_call": lambda w, k, s: {"username": "nobody", "every": "daily"},
    "acknowledge": lambda w, k, s: {},
    "set_bell_times": lambda w, k, s: {"bells": []},
    "add_day": lambda w, k, s: {"kind": "exam", "first": "2026-12-01"},
    "issue_proof": lambda w, k, s: {"month": "2099-01"},
    "add_day_of_all": lambda w, k, s: {"kind": "exam", "first": "2026-12-01"},
    "open_ticket": lambda w, k, s: {"school": s, "text": "x"},
    "write_article": lambda w, k, s: {"title": "x", "text": "x"},
    "reply_to_ticket": lambda w, k, s: {"text": "x"},
    "change_ticket": lambda w, k, s: {"state": "open"},
    "assign_ticket": lambda w, k, s: {"username": ""},
    "prioritise_ticket": lambda w, k, s: {"priority": "P3"},
    "join_ticket": lambda w, k, s: {},
    "accept_ticket_mail": lambda w, k, s: {},
    "link_ticket": lambda w, k, s: {"ticket": w.ids["ticket", s]},
    "link_incident": lambda w, k, s: {},
    "answer_reporters": lambda w, k, s: {"text": "x"},
    "make_code": lambda w, k, s: {"renew": True},
}  # fmt: skip
"""What is sent where something is sent: harmless, so that each case finds the same world."""

QUERIES: dict[str, dict[str, str]] = {
    "suggest": {"text": "beamer"},
    "read_series": {"metric": "cpu_percent"},
    "import_file": {"filename": "x.csv", "dry_run": "true"},
    "import_days": {"dry_run": "true"},
    "import_lessons": {"dry_run": "true"},
    "read_proof": {"month": "2026-10"},
    "read_proof_csv": {"month": "2026-10"},
    "explain_access": {"permission": "estate.read"},
    "read_answers": {"language": "en"},
    "ask": {"query": "1"},
    "ask_range": {"query": "1", "start": "0", "end": "1", "step": "1"},
    "list_series": {"match[]": "schoolops_device_clients"},
}
FILES = {
    "import_file": b"name\n",
    "import_days": b"BEGIN:VCALENDAR\nEND:VCALENDAR\n",
    "import_lessons": b'1,"5a","X","M","1",1,1\n',
}
FORMS = {"post_query": QUERIES["ask"], "post_query_range": QUERIES["ask_range"]}
SKIPPED = {"stream_changes": "never ends", "make_backup": "takes seconds; its scope is tested"}
NOT_ABOUT_A_PLACE = {"create_record", "import_file", "change_in_bulk"}
"""Which school it is stands in what is sent: tested by `test_see_only_what_is_yours`."""


@dataclass(frozen=True)
class Case:
    """One operation on one kind."""

    name: str
    method: str
    path: str
    rule: dict[str, Any]
    kind: str
    has_body: bool

    @property
    def permission(self) -> str | None:
        if "kinds" in self.rule:
            return str(self.rule["kinds"][KINDS[self.kind].plural])
        return self.rule.get("permission")

    @property
    def of_one(self) -> bool:
        return "{id}" in self.path


def cases(application: Any) -> Iterator[Case]:
    document = application.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS, "an operation of a new method: think about its rule"
            rule = operation["x-permission"]
            name = operation["operationId"].split("_v1_")[0]
            if name in SKIPPED:
                continue
            has_body = "application/json" in operation.get("requestBody", {}).get("content", {})
            assert not has_body or name in BODIES, f"no request for {name}"
            kinds = [BY_PLURAL[plural].name for plural in rule.get("kinds", ())]
            if "{subject}" in path:
                kinds = ["device", "uplink", "agent"]
            for kind in kinds or [_kind_of(path)]:
                yield Case(name, method, path, rule, kind, has_body)


def _kind_of(path: str) -> str:
    known = BY_PLURAL.get(path.split("/")[2])
    return known.name if known else "school"


def send(client: TestClient, world: World, case: Case, school: str) -> Any:
    plural = KINDS[case.kind].plural
    path = case.path.replace("{plural}", plural).replace("{subject}", plural)
    path = path.replace("{id}", world.ids.get((case.kind, school), "x"))
    if case.name == "read_ticket_file":
        path = path.replace("{name}", photo_of(client, world.ids["ticket", school]))
    path = path.replace("{name}", "nobody").replace("{token}", "x")
    if case.name == "remove_day":
        path = path.replace("{day}", exam_at(client, school))
    path = path.replace("{day}", "x")
    if case.name == "read_code":
        with client.app.app.state.store.write() as unit:
            places.make(unit, world.ids[case.kind, school], "", case.kind)
    if case.name.endswith("_ticket_mail") and "{id}" in case.path:
        path = case.path.replace("{id}", mail_at(client, world, school))
    query = dict(QUERIES.get(case.name, {}))
    if case.name == "read_rows":
        query["ids"] = ",".join(uid for (k, _), uid in world.ids.items() if k == case.kind)
    body = BODIES[case.name](world, case.kind, school) if case.has_body else None
    content = FILES.get(case.name)
    answer = client.request(
        case.method, path, params=query, json=body, content=content, data=FORMS.get(case.name)
    )
    if case.name == "ignore_device":
        with client.app.app.state.store.write() as unit:  # the next case finds it again
            unit.connection.execute(update(discovered).values(ignored=0))
    return answer


def photo_of(client: TestClient, uid: str) -> str:
    """The id of a photo of a ticket, sent just now."""
    with client.app.app.state.store.write() as unit:
        row = unit.connection.execute(select(ticket).where(ticket.c.uid == uid)).one()
        return photos.keep(unit, row, png_with_text())


def mail_at(client: TestClient, world: World, school: str) -> str:
    """The id of a mail that waits for a decision at a school, just come."""
    with client.app.app.state.store.write() as unit:
        uid, schools = uuid7(), TABLES["school"].c
        at = unit.connection.scalar(select(schools.id).where(schools.number == school))
        row = {"uid": uid, "mailbox": "x", "message_id": uid, "given_id": uid, "at": unit.now,
               "state": "quarantine", "school_id": at,
               "raw": zlib.compress(b"From: x\n\nx")}  # fmt: skip
        unit.connection.execute(insert(ticket_mail), row)
    return uid


def exam_at(client: TestClient, school: str) -> str:
    """The id of an exam at a school, entered just now."""
    new = NewDay(kind="exam", first=dt.date(2026, 12, 1))
    with client.app.app.state.store.write() as unit:
        return str(calendar.add_day(unit, school, new)["id"])


def actors(role: str) -> Iterator[Actor]:
    """The role at the own school or authority, and, where it can be held so, in the whole city."""
    if ROLES[role].level == "city":
        yield Actor.of("p", role, authority=AUTHORITIES[OWN])
        yield Actor.of("p", role)
    else:
        yield Actor.of("p", role, schools=[OWN], classes=[f"{OWN}/5a"])


@pytest.mark.parametrize("role", PERSON_ROLES)
def test_a_role_does_what_its_rule_says_and_nothing_more(
    role: str, application: Any, client: TestClient, world: World
) -> None:
    wrong: list[str] = []
    for actor in actors(role):
        application.state.authenticate = lambda request, actor=actor: actor
        for case in cases(application):
            for school in (OWN, OTHER):
                answer = send(client, world, case, school)
                problem = judge(actor, case, school, answer)
                if problem:
                    wrong.append(f"{case.method} {case.path} of {case.kind} at {school} "
                                 f"({actor.whole_scope()}): {problem}: {answer.status_code} "
                                 f"{answer.text[:160]}")  # fmt: skip
    assert not wrong, "\n".join(wrong)


def judge(actor: Actor, case: Case, school: str, answer: Any) -> str:
    """What is wrong with an answer, or ''."""
    status = answer.status_code
    if status >= 500:
        return "the server failed"
    if not actor.whole_scope().covers(OTHER, AUTHORITIES[OTHER]) and FOREIGN in answer.text:
        return "it tells of another school"
    if "agents" in case.rule:
        return "" if status in (401, 422) else "a person comes in as an agent"
    if "open" in case.rule or "signed_in" in case.rule or case.permission == "":
        return "" if status != 401 else "it wants a sign-in"
    permission = case.permission or ""
    if not actor.may(permission):
        return "" if status == 403 else "it should be refused"
    if case.name == "export_chain" and not actor.sees(permission, "oversight", "core"):
        return "" if status == 403 else "it tells of persons"
    if case.rule["scope"] == "city":
        allowed = actor.scope(permission).everywhere
        return "" if (status != 403) == allowed else "city"
    if case.of_one and case.name not in NOT_ABOUT_A_PLACE:
        here = actor.scope(permission).covers(school, AUTHORITIES[school])
        if case.kind == "event":
            return ""
        refused = status in (403, 404)
        return "" if refused != here else f"{'should' if here else 'should not'} be allowed"
    return "" if status not in (401, 403) or case.has_body else "it should be allowed"


def test_nobody_comes_in_without_a_sign_in(
    application: Any, world: World, client: TestClient
) -> None:
    far = TestClient(Door(application, local=False), raise_server_exceptions=False)
    for case in cases(application):
        answer = send(far, world, case, OWN)
        if "open" in case.rule:
            assert answer.status_code not in (401, 403), case
        elif answer.status_code != 429:  # by then there were many tries
            assert answer.status_code in (401, 422), (case, answer.text)
            assert "Eigen" not in answer.text
        application.state.guesses.__init__()


def test_an_operation_without_a_rule_keeps_the_server_from_starting(
    store: Store,
) -> None:
    from schoolops.server import general

    before = list(general.router.routes)
    general.router.get("/forgotten")(lambda: None)
    try:
        with pytest.raises(LookupError, match="GET /forgotten"):
            make_app(store, background=False)
    finally:
        general.router.routes[:] = before


def test_the_document_is_json(application: Any) -> None:
    assert json.loads(json.dumps(application.openapi()))["paths"]
