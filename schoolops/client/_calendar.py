"""The calls about a school's calendar, as data (see `_requests`). `school` None: all schools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schoolops.client._requests import LONG_S, Json, Request, _body, _path, as_nothing, as_object


def read(school: str, since: str, until: str) -> Request[Json]:
    given = {"since": since, "until": until}
    params = {name: day for name, day in given.items() if day}
    return Request("GET", _path("schools", school, "/calendar"), as_object, params)


def set_bells(school: str, bells: Sequence[Mapping[str, Any]]) -> Request[Json]:
    body = _body({"bells": [dict(bell) for bell in bells]})
    return Request("PUT", _path("schools", school, "/calendar/bells"), as_object, content=body)


def add_day(school: str | None, day: Mapping[str, Any]) -> Request[Json]:
    return Request("POST", _days(school), as_object, content=_body(dict(day)))


def remove_day(school: str | None, id: str) -> Request[None]:
    return Request("DELETE", f"{_days(school)}{_path('', id)[1:]}", as_nothing)


def import_days(school: str, data: bytes, kind: str, dry_run: bool) -> Request[Json]:
    params = {"dry_run": "1" if dry_run else "0"} | ({"kind": kind} if kind else {})
    return _file(_path("schools", school, "/calendar/import"), params, data)


def import_lessons(school: str, data: bytes, periods: str, dry_run: bool) -> Request[Json]:
    params = {"dry_run": "1" if dry_run else "0", "periods": periods}
    return _file(_path("schools", school, "/lessons/import"), params, data)


def lessons(school: str, room: str) -> Request[Json]:
    params = {"room": room} if room else {}
    return Request("GET", _path("schools", school, "/lessons"), as_object, params)


def _file(path: str, params: dict[str, str], data: bytes) -> Request[Json]:
    kind = "application/octet-stream"
    return Request("POST", path, as_object, params, data, content_type=kind, timeout=LONG_S)


def _days(school: str | None) -> str:
    return "/calendar/days" if school is None else _path("schools", school, "/calendar/days")
