"""What an operation answers, for the OpenAPI document alone: nothing is checked at run time.

    @router.get("/tokens", **needs(TOKENS_WRITE, everywhere=True), **answers(schemas.Tokens))

A shape is a TypedDict or msgspec Struct of the capability's `schemas.py`, or the name of a schema
that `name_schema` was told. What every operation may refuse follows from its rule (`rules.py`),
its parameters and its body; only what goes beyond that is said in `refuses`.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, NotRequired, TypedDict

import msgspec
from fastapi import FastAPI, Response

from inventory.choices import DEVICE_KINDS
from inventory.kinds import DEVICE, device_plural

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_FILES: dict[str, Schema] = {
    "application/json": {"type": "array", "items": {"type": "object"}},
    "text/event-stream": {  # of each event
        "type": "object",
        "properties": dict.fromkeys(("id", "event", "data"), _TEXT),
        "required": ["id", "event", "data"],
    },
}
"""Media type of a file or stream → its schema, where it is no text."""
_SHAPES: dict[str, Any] = {}
_NAMED: dict[str, Schema] = {}
_REF = "#/components/schemas/"


class Problem(TypedDict):
    """A refusal (RFC 9457). `code` is stable, `detail` English; see the page on errors."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    message: str
    params: dict[str, Any]
    errors: NotRequired[dict[str, str]]


REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("Unreadable", "The body cannot be read."),
    401: ("NotSignedIn", "Nobody known asks: a token is missing, wrong or has ended."),
    403: ("NotAllowed", "The one who asks may not do that, or not there."),
    404: ("NotThere", "There is no such thing, or none that the one who asks may see."),
    409: ("Conflict", "It does not go with what is there; `code` says why."),
    413: ("TooLarge", "The body is too large."),
    422: ("Invalid", "Something in the request is wrong; `detail` says what, `errors` where."),
    429: ("TooMany", "Too much at once; try again after `Retry-After` seconds."),
    500: ("Failed", "The server failed; the administrator finds the reason in its log."),
    503: ("Unavailable", "The database or the sign-in service is away; `code` says which."),
}
_HEADERS: Mapping[int, tuple[str, str]] = {
    401: ("WWW-Authenticate", "string"),
    429: ("Retry-After", "integer"),
    503: ("Retry-After", "integer"),
}


def answers(
    shape: Any = None, status: int = 200, *, refuses: Iterable[int] = (), unchanged: bool = False
) -> dict[str, Any]:
    """Options of a route that answers JSON of this shape; without a shape, nothing.

    `unchanged`: whoever has it already, and says so, is answered 304.
    """
    content = {"application/json": {"schema": refer(shape)}} if shape is not None else {}
    options = _options(status, content, refuses)
    if unchanged:
        options["responses"][304] = {"description": HTTPStatus(304).phrase}
    return options


def streams(*media_types: str, refuses: Iterable[int] = ()) -> dict[str, Any]:
    """Options of a route that answers a file or a stream in one of the media types."""
    content = {name: {"schema": _FILES.get(name, _TEXT)} for name in media_types}
    return _options(200, content, refuses)


def refer(shape: Any) -> Schema:
    """The reference to a shape's schema among the document's components."""
    name = shape if isinstance(shape, str) else shape.__name__
    if not isinstance(shape, str) and _SHAPES.setdefault(name, shape) is not shape:
        raise LookupError(f"two shapes are called {name}")
    return {"$ref": _REF + name}


def name_schema(name: str, schema: Schema) -> str:
    """Add a schema that no class describes to the document's components; answers its name."""
    _NAMED[name] = schema
    return name


def fields_of(name: str, record: Any, **others: Any) -> Any:
    """The shape of a NamedTuple that is sent as an object; `others` replace classes it names."""
    module = vars(__import__(record.__module__, fromlist=["_"]))
    hints = typing.get_type_hints(record, {**module, **others})
    return msgspec.defstruct(name, [(field, hints[field]) for field in record._fields])


def json_body(shape: Any) -> Schema:
    """The request body of an operation that reads it by itself."""
    content = {"application/json": {"schema": refer(shape)}}
    return {"required": True, "content": content}


def file_body() -> Schema:
    """The request body of an operation that takes a file of any type."""
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {"required": True, "content": content}


def _options(status: int, content: Schema, refuses: Iterable[int]) -> dict[str, Any]:
    good: Schema = {"description": HTTPStatus(status).phrase}
    if content:
        good["content"] = content
    responses: dict[int, Schema] = {status: good}
    responses |= {code: {"description": REFUSALS[code][1]} for code in refuses}
    # The endpoints make their answers themselves: FastAPI shall describe none of its own.
    return {"status_code": status, "response_class": Response, "responses": responses}


def describe(app: FastAPI) -> None:
    """Let the application's document have the shapes, the refusals and the sign-in."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(make())
        return make()

    app.openapi = openapi  # type: ignore[method-assign]


def complete(document: dict[str, Any]) -> None:
    """Fill in what the operations of a document refer to, and what they may refuse."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    shapes = [Problem, *_SHAPES.values()]
    _, found = msgspec.json.schema_components(shapes, ref_template=_REF + "{name}")
    schemas |= found | _NAMED
    components["responses"] = {name: _refusal(status) for status, (name, _) in REFUSALS.items()}
    components["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of `schoolops token create`, an access token of the realm, or "
            "an agent's secret.",
        }
    }
    for operation in operations(document):
        rule = operation["x-permission"]
        _name_plurals(operation)
        operation["security"] = [] if "open" in rule else [{"token": []}]
        responses = operation["responses"]
        statuses = {int(code) for code in responses if int(code) >= 400} | _usual(operation)
        for status in sorted(statuses):
            # A refusal may have a form of its own; at 422 FastAPI describes one that nobody sees.
            if status == 422 or "content" not in responses.get(str(status), {}):
                responses[str(status)] = {"$ref": f"#/components/responses/{REFUSALS[status][0]}"}


def _name_plurals(operation: dict[str, Any]) -> None:
    """Say which words the path takes where it names a kind of record."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"] == "plural":
            plurals = list(operation["x-permission"]["kinds"])
            devices = (
                [device_plural(name) for name in DEVICE_KINDS] if DEVICE.plural in plurals else []
            )
            parameter["schema"]["enum"] = plurals + devices


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation of a document."""
    for methods in document["paths"].values():
        yield from methods.values()


def _usual(operation: dict[str, Any]) -> set[int]:
    """What an operation may refuse by its rule, its parameters and its body."""
    rule, parameters = operation["x-permission"], operation.get("parameters", [])
    body = operation.get("requestBody", {}).get("content", {})
    found = {429, 500}
    if "open" not in rule:
        found |= {401, 503}
        found |= set() if "agents" in rule else {403}
    if any(one["in"] == "path" for one in parameters):
        found.add(404)
    if parameters or body:
        found.add(422)
    if body:
        found.add(413)
    if "application/json" in body:
        found.add(400)
    return found


def _refusal(status: int) -> Schema:
    _, text = REFUSALS[status]
    content = {"application/problem+json": {"schema": {"$ref": _REF + "Problem"}}}
    answer: Schema = {"description": text, "content": content}
    if status in _HEADERS:
        name, type_ = _HEADERS[status]
        answer["headers"] = {name: {"schema": {"type": type_}}}
    return answer
