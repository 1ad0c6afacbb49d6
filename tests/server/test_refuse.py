"""Whatever comes in, the answer is a problem with a code and a sentence; the server lives on."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.server.conftest import Api


def test_a_body_that_is_too_large_is_refused_before_anybody_is_known(remote: TestClient) -> None:
    answer = remote.post("/v1/tokens", content=b"x" * 8_100_000)
    assert answer.status_code == 413
    assert answer.json()["code"] == "request.too_large"


def test_a_body_of_unknown_length_ends_where_it_is_too_large(remote: TestClient) -> None:
    def endless() -> Any:
        for _ in range(100):
            yield b"x" * 200_000

    assert remote.post("/v1/tokens", content=endless()).status_code in (400, 413)
    assert remote.get("/v1/live").status_code == 200


def test_json_that_is_none_is_named(api: Api, local: TestClient) -> None:
    for content in (b"{", b"[]", b"\xff", b'{"values": 3}', b""):
        answer = local.post("/v1/schools", content=content)
        assert answer.status_code == 422, content
        assert answer.json()["code"] == "request.invalid"


def test_a_wrong_parameter_is_named(api: Api) -> None:
    assert "limit" in api.get("/schools", 422, limit=5000)["detail"]
    assert "offset" in api.get("/schools", 422, offset=-1)["detail"]
    assert "nonsense" in api.get("/schools", 422, columns="nonsense")["detail"]
    assert "nonsense" in api.get("/schools", 422, sort="nonsense")["detail"]


@pytest.mark.parametrize(
    ("path", "given", "said"),
    [
        ("/readiness", {"date": "x"}, "date is a day such as 2026-11-24, not 'x'"),
        ("/lines", {"month": "Oktober"}, "month is written as 2026-10, not 'Oktober'"),
        ("/lines", {"month": "September 26"}, "month is written as 2026-10, not 'September 26'"),
        ("/schools", {"limit": 5000}, "limit is a number up to 1000, not 5000"),
        ("/schools", {"offset": -1}, "offset is a number from 0 on, not -1"),
        ("/schools", {"offset": "viel"}, "offset wants a whole number, not 'viel'"),
    ],
)
def test_what_has_not_the_form_it_should_have_is_told_in_a_sentence(
    api: Api, path: str, given: dict[str, Any], said: str
) -> None:
    problem = api.get(path, 422, **given)
    assert problem["detail"] == said
    assert problem["params"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/incidents/x/notes", {"text": ""}, "text is empty; write something"),
        ("/incidents/x/notes", {}, "text is missing"),
        ("/incidents/x/notes", {"text": "x" * 2001}, "text has at most 2000 characters"),
        ("/alerts/rehearsal", {"school": "1", "hours": -5}, "hours is a number from 1 on, not -5"),
        ("/windows", {"kind": "pause", "reason": "x"}, "kind is one of maintenance, freeze"),
        ("/windows", {"ends": "bald", "reason": "x"}, "ends is a time such as 2026-11-24T07"),
    ],
)
def test_a_wrong_body_is_told_in_a_sentence(
    api: Api, path: str, body: dict[str, Any], said: str
) -> None:
    assert api.post(path, body, 422)["detail"].startswith(said)


def test_a_wrong_filter_names_the_right_keys_and_the_place(api: Api) -> None:
    problem = api.get("/schools", 422, q="gymnasium nmae:x")
    assert problem["code"] == "filter.invalid"
    assert "name" in problem["detail"]
    assert problem["position"] == 10


def test_a_problem_carries_its_message_and_values_for_other_languages(
    api: Api, school: Any
) -> None:
    problem = api.create("schools", 422, number="164801", name="X", pupils="viele")
    assert problem["detail"] == "pupils wants a whole number, not 'viele'"
    assert problem["errors"] == {"pupils": problem["detail"]}
    assert problem["params"]["pupils"] == {
        "message": "{field} wants a whole number, not {text!r}",
        "params": {"field": "pupils", "text": "viele"},
    }
    problem = api.create("schools", 409, number="164800", name="Y")
    assert problem["message"].startswith("{kind} {key} is there already")
    assert problem["params"] == {"kind": {"message": "school", "params": {}}, "key": "164800"}
    problem = api.get("/schools", 422, limit=5000)
    assert problem["message"] == "{where} is a number up to {most}, not {text}"


def test_strange_keys_and_paths_are_not_found(api: Api, school: Any) -> None:
    for path in ("/schools/%00", "/schools/../../etc/passwd", "/schools/'; DROP TABLE schools;--"):
        answer = api.client.get(f"/v1{path}")
        assert answer.status_code in (404, 422), answer.text
    assert api.get("/schools/count")["count"] == 1


def test_an_unforeseen_failure_shows_a_number_and_no_details(
    api: Api, local: TestClient, monkeypatch: Any
) -> None:
    from schoolops.estate.repository import Estate

    def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Estate, "count", broken)
    answer = local.get("/v1/schools/count")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert answer.json()["number"] in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/overview", "/v1/nothing"])
def test_an_answer_names_the_request_it_belongs_to(local: TestClient, path: str) -> None:
    assert local.get(path, headers={"Request-Number": "41"}).headers["request-number"] == "41"
    assert "request-number" not in local.get(path, headers={"Request-Number": "x"}).headers
    assert "request-number" not in local.get(path).headers


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_no_calendar_has_is_refused(api: Api, school: Any, until: str) -> None:
    wanted = {"receiver": "x", "permissions": ["estate.read"], "school": "164800", "reason": "x"}
    refused = api.post("/delegations", wanted | {"until": until}, 422)
    assert refused["code"] == "estate.invalid"


def test_an_id_with_a_slash_is_one_that_is_not_there(api: Api) -> None:
    for path in ("/approvals/a/b/withdraw", "/delegations/a/b/revoke", "/discovered/a/b/ignore"):
        api.post(path, status=404)
    api.call("DELETE", "/tokens/a/b", 404)


def test_a_number_that_no_database_holds_is_refused(api: Api, school: Any) -> None:
    api.get("/rooms", 422, offset=2**63)
    api.get("/schools/164800/history", 422, before=2**63)
    api.get("/changes", 422, after=2**63)
    body = {"version": 2**63, "values": {"name": "x"}}
    api.call("PATCH", "/schools/164800", 422, json=body)


@pytest.mark.parametrize("body", [b'{"code": "\xff"}', b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_refused(local: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = local.post("/v1/agent/join", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == "request.refused"
