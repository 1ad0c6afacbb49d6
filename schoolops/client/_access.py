"""The calls about tokens, people, delegations, proposals and mail, as data (see `_requests`)."""

from __future__ import annotations

from collections.abc import Sequence

from schoolops.client._requests import (
    LONG_S,
    Json,
    Request,
    _body,
    _given,
    _path,
    as_nothing,
    as_object,
    as_objects,
)


def tokens() -> Request[list[Json]]:
    return Request("GET", "/tokens", as_objects)


def create_token(
    name: str, role: str, schools: Sequence[str] | None, authority: str | None, days: int
) -> Request[Json]:
    body: Json = {"name": name, "role": role, "days": days}
    body |= _given(schools=None if schools is None else list(schools), authority=authority)
    return Request("POST", "/tokens", as_object, content=_body(body))


def revoke_token(name: str) -> Request[None]:
    return Request("DELETE", _path("tokens", name), as_nothing)


def end_sessions(who: str) -> Request[None]:
    return Request("POST", _path("accounts", who, "/end-sessions"), as_nothing, content=b"{}")


def explain_access(
    permission: str, who: str, school: str, class_name: str, field_class: str
) -> Request[Json]:
    given = {
        "who": who,
        "school": school,
        "class_name": class_name,
        "field_class": field_class,
    }
    params = {"permission": permission} | {name: text for name, text in given.items() if text}
    return Request("GET", "/access/explain", as_object, params)


def delegate(
    receiver: str,
    permissions: Sequence[str],
    school: str,
    until: str,
    reason: str,
    class_name: str,
) -> Request[Json]:
    body = {
        "receiver": receiver,
        "permissions": list(permissions),
        "school": school,
        "class_name": class_name,
        "until": until,
        "reason": reason,
    }
    return Request("POST", "/delegations", as_object, content=_body(body))


def revoke_delegation(id: str) -> Request[None]:
    return Request("POST", _path("delegations", id, "/revoke"), as_nothing, content=b"{}")


def ask_emergency(
    school: str, permissions: Sequence[str], hours: int, reason: str
) -> Request[Json]:
    body = {"school": school, "permissions": list(permissions), "hours": hours, "reason": reason}
    return Request("POST", "/approvals/emergency", as_object, content=_body(body))


def decide(id: str, approve: bool, note: str) -> Request[Json]:
    body = _body({"approve": approve, "note": note})
    return Request("POST", _path("approvals", id, "/decide"), as_object, content=body)


def withdraw(id: str) -> Request[None]:
    return Request("POST", _path("approvals", id, "/withdraw"), as_nothing, content=b"{}")


def mail(state: str, limit: int) -> Request[Json]:
    return Request("GET", "/mail", as_object, {"state": state, "limit": str(limit)})


def test_mail(address: str) -> Request[Json]:
    # A mail server may be silent for long, several times.
    body = _body({"address": address})
    return Request("POST", "/mail/test", as_object, content=body, timeout=LONG_S)


def retry_mail(ids: Sequence[str]) -> Request[Json]:
    return Request("POST", "/mail/retry", as_object, content=_body({"ids": list(ids)}))
