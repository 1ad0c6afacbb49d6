"""httpx set up for an endpoint, and its errors as ours. The one place that imports httpx."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

import schoolops
from inventory.sentences import say
from schoolops.client._endpoint import LOCAL_URL, Endpoint, is_loopback
from schoolops.client._errors import Offline
from schoolops.client._requests import Request, problem

T = TypeVar("T")

CONNECT_S = 10.0
KEEP_S = 60.0
"""How long an idle connection is kept: a person thinks for longer than httpx's own 5 s, and a new
connection costs two round trips. The server keeps its end for 75 s."""


def client_options(endpoint: Endpoint) -> dict[str, Any]:
    """What both kinds of httpx client are made with, apart from their transport."""
    headers = {"User-Agent": f"schoolops/{schoolops.__version__}", "Accept": "application/json"}
    if endpoint.token:
        headers["Authorization"] = f"Bearer {endpoint.token}"
    if endpoint.url == LOCAL_URL:
        headers["Accept-Encoding"] = "identity"  # no line to save on
    local = is_loopback(endpoint.url) or endpoint.url == LOCAL_URL
    return {
        "base_url": f"{endpoint.url}/v1",
        "auth": endpoint.sign_in,
        "headers": headers,
        "trust_env": not local,  # a proxy does not know this computer
        "verify": _verify(endpoint),
        "limits": httpx.Limits(
            max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEEP_S
        ),
    }


def _verify(endpoint: Endpoint) -> ssl.SSLContext | bool:
    """TLS is always checked; `SCHOOLOPS_CA` names the city's own certificate authority."""
    if not endpoint.url.startswith("https:"):
        return False  # nothing to check, and no time spent on reading certificates
    own = os.environ.get("SCHOOLOPS_CA")
    try:
        return ssl.create_default_context(cafile=own) if own else ssl.create_default_context()
    except OSError as error:
        raise ValueError(
            say("SCHOOLOPS_CA names {own}, which cannot be used: {why}", own=own, why=error)
        ) from None


def built(request: Request[T]) -> dict[str, Any]:
    """The arguments of `build_request`."""
    options: dict[str, Any] = {
        "method": request.method,
        "url": request.path,
        "params": dict(request.params),
        "timeout": httpx.Timeout(request.timeout, connect=CONNECT_S),
    }
    if request.content is not None:
        options |= {"content": request.content, "headers": {"Content-Type": request.content_type}}
    return options


def read(request: Request[T], endpoint: Endpoint, response: httpx.Response) -> T:
    """Decode an answer that has been read; raises ApiError or Offline."""
    if response.status_code >= 300:
        raise problem(response.status_code, response.content, endpoint.name)
    return request.decode(response.content)


def may_repeat(request: Request[T], error: httpx.TransportError) -> bool:
    """A kept connection that the server closed just now: reading again does no harm."""
    return request.method == "GET" and isinstance(error, httpx.RemoteProtocolError)


@contextmanager
def errors_of(endpoint: Endpoint) -> Iterator[None]:
    """httpx's errors as `Offline`."""
    try:
        yield
    except httpx.TimeoutException:
        raise Offline(
            say(
                "{server} did not answer in time; see whether it runs and try again",
                server=endpoint.name,
            )
        ) from None
    except httpx.ConnectError as error:
        raise Offline(
            say("{server} cannot be reached: {why}", server=endpoint.name, why=_why(error))
        ) from None
    except httpx.TransportError as error:
        raise Offline(
            say("the connection to {server} broke: {why}", server=endpoint.name, why=_why(error))
        ) from None
    except httpx.DecodingError:
        raise Offline(
            say("the answer of {server} is damaged; try again", server=endpoint.name)
        ) from None


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
