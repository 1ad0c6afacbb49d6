"""Whom an agent trusts over TLS: the same over `_ssl` and, where that is not known, over `ssl`."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agents import tls
from agents.address import Server, parse_server
from agents.errors import TlsMismatch, Unreachable, WrongUse
from agents.transport import Client, fingerprint
from tests.agents.server import SECRET, BookingServer, make_certificate, server_context

Certificate = tuple[Path, Path]


@pytest.fixture(params=["_ssl", "ssl"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Both ways to TLS; skips the one that this Python does not go."""
    if request.param == "_ssl" and not tls.is_known():
        pytest.skip("this Python's _ssl is not known")
    library = __import__(request.param)
    monkeypatch.setattr(tls, "library", library)
    return library


def ask(url: str, **trust: str) -> int:
    client = Client(parse_server(url, **trust), timeout=5)
    try:
        return client.request("GET", "/nothing").status
    finally:
        client.close()


@contextmanager
def tls_talk(certificate: Certificate, answer: bytes, *, end: bool) -> Iterator[str]:
    """Sends one answer over TLS; then ends without TLS's own end, or stays silent."""
    context = server_context(*certificate)
    done = threading.Event()

    def serve() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ports.append(listener.getsockname()[1])
            ready.set()
            plain, _ = listener.accept()
            with context.wrap_socket(plain, server_side=True) as secure:
                secure.recv(65536)
                secure.sendall(answer)
                if not end:
                    done.wait(10)

    ports: list[int] = []
    ready = threading.Event()
    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait(5)
    try:
        yield f"https://127.0.0.1:{ports[0]}"
    finally:
        done.set()
        thread.join(10)


def test_a_server_with_the_right_name_and_a_trusted_certificate_is_talked_to(
    way: Any, tls_server: BookingServer, certificate: Certificate
) -> None:
    client = Client(parse_server(tls_server.url, ca=str(certificate[0])))
    assert client.request("GET", "/nothing").status == 404
    assert isinstance(client._socket, ssl.SSLSocket) is (way is ssl)
    client.close()
    name = tls_server.url.replace("127.0.0.1", "localhost")
    assert ask(name, ca=str(certificate[0])) == 404


@pytest.mark.parametrize(
    ("host", "seen_as"),
    [
        ("another.example", "127.0.0.1"),
        ("another.example", "localhost"),
        ("localhost", "127.0.0.1"),
        ("*.localhost", "localhost"),
    ],
)
def test_a_trusted_certificate_of_another_host_is_refused(
    tmp_path: Path, host: str, seen_as: str
) -> None:
    other = make_certificate(tmp_path, host=host)
    with BookingServer(server_context(*other)) as server:
        url = server.url.replace("127.0.0.1", seen_as)
        with pytest.raises(TlsMismatch, match="mismatch"):
            ask(url, ca=str(other[0]))
        assert not server.batches


def test_an_expired_certificate_is_refused_although_its_ca_is_trusted(tmp_path: Path) -> None:
    old = make_certificate(tmp_path, days=-1)
    with BookingServer(server_context(*old)) as server, pytest.raises(TlsMismatch, match="expired"):
        ask(server.url, ca=str(old[0]))


def test_a_certificate_of_an_unknown_ca_is_refused(
    tls_server: BookingServer, tmp_path: Path
) -> None:
    other, _ = make_certificate(tmp_path, "other")
    with pytest.raises(TlsMismatch, match="is not trusted"):
        ask(tls_server.url, ca=str(other))


def test_a_self_signed_certificate_is_refused_by_the_systems_own_roots(
    tls_server: BookingServer,
) -> None:
    with pytest.raises(TlsMismatch, match="self-signed"):
        ask(tls_server.url)


def test_the_systems_folder_of_roots_is_what_is_trusted_without_a_ca(
    tls_server: BookingServer,
    certificate: Certificate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = ["openssl", "x509", "-noout", "-hash", "-in", str(certificate[0])]
    digits = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / f"{digits}.0").symlink_to(certificate[0])
    monkeypatch.setattr(tls, "_SYSTEM_CA_FOLDER", str(tmp_path))
    assert ask(tls_server.url) == 404


def test_a_pin_is_the_one_certificate_whatever_its_name_and_nothing_else(tmp_path: Path) -> None:
    shown = make_certificate(tmp_path, host="another.example")
    other, _ = make_certificate(tmp_path, "other")
    right, wrong = (
        fingerprint(ssl.PEM_cert_to_DER_cert(file.read_text())) for file in (shown[0], other)
    )
    with BookingServer(server_context(*shown)) as server:
        assert ask(server.url, pin=right) == 404
        with pytest.raises(TlsMismatch, match=f"sha256:{right}"):
            ask(server.url, pin=wrong)


def test_a_ca_file_that_is_none_is_wrong_use(tls_server: BookingServer, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("no certificate")
    with pytest.raises(WrongUse, match="cannot use the CA file"):
        ask(tls_server.url, ca=str(tmp_path / "none.pem"))


def test_a_server_that_speaks_no_tls_is_told_in_words(server: BookingServer) -> None:
    with pytest.raises(Unreachable, match=r"no TLS with .*: (wrong version number|record layer)"):
        ask(server.url.replace("http:", "https:"))


def test_tls_before_1_2_is_refused(certificate: Certificate) -> None:
    context = server_context(*certificate)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with BookingServer(context) as server, pytest.raises(Unreachable, match="no TLS with"):
        ask(server.url, ca=str(certificate[0]))


def test_a_connection_that_ends_without_tls_saying_so_is_an_end(certificate: Certificate) -> None:
    with tls_talk(certificate, b"HTTP/1.0 200 OK\r\n\r\nall of it", end=True) as url:
        client = Client(parse_server(url, ca=str(certificate[0])), timeout=5)
        assert client.request("GET", "/").body == b"all of it"


def test_a_server_that_falls_silent_is_waited_for_no_longer_than_the_time_limit(
    certificate: Certificate,
) -> None:
    with tls_talk(certificate, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", end=False) as url:
        client = Client(parse_server(url, ca=str(certificate[0])), timeout=0.5)
        with pytest.raises(Unreachable, match="did not answer within"):
            client.request("GET", "/")


def test_a_session_is_resumed(tls_server: BookingServer, certificate: Certificate) -> None:
    client = Client(parse_server(tls_server.url, ca=str(certificate[0])))
    for _ in range(2):
        client.request("GET", "/nothing")
        reused = getattr(client._socket, "session_reused", None)
        client.close()
    assert reused


def test_what_is_longer_than_a_tls_record_arrives_whole(
    tls_server: BookingServer, certificate: Certificate
) -> None:
    server = parse_server(tls_server.url, ca=str(certificate[0]))
    client = Client(server, timeout=10, secret=SECRET)
    assert client.request("POST", "/nothing", b"x" * 300_000).status == 404
    tls_server.config["padding"] = "y" * 300_000
    answer = client.request("GET", "/v1/agent/config")
    assert json.loads(answer.body) == tls_server.config
    assert tls_server.connections == 1
    client.close()


SETTINGS = (
    "verify_mode", "check_hostname", "verify_flags", "options", "minimum_version",
    "maximum_version", "security_level", "protocol", "_host_flags",
)  # fmt: skip


@pytest.mark.parametrize("trust", [{}, {"ca": "yes"}])
def test_a_context_is_set_no_otherwise_than_one_of_ssl(
    certificate: Certificate, trust: dict[str, str]
) -> None:
    server = Server("https", "x", 443, ca=str(certificate[0]) if trust else "")
    made, usual = tls.context(server), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    usual.minimum_version = ssl.TLSVersion.TLSv1_2
    assert [getattr(made, name) for name in SETTINGS] == [getattr(usual, n) for n in SETTINGS]
    assert made.get_ciphers() == usual.get_ciphers()
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_server_without_a_name_is_not_connected_to_unchecked() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ValueError, match="without a name"):
        tls.wrap(tls.context(Server("https", "x", 443)), ours, "")


class Lax:
    """A context that no longer asks for the host's name by itself."""

    verify_mode, check_hostname, minimum_version = 2, False, 0
    protocol = ssl.PROTOCOL_TLS_CLIENT
    _wrap_socket = load_verify_locations = set_default_verify_paths = None

    def __init__(self, protocol: int) -> None:
        pass


def test_a_ssl_module_that_is_not_as_known_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    import _ssl

    assert not tls.is_known((3, tls.NEWEST[1] + 1))
    assert tls.is_known(sys.version_info[:2]) is (sys.version_info[:2] <= tls.NEWEST)
    for other in (Lax, object, None):
        monkeypatch.setattr(_ssl, "_SSLContext", other)
        assert not tls.is_known(tls.NEWEST)
        assert tls._library() is ssl
