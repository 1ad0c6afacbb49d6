"""Services that lessons need, asked over real sockets, TLS and HTTP."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agents.config import ConfigKeeper, read_config, without_secrets
from agents.duties.services import ServicesDuty
from agents.events import start
from agents.protocol import Config, HostReport, ServiceReport, ServiceTarget
from agents.runner import Runner
from tests.agents.conftest import Agent
from tests.agents.server import AGENT, BookingServer, server_context
from tests.agents.test_measure_uplink import closed_port


class _Answers(BaseHTTPRequestHandler):
    """`/503` answers 503; `/no-head` takes GET alone; everything else 200."""

    def do_HEAD(self) -> None:
        self._answer(405 if self.path == "/no-head" else None)

    def do_GET(self) -> None:
        self._answer(None)

    def _answer(self, status: int | None) -> None:
        digits = self.path.strip("/")
        self.send_response(status or (int(digits) if digits.isdigit() else 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def web(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def ask(target: str, timeout_s: float = 2.0) -> ServiceReport:
    duty = ServicesDuty(timeout_s=timeout_s)
    config = Config("e", "a", "164800", services=[ServiceTarget("portal", target)])
    ((table, report),) = duty.measure(config, 0)
    assert table == "service"
    assert isinstance(report, ServiceReport)
    return report


def test_a_port_that_takes_connections_is_reachable_and_timed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        report = ask(f"127.0.0.1:{listener.getsockname()[1]}")
    assert (report.service, report.reachable, report.error) == ("portal", True, "")
    assert report.connect_ms is not None
    assert 0 < report.connect_ms < 500
    assert (report.tls_ms, report.status) == (None, None)


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [("/", 200, ""), ("/401", 401, ""), ("/503", 503, "answers 503"), ("/no-head", 200, "")],
)
def test_of_a_page_the_status_is_told_and_an_error_of_the_server_is_no_service(
    path: str, status: int, error: str
) -> None:
    with web() as port:
        report = ask(f"http://127.0.0.1:{port}{path}")
    assert (report.status, report.error, report.reachable) == (status, error, not error)


def test_the_certificate_is_checked(
    certificate: tuple[Path, Path],
) -> None:
    with web(server_context(*certificate)) as port:
        report = ask(f"https://localhost:{port}/")
        assert report.reachable is False
        assert report.error.startswith("the certificate is not trusted: ")
        assert (report.status, report.tls_ms) == (None, None)
        duty = ServicesDuty()
        duty._context = ssl.create_default_context(cafile=str(certificate[0]))
        config = Config(
            "e", "a", "1", services=[ServiceTarget("mdm", f"https://localhost:{port}/")]
        )
        ((_, good),) = duty.measure(config, 0)
    assert isinstance(good, ServiceReport)
    assert (good.reachable, good.status, good.error) == (True, 200, "")
    assert good.tls_ms is not None
    assert good.tls_ms > 0


def test_what_cannot_be_reached_says_why() -> None:
    assert ask(f"127.0.0.1:{closed_port()}").error == "connection refused"
    assert ask("nowhere.invalid:443").error == "the name is not found"
    assert ask("nowhere.invalid:443").connect_ms is None


def test_one_that_never_answers_costs_its_time_limit_and_the_next_is_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, web() as port:
        targets = [f"http://127.0.0.1:{silent.getsockname()[1]}/", f"http://127.0.0.1:{port}/"]
        config = Config("e", "a", "1", services=[ServiceTarget(t[-6:], t) for t in targets])
        begun = time.monotonic()
        first, second = (r for _, r in ServicesDuty(timeout_s=0.3).measure(config, 0))
    assert time.monotonic() - begun < 2
    assert isinstance(first, ServiceReport)
    assert isinstance(second, ServiceReport)
    assert (first.reachable, first.error) == (False, "no answer")
    assert second.reachable is True


def test_who_does_not_speak_http_is_told_so() -> None:
    def answer(listener: socket.socket) -> None:
        taken, _ = listener.accept()
        with taken:
            taken.recv(1000)
            taken.sendall(b"220 mail ready\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=(listener,), daemon=True).start()
        assert ask(f"http://127.0.0.1:{listener.getsockname()[1]}/").error == "does not speak HTTP"


def test_an_agent_without_services_has_no_such_duty_and_an_older_config_has_none() -> None:
    config = read_config({"etag": "e", "agent": "a", "school": "164800"})
    assert config.services == []
    assert ServicesDuty().interval_s(config) == 0


def test_services_are_remembered_on_disk_and_nonsense_is_bounded() -> None:
    config = read_config(
        {"etag": "e", "agent": "a", "school": "1", "services_every_s": 0,
         "services": [{"service": "mdm", "target": "mdm.example:443", "newer": 1}]}
    )  # fmt: skip
    assert config.services == [ServiceTarget("mdm", "mdm.example:443")]
    assert config.services_every_s == 10
    assert read_config(without_secrets(config)).services == config.services


def test_an_older_server_refuses_the_services_and_loses_nothing_else(
    agent: Agent, server: BookingServer
) -> None:
    server.config["services"] = [{"service": "portal", "target": f"127.0.0.1:{closed_port()}"}]
    server.refuse_tables = {"service"}
    runner = Runner(agent.state, agent.spool, agent.config, agent.sender)
    runner.tell([("host", HostReport(uptime_s=1))])
    assert runner.run_once(between_s=0.0)
    assert {table for _, _, table, _, _ in server.rows} == {"host"}
    assert len(server.rows) == 2
    assert agent.spool.rejected_rows == 1


def test_after_a_restart_without_a_server_services_are_asked_from_the_config_on_disk(
    agent: Agent, server: BookingServer
) -> None:
    agent.config.take(
        {"etag": "e", "agent": AGENT, "school": "1", "interval_s": 3600,
         "services": [{"service": "portal", "target": f"127.0.0.1:{closed_port()}"}]}
    )  # fmt: skip
    config = ConfigKeeper(agent.state, AGENT)
    assert not config.complete
    runner = Runner(agent.state, agent.spool, config, agent.sender)
    running = start(runner.run)
    deadline = time.monotonic() + 10
    while not any(row[2] == "service" for row in server.rows) and time.monotonic() < deadline:
        time.sleep(0.02)
    runner.request_stop()
    assert running.wait(10)
    (found,) = (row[4] for row in server.rows if row[2] == "service")
    assert (found["service"], found["reachable"]) == ("portal", False)
    assert found["error"] == "connection refused"
