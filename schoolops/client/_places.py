"""The calls about codes of places and what was measured in rooms, as data (see `_requests`)."""

from __future__ import annotations

from schoolops.client._requests import Json, Request, _body, _path, as_nothing, as_object


def code(plural: str, key: str, renew: bool) -> Request[Json]:
    path = _path(plural, key, "/code")
    return Request("POST", path, as_object, content=_body({"renew": renew}))


def revoke_code(plural: str, key: str) -> Request[None]:
    return Request("DELETE", _path(plural, key, "/code"), as_nothing)


def measured(room: str, limit: int) -> Request[Json]:
    return Request("GET", _path("rooms", room, "/measurements"), as_object, {"limit": str(limit)})
