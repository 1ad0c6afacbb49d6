"""The change stream, however its bytes are cut."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolops.client import AsyncClient, Change, Client, Endpoint, Offline, Ping, Reset
from schoolops.client._changes import Event, EventReader

STREAM = (
    b": hello\n\n"
    b'id: 8\nevent: change\ndata: {"seq":8,"kind":"device","id":"u1","school":"164800"}\n\n'
    b"event: ping\nid: 9\ndata:\n\n"
    b"event: reset\ndata: {}\nid: 40\n\n"
    b"event: novelty\ndata: 1\n\n"
    b"event: change\r\ndata: "
    + '{"seq":41,"kind":"room","id":"ü\u2028","school":null}\r\n\r\n'.encode()
)
EVENTS: list[Event] = [
    Change("device", "u1", "164800", 8),
    Ping(9),
    Reset(40),
    Change("room", "ü\u2028", None, 41),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    reader, seen = EventReader(), []
    places = [0, *sorted(cuts), len(STREAM)]
    for start, end in itertools.pairwise(places):
        seen += reader.feed(STREAM[start:end])
    assert seen == EVENTS
    assert reader.cursor == 41


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_passed_over_never_a_crash(data: bytes) -> None:
    reader = EventReader(3)
    try:
        list(reader.feed(data + b"\n\n"))
    except ValueError:
        return


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 1 MB"):
        list(EventReader().feed(b"data: " + b"x" * 2_000_000))


def answer(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/cursor"):
        return httpx.Response(200, json={"cursor": 7})
    if request.url.params["after"] != "7":
        return httpx.Response(422, json={"code": "changes.cursor", "detail": "no such cursor"})
    return httpx.Response(200, content=STREAM)


async def test_without_a_cursor_it_goes_from_now_and_ends_offline() -> None:
    seen: list[Event] = []

    async def follow() -> None:
        async for event in client.changes():
            seen.append(event)

    async with AsyncClient(Endpoint("https://a.example"), httpx.MockTransport(answer)) as client:
        with pytest.raises(Offline, match="has ended the stream"):
            await follow()
    assert seen == EVENTS


def test_the_synchronous_client_reads_it_too() -> None:
    seen: list[Event] = []
    with Client(Endpoint("https://a.example"), httpx.MockTransport(answer)) as client:
        with pytest.raises(Offline):
            seen.extend(client.changes(after=7))
        with pytest.raises(Exception, match="no such cursor"):
            next(iter(client.changes(after=6)))
    assert seen == EVENTS


async def test_a_line_that_breaks_is_offline() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield STREAM[:90]
        raise httpx.ReadError("gone")

    def cut(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=broken())

    async with AsyncClient(Endpoint("https://a.example"), httpx.MockTransport(cut)) as client:
        with pytest.raises(Offline, match="broke"):
            async for _ in client.changes(after=7):
                pass


def test_a_damaged_event_is_offline_with_a_reason() -> None:
    damaged = b"event: change\ndata: " + json.dumps({"kind": "room"}).encode() + b"\n\n"
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=damaged))
    with (
        Client(Endpoint("https://a.example"), transport) as client,
        pytest.raises(Offline, match="damaged"),
    ):
        list(client.changes(after=1))
