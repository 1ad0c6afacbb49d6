"""What the sender makes of every answer a server, or something in its place, can give."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from agents.address import parse_server
from agents.protocol import HostReport
from agents.sender import MAX_WAIT_S, Sender
from agents.transport import Client
from tests.agents.conftest import Agent
from tests.agents.server import SECRET, BookingServer


def put(agent: Agent, *values: int, flush: bool = True) -> None:
    rows = [("host", 10**15 + v, HostReport(uptime_s=v)) for v in values]
    agent.spool.append(rows, flush=flush)


def booked(server: BookingServer) -> list[Any]:
    return server.values("host", "uptime_s")


def test_everything_is_booked_once_and_forgotten(agent: Agent, server: BookingServer) -> None:
    put(agent, *range(100))
    agent.deliver()
    assert booked(server) == list(range(100))
    assert agent.spool.rows == 0
    assert agent.sender.acked_rows == 100
    assert agent.sender.state == "delivering"


@pytest.mark.parametrize("fault", ["drop-early", "drop-late", "twice"])
def test_a_broken_or_doubled_answer_books_nothing_twice(
    agent: Agent, server: BookingServer, fault: str
) -> None:
    put(agent, *range(5))
    agent.deliver()
    server.faults += [fault, fault, None, fault]
    put(agent, *range(5, 10))
    agent.deliver()
    put(agent, *range(10, 15))
    agent.deliver()
    assert booked(server) == list(range(15))
    assert agent.spool.rows == 0


def test_a_closed_kept_connection_is_replaced_without_a_wait(
    agent: Agent, server: BookingServer
) -> None:
    put(agent, 1)
    agent.deliver()
    server.faults.append("drop-early")
    put(agent, 2)
    assert agent.deliver() == [0.0]
    assert booked(server) == [1, 2]


def test_an_unreachable_server_is_tried_less_and_less_often(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    agent = Agent(tmp_path / "state", f"http://127.0.0.1:{port}")
    put(agent, 1)
    waits = [agent.sender.step() for _ in range(12)]
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]  # half of 2, 4, 8, 16: the fraction is 0.5
    assert waits[-1] == MAX_WAIT_S / 2
    assert agent.sender.state == "waiting"
    assert "cannot reach 127.0.0.1" in agent.sender.reason
    assert agent.spool.rows == 1


def test_retry_after_is_honoured_with_a_little_chance(agent: Agent, server: BookingServer) -> None:
    put(agent, 1)
    agent.sender.step()
    server.faults.append("busy")
    assert agent.sender.step() == pytest.approx(7 * 1.05)
    agent.deliver()
    assert booked(server) == [1]


def test_a_refused_secret_stops_delivery_but_no_measuring(
    tmp_path: Path, server: BookingServer
) -> None:
    agent = Agent(tmp_path / "state", server.url, secret="revoked")
    put(agent, 1)
    (wait,) = agent.deliver()
    assert wait >= 3600
    assert (agent.sender.state, agent.sender.reason) == ("refused", "this secret is not known")
    put(agent, 2)
    assert agent.spool.rows == 2
    assert server.batches == []
    # Somebody has put it right on the server: the hourly question finds out.
    agent.client.close()
    agent.sender._client = Client(parse_server(server.url), secret=SECRET)
    agent.deliver()
    assert booked(server) == [1, 2]
    assert agent.sender.state == "delivering"
    agent.sender._client.close()


def test_a_login_page_in_between_neither_stops_the_agent_nor_costs_a_row(
    agent: Agent, server: BookingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(agent, 1)
    agent.sender.step()
    for status in (200, 302, 401, 403, 404, 422, 413):
        server.faults.append((status, {"title": "Please log in"}))
    for _ in range(7):
        wait = agent.sender.step()
        assert wait
        assert agent.sender.state == "waiting"
    assert agent.sender.reason
    agent.deliver()
    assert booked(server) == [1]
    assert agent.spool.rejected_rows == 0


def test_out_of_order_goes_on_from_where_the_server_stands(
    agent: Agent, server: BookingServer
) -> None:
    put(agent, *range(1, 11))
    agent.deliver()
    (boot,) = server.booked
    server.booked[boot] = 6  # restored from a backup
    server.rows = [row for row in server.rows if row[1] <= 6]
    put(agent, 11)
    agent.deliver()
    assert booked(server) == list(range(1, 12))  # 7 to 10 were still on the agent's disk


def test_a_server_that_knows_nothing_any_more_gets_what_is_left(
    agent: Agent, server: BookingServer
) -> None:
    for value in range(1, 4):
        put(agent, value)
        agent.deliver()
    server.booked.clear()
    server.rows.clear()
    put(agent, 4)
    agent.deliver()
    assert booked(server) == [1, 2, 3, 4]


def test_what_the_spool_dropped_is_said_and_the_rest_is_booked(
    tmp_path: Path, server: BookingServer
) -> None:
    from agents.spool import Spool

    agent = Agent(tmp_path / "state", server.url)
    agent.spool = Spool(str(tmp_path / "small"), limit_bytes=3_000, segment_bytes=1_000)
    agent.sender = Sender(agent.client, agent.spool, agent.config, "a", fraction=lambda: 0.5)
    for value in range(1, 101):
        put(agent, value)
    dropped = agent.spool.dropped_rows
    assert dropped > 0
    waits = agent.deliver()
    assert booked(server) == list(range(dropped + 1, 101))
    assert set(waits) == {0.0}  # lost_before spares the refusal
    agent.client.close()


def test_too_large_a_batch_is_halved_until_it_fits(agent: Agent, server: BookingServer) -> None:
    server.max_rows = 10
    put(agent, *range(100))
    agent.deliver()
    assert booked(server) == list(range(100))
    assert max(len(b["tables"]["host"]["seq"]) for b in server.batches) <= 10


def test_a_row_that_is_garbage_is_found_put_aside_and_the_others_arrive(
    agent: Agent, server: BookingServer
) -> None:
    server.refuse_rows = {33, 77}
    put(agent, *range(100))
    waits = agent.deliver()
    assert booked(server) == [v for v in range(100) if v not in (33, 77)]
    assert agent.spool.rejected_rows == 2
    assert agent.spool.rows == 0
    assert set(waits) == {0.0}
    lines = Path(agent.spool.folder, "rejected.jsonl").read_text().splitlines()
    assert [json.loads(line)["reason"] for line in lines] == ["host.uptime_s is nonsense"] * 2


def test_a_last_row_that_is_garbage_does_not_block_what_comes_later(
    agent: Agent, server: BookingServer
) -> None:
    server.refuse_rows = {2}
    put(agent, 1, 2)
    agent.deliver()
    put(agent, 3)
    agent.deliver()
    assert booked(server) == [1, 3]


def test_an_unknown_version_costs_no_row(agent: Agent, server: BookingServer) -> None:
    put(agent, 1)
    agent.sender.step()
    problem = {"code": "report.version", "detail": "this server speaks version 2; upgrade"}
    server.faults += [(422, problem)]
    assert agent.sender.step()
    assert agent.sender.reason == problem["detail"]
    agent.deliver()
    assert booked(server) == [1]


def test_a_clock_that_is_wrong_is_told_and_nothing_is_lost(
    agent: Agent, server: BookingServer
) -> None:
    put(agent, 1)
    agent.sender.step()
    server.faults.append((409, {"code": "report.clock", "detail": "the clock is 3600 s fast"}))
    assert agent.sender.step()
    assert agent.sender.reason == "the clock is 3600 s fast"
    agent.deliver()
    assert booked(server) == [1]


def test_the_clock_offset_is_known_from_an_acknowledgement(
    tmp_path: Path, server: BookingServer
) -> None:
    import time

    agent = Agent(tmp_path / "state", server.url)
    hour = 3_600_000_000
    agent.sender = Sender(
        agent.client,
        agent.spool,
        agent.config,
        "a",
        clock=lambda: time.time_ns() // 1000 - hour,
    )
    put(agent, 1)
    agent.deliver()
    assert agent.sender.offset_us == pytest.approx(hour, abs=2_000_000)
    agent.client.close()


def test_two_boots_never_share_a_batch(tmp_path: Path, server: BookingServer) -> None:
    from agents.spool import Spool

    agent = Agent(tmp_path / "state", server.url)
    put(agent, 1, 2)
    agent.spool.close()
    agent.spool = Spool(agent.state.file("spool"), kernel="another")
    agent.sender = Sender(agent.client, agent.spool, agent.config, "a")
    put(agent, 3)
    agent.deliver()
    assert [len(b["tables"]["host"]["seq"]) for b in server.batches] == [2, 1]
    assert len(server.booked) == 2
    assert booked(server) == [1, 2, 3]
    agent.client.close()


def test_rows_wake_a_sleeping_sender_and_stop_ends_it(agent: Agent, server: BookingServer) -> None:
    from agents.events import Event

    stop = Event()
    thread = threading.Thread(target=agent.sender.run, args=(stop,))
    thread.start()
    for value in range(3):
        put(agent, value)
        agent.sender.wake.set()
        for _ in range(500):
            if len(server.rows) == value + 1:
                break
            stop.wait(0.01)
        assert len(server.rows) == value + 1
    stop.set()
    agent.sender.wake.set()
    thread.join(5)
    assert not thread.is_alive()


def test_a_wrong_clock_is_told_and_its_reports_arrive_in_the_servers_time(
    agent: Agent, server: BookingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = 3600 * 1_000_000
    fast = server.now() + hour
    monkeypatch.setattr(agent.sender, "_clock", lambda: fast)
    agent.spool.append([("host", fast, HostReport(uptime_s=1))])
    agent.deliver()
    assert booked(server) == [1]
    ((_, _, _, observed_at, _),) = server.rows
    assert abs(observed_at - server.now()) < 60 * 1_000_000
    assert agent.sender.offset_us is not None
    assert abs(agent.sender.offset_us + hour) < 60 * 1_000_000


def test_a_clock_that_was_set_right_needs_no_shift_any_more(
    agent: Agent, server: BookingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [server.now() - 7200 * 1_000_000]
    monkeypatch.setattr(agent.sender, "_clock", lambda: clock[0])
    put(agent, 1)
    agent.deliver()
    clock[0] = server.now()
    put(agent, 2)
    agent.deliver()
    assert booked(server) == [1, 2]
    assert abs(server.batches[-1]["sent_at"] - server.now()) < 60 * 1_000_000


def test_a_late_second_answer_is_not_taken_for_that_to_the_next_batch(
    agent: Agent, server: BookingServer
) -> None:
    put(agent, 1)
    agent.deliver()
    server.faults.append({422: {"code": "report.invalid", "detail": "of the batch before"}})
    put(agent, 2)
    assert agent.deliver() == [0.0]
    assert booked(server) == [1, 2]
    assert agent.spool.rejected_rows == 0


def test_what_was_measured_is_delivered_at_once_and_wears_no_flash(
    agent: Agent, server: BookingServer, flushes: list[int]
) -> None:
    put(agent, 1)
    agent.deliver()  # connects
    flushes.clear()
    for value in range(2, 5):
        put(agent, value, flush=False)
        assert agent.sender.deliver_now()
    assert booked(server) == [1, 2, 3, 4]
    agent.spool.flush()
    assert flushes == []
    assert agent.spool.rows == 0


@pytest.mark.parametrize("fault", ["drop-early", "drop-late", (500, {}), "busy", {500: {}}])
def test_what_cannot_be_delivered_at_once_is_flushed_and_arrives_by_the_thread(
    agent: Agent, server: BookingServer, flushes: list[int], fault: Any
) -> None:
    put(agent, 1)
    agent.deliver()
    flushes.clear()
    server.faults.append(fault)
    put(agent, 2, flush=False)
    assert not agent.sender.deliver_now()
    agent.spool.flush()
    assert len(flushes) == 1
    waits = agent.deliver()
    assert (waits[0] >= 7) == (fault == "busy")  # Retry-After holds for the thread
    assert booked(server) == [1, 2]
    assert agent.spool.rows == 0


def test_a_slow_answer_holds_up_measuring_for_a_moment_only_and_is_not_asked_for_again(
    agent: Agent, server: BookingServer
) -> None:
    put(agent, 1)
    agent.deliver()
    server.faults.append("slow")
    put(agent, 2)
    begun = time.monotonic()
    assert not agent.sender.deliver_now()
    assert time.monotonic() - begun < 2.5
    put(agent, 3)
    assert not agent.sender.deliver_now()  # the line is taken
    agent.deliver()
    assert booked(server) == [1, 2, 3]
    assert len(server.batches) == 3


def test_a_new_config_is_fetched_although_the_rows_are_delivered(
    agent: Agent, server: BookingServer
) -> None:
    put(agent, 1)
    agent.deliver()
    server.config = {**server.config, "etag": "e2", "interval_s": 7}
    put(agent, 2)
    assert not agent.sender.deliver_now()
    agent.deliver()
    assert agent.config.config.interval_s == 7
