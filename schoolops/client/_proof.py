"""The calls about proofs of lines, as data (see `_requests`)."""

from __future__ import annotations

from schoolops.client._requests import (
    LONG_S,
    Json,
    Request,
    _body,
    _path,
    as_bytes,
    as_object,
    as_objects,
)


def read(uplink: str, month: str) -> Request[Json]:
    return Request("GET", _path("uplinks", uplink, "/proof"), as_object, {"month": month})


def table(uplink: str, month: str) -> Request[bytes]:
    return Request("GET", _path("uplinks", uplink, "/proof.csv"), as_bytes, {"month": month})


def issue(uplink: str, month: str, language: str) -> Request[Json]:
    body = _body({"month": month, "language": language})
    path = _path("uplinks", uplink, "/proofs")
    return Request("POST", path, as_object, content=body, timeout=LONG_S)


def issued(uplink: str) -> Request[list[Json]]:
    return Request("GET", _path("uplinks", uplink, "/proofs"), as_objects)


def document(id: str) -> Request[bytes]:
    return Request("GET", f"{_path('proofs', id, '/pdf')}", as_bytes)


def lines(month: str) -> Request[Json]:
    return Request("GET", "/lines", as_object, {"month": month} if month else {})
