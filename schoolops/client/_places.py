"""The calls about rooms' codes and what was measured in rooms, as data (see `_requests`)."""

from __future__ import annotations

from schoolops.client._requests import Json, Request, _body, _path, as_nothing, as_object


def code(room: str, renew: bool) -> Request[Json]:
    return Request("POST", _code(room), as_object, content=_body({"renew": renew}))


def revoke_code(room: str) -> Request[None]:
    return Request("DELETE", _code(room), as_nothing)


def measured(room: str, limit: int) -> Request[Json]:
    return Request("GET", _path("rooms", room, "/measurements"), as_object, {"limit": str(limit)})


def _code(room: str) -> str:
    return _path("rooms", room, "/code")
