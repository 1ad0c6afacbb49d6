"""Each call of the API, as data: what to send and how to read the answer.

`Client` and `AsyncClient` send the same `Request`s; nothing here does any input or output.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Generic, TypeVar, cast
from urllib.parse import quote

from inventory.sentences import say
from schoolops.client._errors import ApiError, Offline

T = TypeVar("T")
Json = dict[str, Any]

USUAL_S = 30.0
LONG_S = 900.0
"""For what works through whole files or the whole estate, in seconds."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list: `[id, key, version, retired, value…]`, the values in order of `columns`."""

    columns: tuple[str, ...]
    rows: list[list[Any]]
    offset: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """One call. `path` is below `/v1` and quoted already; `decode` reads the answer's body."""

    method: str
    path: str
    decode: Callable[[bytes], T]
    params: Mapping[str, str] = field(default_factory=dict)
    content: bytes | BinaryIO | None = None
    content_type: str = "application/json"
    timeout: float = USUAL_S


def quote_id(id: str) -> str:
    """An id or key as path: slashes stay, unless a proxy on the way would fold them away."""
    parts = id.split("/")
    plain = all(part not in ("", ".", "..") for part in parts)
    return quote(id, safe="/" if plain else "")


# --- reading answers --------------------------------------------------------------------------


def as_json(body: bytes) -> Any:
    """Any JSON; ApiError if it is none."""
    try:
        return json.loads(body)
    except ValueError:
        raise ApiError(
            502, "client.unreadable", "the answer is no JSON; is this a schoolops server?"
        ) from None


def as_object(body: bytes) -> Json:
    value = as_json(body)
    if not isinstance(value, dict):
        raise ApiError(502, "client.unreadable", "the answer is not of the expected shape")
    return value


def as_objects(body: bytes) -> list[Json]:
    """A list of objects, bare or as the only list of an object."""
    value = as_json(body)
    if isinstance(value, dict):
        value = next((part for part in value.values() if isinstance(part, list)), None)
    if not isinstance(value, list):
        raise ApiError(502, "client.unreadable", "the answer is not of the expected shape")
    return cast("list[Json]", value)


def as_page(body: bytes) -> Page:
    value = as_object(body)
    return Page(
        tuple(value["columns"]), value["rows"], value.get("offset", 0), value.get("more", False)
    )


def as_count(body: bytes) -> int:
    return int(as_object(body)["count"])


def as_cursor(body: bytes) -> int:
    return int(as_object(body)["cursor"])


def as_bytes(body: bytes) -> bytes:
    return body


def as_nothing(body: bytes) -> None:
    return None


def problem(status: int, body: bytes, where: str) -> ApiError | Offline:
    """The error for an answer of 400 and more. `where` names the server for people."""
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict) or "detail" not in value:
        if status in (502, 503, 504):
            return Offline(
                say(
                    "{where} is not ready (status {status}); try again in a moment",
                    where=where,
                    status=status,
                )
            )
        return ApiError(
            status,
            f"http.{status}",
            say(
                "{where} answered with status {status} and no reason; is it a schoolops "
                "server of this version?",
                where=where,
                status=status,
            ),
        )
    detail = value.pop("detail")
    if isinstance(detail, list):  # the web framework's own form, for a malformed call
        detail = "; ".join(
            f"{'.'.join(str(part) for part in one.get('loc', ()))}: {one.get('msg', '')}"
            for one in detail
            if isinstance(one, dict)
        )
    code = value.pop("code", f"http.{status}")
    extra = {k: v for k, v in value.items() if k not in ("type", "title", "status")}
    return ApiError(status, str(code), str(detail), extra)


# --- the calls --------------------------------------------------------------------------------


def _body(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _given(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _columns(columns: Sequence[str] | None) -> dict[str, str]:
    return {"columns": ",".join(columns)} if columns else {}


def _path(plural: str, id: str, verb: str = "") -> str:
    return f"/{plural}/{quote_id(id)}{verb}"


def page(
    plural: str,
    q: str,
    sort: str,
    offset: int,
    limit: int,
    columns: Sequence[str] | None,
    wide: bool,
) -> Request[Page]:
    params = {"offset": str(offset), "limit": str(limit)} | _columns(columns)
    params |= {"wide": "true"} if wide else {}
    params |= {name: text for name, text in (("q", q), ("sort", sort)) if text}
    return Request("GET", f"/{plural}", as_page, params)


def count(plural: str, q: str) -> Request[int]:
    return Request("GET", f"/{plural}/count", as_count, {"q": q} if q else {})


def rows(plural: str, ids: Sequence[str], columns: Sequence[str] | None) -> Request[Page]:
    params = {"ids": ",".join(ids)} | _columns(columns)
    return Request("GET", f"/{plural}/rows", as_page, params)


def get(plural: str, id: str) -> Request[Json]:
    return Request("GET", _path(plural, id), as_object)


def create(plural: str, values: Json) -> Request[Json]:
    return Request("POST", f"/{plural}", as_object, content=_body({"values": values}))


def edit(plural: str, id: str, version: int, values: Json) -> Request[Json]:
    body = _body({"version": version, "values": values})
    return Request("PATCH", _path(plural, id), as_object, content=body)


def move(id: str, version: int, room: str | None, school: str | None, note: str) -> Request[Json]:
    body = {"version": version, "room": room, "note": note} | _given(school=school)
    return Request("POST", _path("devices", id, "/move"), as_object, content=_body(body))


def retire(plural: str, id: str, version: int, reason: str) -> Request[Json]:
    body = _body({"version": version, "reason": reason})
    return Request("POST", _path(plural, id, "/retire"), as_object, content=body)


def reinstate(plural: str, id: str, version: int) -> Request[Json]:
    body = _body({"version": version})
    return Request("POST", _path(plural, id, "/reinstate"), as_object, content=body)


def bulk(
    plural: str,
    ids: Sequence[str] | None,
    q: str | None,
    values: Json | None,
    retire: bool,
    reason: str,
    expect: int | None,
    dry_run: bool,
) -> Request[Json]:
    if (ids is None) == (q is None):
        raise ValueError("a bulk change wants either ids or a filter")
    body = {"values": values or {}, "retire": retire, "reason": reason, "dry_run": dry_run}
    body |= _given(ids=None if ids is None else list(ids), q=q, expect=expect)
    return Request("POST", f"/{plural}/bulk", as_object, content=_body(body), timeout=LONG_S)


def import_file(
    plural: str,
    filename: str,
    data: bytes | BinaryIO,
    dry_run: bool,
    mapping: Mapping[str, str] | None,
    overwrite: bool,
) -> Request[Json]:
    params = {"filename": filename, "dry_run": "1" if dry_run else "0"}
    if overwrite:
        params["overwrite"] = "1"
    if mapping:
        params["mapping"] = json.dumps(dict(mapping), ensure_ascii=False)
    return Request(
        "POST",
        f"/{plural}/import",
        as_object,
        params,
        content=data,
        content_type="application/octet-stream",
        timeout=LONG_S,
    )


def export(plural: str, q: str, format: str, columns: Sequence[str] | None) -> Request[bytes]:
    params = {"q": q, "format": format} | _columns(columns)
    return Request("GET", f"/{plural}/export", as_bytes, params, timeout=LONG_S)


def download_link(plural: str, q: str, format: str, columns: Sequence[str] | None) -> Request[Json]:
    body: Json = {"plural": plural, "q": q, "format": format}
    body |= _given(columns=list(columns) if columns else None)
    return Request("POST", "/downloads", as_object, content=_body(body))


def history(plural: str, id: str, before: int) -> Request[Json]:
    params = {"before": str(before)} if before else {}
    return Request("GET", _path(plural, id, "/history"), as_object, params)


def latest(plural: str, id: str) -> Request[Json]:
    return Request("GET", _path(plural, id, "/latest"), as_object)


def series(plural: str, id: str, metric: str, since: int) -> Request[Json]:
    params = {"metric": metric, "since": str(since)}
    return Request("GET", _path(plural, id, "/series"), as_object, params)


def overview() -> Request[Json]:
    return Request("GET", "/overview", as_object)


def me() -> Request[Json]:
    return Request("GET", "/me", as_object)


def sign_in_way() -> Request[Json]:
    return Request("GET", "/sign-in", as_object)


def health() -> Request[Json]:
    return Request("GET", "/health", as_object, timeout=15)


def live() -> Request[Json]:
    return Request("GET", "/live", as_object, timeout=5)


def cursor() -> Request[int]:
    return Request("GET", "/changes/cursor", as_cursor)


def invite(school: str, name: str) -> Request[Json]:
    body = _body({"school": school, "name": name})
    return Request("POST", "/agents/invite", as_object, content=body)


def revoke(id: str, reason: str) -> Request[None]:
    body = _body({"reason": reason})
    return Request("POST", _path("agents", id, "/revoke"), as_nothing, content=body)


def ask_agent(id: str, kind: str, arguments: Json) -> Request[Json]:
    body = _body({"kind": kind, "arguments": arguments})
    return Request("POST", _path("agents", id, "/commands"), as_object, content=body)


def commands(id: str) -> Request[Json]:
    return Request("GET", _path("agents", id, "/commands"), as_object)


def adopt(id: str, values: Json) -> Request[Json]:
    body = _body({"values": values})
    return Request("POST", _path("discovered", id, "/adopt"), as_object, content=body)


def ignore(id: str) -> Request[None]:
    return Request("POST", _path("discovered", id, "/ignore"), as_nothing, content=b"{}")


def portal_link() -> Request[Json]:
    return Request("POST", "/portal/link", as_object)


def set_secret(id: str, secret: str, secret2: str) -> Request[None]:
    body = {"secret": secret} | ({"secret2": secret2} if secret2 else {})
    return Request("PUT", _path("credentials", id, "/secret"), as_nothing, content=_body(body))


def audit_verify() -> Request[Json]:
    return Request("GET", "/audit/verify", as_object, timeout=LONG_S)


def audit_chain() -> Request[bytes]:
    return Request("GET", "/audit/chain", as_bytes, timeout=LONG_S)


def backup() -> Request[Json]:
    return Request("POST", "/backups", as_object, content=b"{}", timeout=LONG_S)


def backups() -> Request[list[Json]]:
    return Request("GET", "/backups", as_objects)
