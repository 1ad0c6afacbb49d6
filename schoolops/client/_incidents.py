"""The calls about incidents, rules, maintenance and the on-call plan, as data (see `_requests`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schoolops.client._requests import (
    LONG_S,
    Json,
    Request,
    _body,
    _path,
    as_nothing,
    as_object,
)


def course(id: str) -> Request[Json]:
    return Request("GET", _path("incidents", id, "/course"), as_object)


def fault_report(id: str, language: str) -> Request[Json]:
    path = _path("incidents", id, "/fault-report")
    return Request("GET", path, as_object, {"language": language})


def act(id: str, what: str) -> Request[None]:
    return Request("POST", _path("incidents", id, f"/{what}"), as_nothing, content=b"{}")


def write(id: str, what: str, text: str) -> Request[None]:
    body = _body({"text": text})
    return Request("POST", _path("incidents", id, f"/{what}"), as_nothing, content=body)


def rules() -> Request[Json]:
    return Request("GET", "/alerts/rules", as_object)


def try_rules(school: str, hours: int, rules: str) -> Request[Json]:
    body = _body({"school": school, "hours": hours, "rules": rules})
    return Request("POST", "/alerts/rehearsal", as_object, content=body, timeout=LONG_S)


def plan(plural: str, new: Mapping[str, Any]) -> Request[Json]:
    return Request("POST", f"/{plural}", as_object, content=_body(dict(new)))


def end(plural: str, id: str) -> Request[None]:
    return Request("DELETE", _path(plural, id), as_nothing)
