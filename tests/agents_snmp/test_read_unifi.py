"""UniFi consoles over REST: log-in, API key, sessions that end, certificates, odd answers."""

from __future__ import annotations

import datetime as dt
import hashlib
import http.server
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agents.controllers import Index
from agents.controllers.unifi import UnifiController
from agents.errors import AgentError, BadAnswer, TlsMismatch, WrongUse
from sample_site.equipment.model import Estate
from sample_site.equipment.process import EquipmentProcess
from tests.peers import equipment as peers


@pytest.fixture(scope="module")
def estate() -> Estate:
    return peers.one_of_each()


@pytest.fixture(scope="module")
def console(estate: Estate) -> Iterator[str]:
    with EquipmentProcess(estate, at="10:00") as process:
        device = next(d for d in estate.devices if d.model == "UniFi Console")
        yield f"http://{device.address}:{process.ports.rest}"


def read(url: str, user: str, password: str) -> Index:
    controller = UnifiController(url, user, password)
    try:
        return Index(controller.read())
    finally:
        controller.close()


@pytest.mark.parametrize("user", ["schoolops", ""])
def test_a_login_and_an_api_key_both_read_the_list(console: str, estate: Estate, user: str) -> None:
    point = next(d for d in estate.devices if d.model == "U6-Pro")
    index = read(console, user, peers.CONSOLE_PASSWORD)
    for name in (point.macs[0].upper(), point.macs[0].replace(":", "-"), point.serial):
        found = index.find([name])
        assert found is not None
        assert found.up
        assert found.reading.clients


@pytest.mark.parametrize(("user", "says"), [("schoolops", "user name or password"),
                                            ("", "API key")])  # fmt: skip
def test_a_wrong_secret_is_refused_and_not_repeated_in_the_error(
    console: str, user: str, says: str
) -> None:
    with pytest.raises(WrongUse, match=says) as caught:
        read(console, user, "not-the-password")
    assert "not-the-password" not in str(caught.value)


# -- consoles of the test's own -------------------------------------------------------------


class Fake(http.server.BaseHTTPRequestHandler):
    """A controller that plays what `script` says; keeps what was asked."""

    script: ClassVar[dict[str, Any]] = {}
    asked: ClassVar[list[tuple[str, str, dict[str, str]]]] = []
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.command, self.path, dict(self.headers)))
        status, headers, body = self.script.get(self.path, (404, {}, b"{}"))
        if callable(body):
            status, body = body(self)
        self.send_response(status)
        for name, value in headers.items():
            for each in value if isinstance(value, list) else [value]:
                self.send_header(name, each)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def fake(request: pytest.FixtureRequest) -> Iterator[http.server.ThreadingHTTPServer]:
    Fake.script, Fake.asked = {}, []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fake)
    context = getattr(request, "param", None)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def url(server: http.server.ThreadingHTTPServer, scheme: str = "http", more: str = "") -> str:
    return f"{scheme}://127.0.0.1:{server.server_address[1]}{more}"


DEVICES = json.dumps({"data": [{"mac": "AA:BB:CC:00:11:22", "state": 1, "serial": "AABBCC001122"}]})


def test_the_classic_application_and_both_its_cookies(
    fake: http.server.ThreadingHTTPServer,
) -> None:
    cookies = ["unifises=abc; Path=/; Secure", "csrf_token=def; Path=/"]
    Fake.script = {
        "/api/login": (200, {"Set-Cookie": cookies}, b'{"meta":{"rc":"ok"}}'),
        "/api/s/schule/stat/device": (200, {}, DEVICES.encode()),
    }
    index = read(url(fake, more="/?site=schule"), "u", "p")
    assert index.find(["aa:bb:cc:00:11:22"])
    assert Fake.asked[-1][2]["Cookie"] == "unifises=abc; csrf_token=def"


def test_a_session_that_has_ended_is_renewed_once(fake: http.server.ThreadingHTTPServer) -> None:
    answers = [401, 200]

    def devices(_: object) -> tuple[int, bytes]:
        status = answers.pop(0)
        return status, DEVICES.encode() if status == 200 else b"{}"

    Fake.script = {
        "/api/auth/login": (200, {"Set-Cookie": "TOKEN=x; path=/"}, b"{}"),
        "/proxy/network/api/s/default/stat/device": (200, {}, devices),
    }
    assert read(url(fake), "u", "p").find(["AABBCC001122"])
    assert [path for _, path, _ in Fake.asked].count("/api/auth/login") == 2


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [(200, b"<html>", BadAnswer), (200, b'{"data": 7}', BadAnswer), (200, b"[]", BadAnswer),
     (500, b"", BadAnswer), (403, b"{}", WrongUse)],
)  # fmt: skip
def test_an_odd_answer_is_an_error_and_no_crash(
    fake: http.server.ThreadingHTTPServer, status: int, body: bytes, error: type[AgentError]
) -> None:
    Fake.script = {
        "/api/auth/login": (200, {"Set-Cookie": "TOKEN=x"}, b"{}"),
        "/proxy/network/api/s/default/stat/device": (status, {}, body),
    }
    with pytest.raises(error):
        read(url(fake), "u", "p")


def test_values_that_make_no_sense_stay_unknown(fake: http.server.ThreadingHTTPServer) -> None:
    item = {
        "mac": "aa:bb:cc:00:11:22", "state": 1, "uptime": None, "system-stats": [],
        "radio_table_stats": [7, {"radio": "ng"}, {"radio": "na", "num_sta": "4"}],
        "uplink": {"rx_bytes": "many"}, "general_temperature": True,
    }  # fmt: skip
    body = json.dumps({"data": [item, "rubbish", {"no": "mac"}]}).encode()
    Fake.script = {
        "/api/auth/login": (200, {"Set-Cookie": "TOKEN=x"}, b"{}"),
        "/proxy/network/api/s/default/stat/device": (200, {}, body),
    }
    point = read(url(fake), "u", "p").find(["aabbcc001122"])
    assert point is not None
    assert point.reading.clients == point.reading.clients_5 == 4
    assert point.reading.rx_bytes is None
    assert point.reading.temperature_c is None


def test_what_is_no_controller_says_so(fake: http.server.ThreadingHTTPServer) -> None:
    with pytest.raises(BadAnswer, match="no UniFi controller"):
        read(url(fake), "u", "p")


# -- certificates ---------------------------------------------------------------------------


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A console's own certificate and its fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "UniFi")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "console.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    digest = hashlib.sha256(made.public_bytes(serialization.Encoding.DER)).hexdigest()
    return context, digest


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[http.server.ThreadingHTTPServer, str]]:
    context, digest = certificate(tmp_path)
    Fake.asked = []
    Fake.script = {
        "/api/auth/login": (200, {"Set-Cookie": "TOKEN=x"}, b"{}"),
        "/proxy/network/api/s/default/stat/device": (200, {}, DEVICES.encode()),
    }
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fake)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server, digest
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_pinned_certificate_of_a_console_is_accepted(
    secure: tuple[http.server.ThreadingHTTPServer, str],
) -> None:
    server, digest = secure
    assert read(url(server, "https", f"/#sha256={digest}"), "u", "p").find(["aabbcc001122"])


@pytest.mark.parametrize("pin", ["", "/#sha256=" + "0" * 64])
def test_another_certificate_is_refused_before_the_password_is_sent(
    secure: tuple[http.server.ThreadingHTTPServer, str], pin: str
) -> None:
    with pytest.raises(TlsMismatch, match="#sha256"):
        read(url(secure[0], "https", pin), "u", "p")
    assert Fake.asked == []
