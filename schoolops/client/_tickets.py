"""The calls about tickets, as data (see `_requests`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schoolops.client._requests import (
    Json,
    Request,
    _body,
    _path,
    as_nothing,
    as_object,
    as_objects,
)


def report(new: Mapping[str, Any]) -> Request[Json]:
    return Request("POST", "/tickets", as_object, content=_body(dict(new)))


def course(id: str) -> Request[Json]:
    return Request("GET", _path("tickets", id, "/course"), as_object)


def act(id: str, what: str, given: Mapping[str, Any]) -> Request[Json]:
    return Request("POST", _path("tickets", id, f"/{what}"), as_object, content=_body(dict(given)))


def suggestions(text: str) -> Request[Json]:
    return Request("GET", "/tickets/suggestions", as_object, {"text": text})


def articles() -> Request[Json]:
    return Request("GET", "/tickets/articles", as_object)


def write_article(title: str, text: str) -> Request[Json]:
    body = _body({"title": title, "text": text})
    return Request("POST", "/tickets/articles", as_object, content=body)


def retire_article(id: str) -> Request[None]:
    return Request("DELETE", _path("tickets/articles", id), as_nothing)


def tell_all(incident: str, text: str) -> Request[Json]:
    path = _path("incidents", incident, "/update")
    return Request("POST", path, as_object, content=_body({"text": text}))


def answers(language: str, ticket: str) -> Request[list[Json]]:
    return Request("GET", "/ticket-answers", as_objects, {"language": language, "ticket": ticket})


def mails(which: str, limit: int) -> Request[Json]:
    return Request("GET", "/ticket-mail", as_object, params={"which": which, "limit": str(limit)})


def mail(id: str) -> Request[Json]:
    return Request("GET", _path("ticket-mail", id), as_object)


def decide(id: str, what: str, ticket: str) -> Request[Json]:
    content = _body({"ticket": ticket}) if what == "accept" else None
    return Request("POST", _path("ticket-mail", id, f"/{what}"), as_object, content=content)


def try_mailbox() -> Request[Json]:
    return Request("POST", "/ticket-mail/try", as_object)
