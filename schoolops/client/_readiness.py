"""The calls about whether teaching works, as data (see `_requests`)."""

from __future__ import annotations

from schoolops.client._requests import Json, Request, _path, as_object


def every(date: str) -> Request[Json]:
    return Request("GET", "/readiness", as_object, {"date": date} if date else {})


def of_school(school: str, date: str) -> Request[Json]:
    query = {"date": date} if date else {}
    return Request("GET", _path("schools", school, "/readiness"), as_object, query)
