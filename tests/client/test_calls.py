"""What the clients send, and what they make of answers."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolops.client import ApiError, AsyncClient, Client, Endpoint, Offline
from schoolops.client._requests import quote_id

REMOTE = Endpoint("https://schoolops.example", token="sot_secret")


def client_for(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client(REMOTE, httpx.MockTransport(answer))


def refusing(status: int, body: Any) -> Client:
    return client_for(lambda _: httpx.Response(status, json=body))


def recording(body: Any, status: int = 200) -> tuple[Client, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, json=body)

    return client_for(answer), seen


def test_a_page_asks_for_what_was_wanted_and_carries_the_token() -> None:
    client, seen = recording(
        {"columns": ["kind"], "rows": [["u", "K", 1, False, "ipad"]], "offset": 5, "more": True}
    )
    page = client.page("devices", q="kind:ipad", sort="-name", offset=5, limit=1, columns=["kind"])
    assert page.columns == ("kind",)
    assert page.rows == [["u", "K", 1, False, "ipad"]]
    assert page.more
    assert seen[0].url.path == "/v1/devices"
    assert dict(seen[0].url.params) == {
        "q": "kind:ipad", "sort": "-name", "offset": "5", "limit": "1", "columns": "kind",
    }  # fmt: skip
    assert seen[0].headers["authorization"] == "Bearer sot_secret"


def test_the_token_is_not_in_what_gets_printed() -> None:
    assert "sot_secret" not in repr(REMOTE)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("164800/2.14", b"/v1/rooms/164800/2.14"),
        ("164800/Aula Süd", b"/v1/rooms/164800/Aula%20S%C3%BCd"),
        ("50%2Foff?#x", b"/v1/rooms/50%252Foff%3F%23x"),
        ("1/../2", b"/v1/rooms/1%2F..%2F2"),
        ("1//2", b"/v1/rooms/1%2F%2F2"),
    ],
)
def test_a_key_reaches_the_server_as_one_path(key: str, path: bytes) -> None:
    client, seen = recording({})
    client.get("rooms", key)
    assert seen[0].url.raw_path == path


@given(st.text(min_size=1, max_size=30).filter(lambda t: t.isprintable()))
def test_every_key_comes_out_of_its_path_again(key: str) -> None:
    from urllib.parse import unquote

    request = httpx.Request("GET", f"https://schoolops.example/v1/rooms/{quote_id(key)}")
    path = request.url.raw_path.decode()
    if "/" not in key and key in (".", ".."):
        return  # no such key: httpx, and every proxy, reads these as folders
    assert unquote(path) == f"/v1/rooms/{key}"


def test_a_refusal_keeps_its_code_its_sentence_and_what_came_along() -> None:
    client = refusing(
        409,
        {"type": "about:blank", "title": "stale", "status": 409, "code": "estate.stale",
         "detail": "changed by m.weber", "changes": {"pupils": [1, 2]}},
    )  # fmt: skip
    with pytest.raises(ApiError) as caught:
        client.edit("schools", "164800", 3, {"pupils": "2"})
    assert caught.value.status == 409
    assert caught.value.code == "estate.stale"
    assert caught.value.detail == "changed by m.weber"
    assert caught.value.extra == {"changes": {"pupils": [1, 2]}}


def test_a_proxy_without_its_server_is_offline_not_a_refusal() -> None:
    client = client_for(lambda _: httpx.Response(502, text="<html>Bad Gateway</html>"))
    with pytest.raises(Offline, match="try again"):
        client.me()


def test_what_is_no_schoolops_server_is_said_in_a_sentence() -> None:
    client = client_for(lambda _: httpx.Response(404, text="<html>nginx</html>"))
    with pytest.raises(ApiError, match="is it a schoolops server"):
        client.me()
    client = client_for(lambda _: httpx.Response(200, text="<html>hello</html>"))
    with pytest.raises(ApiError, match="is no JSON"):
        client.me()


def test_the_frameworks_own_refusal_becomes_a_sentence() -> None:
    client = refusing(422, {"detail": [{"loc": ["query", "limit"], "msg": "too large"}]})
    with pytest.raises(ApiError, match=r"query\.limit: too large"):
        client.page("devices", limit=5000)


def test_no_answer_in_time_is_offline() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    with pytest.raises(Offline, match="did not answer in time"):
        client_for(answer).me()


def test_a_read_over_a_connection_just_closed_is_repeated_but_a_write_is_not() -> None:
    calls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        if len(calls) == 1:
            raise httpx.RemoteProtocolError("closed", request=request)
        return httpx.Response(200, json={"count": 7})

    assert client_for(answer).count("devices") == 7
    calls.clear()
    with pytest.raises(Offline):
        client_for(answer).create("devices", {"kind": "ipad"})
    assert calls == ["POST"]


def test_a_bulk_change_wants_ids_or_a_filter_and_sends_what_is_expected() -> None:
    client, seen = recording({"changed": 2})
    client.bulk("devices", q="kind:ipad", values={"room": ""}, expect=2, dry_run=True)
    assert json.loads(seen[0].content) == {
        "q": "kind:ipad", "values": {"room": ""}, "retire": False, "reason": "",
        "expect": 2, "dry_run": True,
    }  # fmt: skip
    with pytest.raises(ValueError, match="either ids or a filter"):
        client.bulk("devices", values={})
    with pytest.raises(ValueError, match="either ids or a filter"):
        client.bulk("devices", ids=["a"], q="", values={})


def test_an_import_sends_the_bytes_of_the_file_as_they_are() -> None:
    client, seen = recording({"new": 1})
    client.import_file("schools", "a b.csv", b"\xe4;1", True, {"Schulnr": "number"})
    assert seen[0].content == b"\xe4;1"
    assert seen[0].url.params["filename"] == "a b.csv"
    assert seen[0].url.params["dry_run"] == "1"
    assert json.loads(seen[0].url.params["mapping"]) == {"Schulnr": "number"}


def test_answers_without_a_body_are_nothing() -> None:
    client = client_for(lambda _: httpx.Response(204))
    assert client.set_secret("snmp", "public") is None
    assert client.revoke_token("m.weber") is None


async def test_the_asynchronous_client_does_the_same() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/me":
            return httpx.Response(200, json={"name": "m.weber"})
        return httpx.Response(403, json={"code": "auth.forbidden", "detail": "no"})

    async with AsyncClient(REMOTE, httpx.MockTransport(answer)) as client:
        assert (await client.me())["name"] == "m.weber"
        with pytest.raises(ApiError, match="no"):
            await client.retire("schools", "164800", 1, "closed")


def test_both_clients_have_the_same_methods_and_parameters() -> None:
    def face(of: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(member).parameters)
            for name, member in vars(of).items()
            if inspect.isfunction(member) and not name.startswith("_")
        }

    sync, asynchronous = face(Client), face(AsyncClient)
    sync["aclose"] = sync.pop("close")
    assert sync == asynchronous


def test_the_terminal_uis_protocol_is_fulfilled() -> None:
    backend = pytest.importorskip("tui.backend").Backend
    for name, wanted in vars(backend).items():
        if name.startswith("_") or not inspect.isfunction(wanted):
            continue
        ours = inspect.signature(getattr(AsyncClient, name)).parameters
        for parameter in inspect.signature(wanted).parameters:
            assert parameter in ours, f"AsyncClient.{name} lacks {parameter}"
