"""The HTTP client: what it reads, whom it trusts, and what it refuses."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.address import parse_server
from agents.errors import BadAnswer, TlsMismatch, Unreachable, WrongUse
from agents.transport import Client, fingerprint
from tests.agents.server import BookingServer, make_certificate


@contextmanager
def raw_server(*answers: bytes, hold_s: float = 0.0) -> Iterator[str]:
    """Answers each connection's requests with these bytes, whatever they are, then closes."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                for answer in answers:
                    got = b""
                    while b"\r\n\r\n" not in got:
                        data = connection.recv(65536)
                        if not data:
                            break
                        got += data
                    for part in answer.split(b"|"):
                        try:
                            connection.sendall(part)
                        except OSError:
                            break
                        time.sleep(0.01)
                time.sleep(hold_s)

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def ask(url: str, timeout: float = 5) -> bytes:
    client = Client(parse_server(url), timeout=timeout)
    try:
        return client.request("GET", "/x").body
    finally:
        client.close()


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe|llo", b"hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil |the end", b"until the end"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;a=b\r\nabc\r\n|2\r\nde|\r\n0\r\nTrailer: x\r\n\r\n",
            b"abcde",
        ),
    ],
)
def test_every_usual_form_of_answer_is_read(answer: bytes, body: bytes) -> None:
    with raw_server(answer) as url:
        assert ask(url) == body


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 9_000 + b"\r\n",
    ],
    ids=["ssh", "huge", "negative", "no-hex", "huge-chunk", "long-chunk", "line", "lines"],
)
def test_what_is_not_http_or_too_large_is_a_bad_answer(answer: bytes) -> None:
    with raw_server(answer) as url, pytest.raises(BadAnswer):
        ask(url)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
def test_an_answer_that_breaks_off_is_no_answer(answer: bytes) -> None:
    with raw_server(answer) as url, pytest.raises(Unreachable):
        ask(url)


def test_a_server_that_drips_does_not_hold_the_agent_beyond_the_time_limit() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x|" * 400
    with raw_server(answer, hold_s=1) as url:
        begun = time.monotonic()
        with pytest.raises(Unreachable, match="did not answer within 1 s"):
            ask(url, timeout=1)
        assert time.monotonic() - begun < 2


@given(st.binary(max_size=300))
def test_no_answer_whatever_ends_in_anything_but_a_transport_error(noise: bytes) -> None:
    client = Client(parse_server("http://127.0.0.1:9"), timeout=5)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\n" + noise)
        theirs.shutdown(socket.SHUT_WR)
        client._keep(ours)
        client._deadline = time.monotonic() + 5
        try:
            status, headers = client._reader.head()
            client._reader.body(headers, client.max_answer_bytes)
        except (Unreachable, BadAnswer):
            pass
        else:
            assert status == 200


def test_a_connection_is_kept(tls_server: BookingServer, certificate: tuple[Path, Path]) -> None:
    client = Client(parse_server(tls_server.url, ca=str(certificate[0])))
    for _ in range(5):
        assert client.request("GET", "/nothing").status == 404
    assert tls_server.connections == 1
    client.close()


def test_a_certificate_nobody_vouches_for_is_refused(tls_server: BookingServer) -> None:
    client = Client(parse_server(tls_server.url))
    with pytest.raises(TlsMismatch, match="--ca FILE or --pin"):
        client.request("GET", "/")


def test_another_certificate_than_the_pinned_one_is_refused_before_a_byte_is_sent(
    tls_server: BookingServer, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    shown = ssl.PEM_cert_to_DER_cert(certificate[0].read_text())
    other, _ = make_certificate(tmp_path, "other")
    wrong = fingerprint(ssl.PEM_cert_to_DER_cert(other.read_text()))
    right = fingerprint(shown)
    client = Client(parse_server(tls_server.url, pin=wrong), secret="s")
    with pytest.raises(TlsMismatch, match=f"sha256:{right}"):
        client.request("GET", "/nothing")
    client = Client(parse_server(tls_server.url, pin="SHA256:" + right.upper()))
    assert client.request("GET", "/nothing").status == 404
    client.close()


def test_the_pin_is_what_openssl_prints(certificate: tuple[Path, Path]) -> None:
    command = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", str(certificate[0])]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pin = printed.strip().partition("=")[2]
    der = ssl.PEM_cert_to_DER_cert(certificate[0].read_text())
    assert parse_server("https://x", pin=pin).pin == fingerprint(der)


def test_a_missing_ca_file_is_wrong_use(tls_server: BookingServer) -> None:
    with pytest.raises(WrongUse, match="cannot use the CA file"):
        Client(parse_server(tls_server.url, ca="/nonexistent.pem")).request("GET", "/")


def test_tls_to_a_plain_server_and_back_is_told_apart(server: BookingServer) -> None:
    with pytest.raises(Unreachable, match="no TLS with"):
        Client(parse_server(server.url.replace("http:", "https:")), timeout=3).request("GET", "/")


def test_a_unix_socket_is_a_server_too() -> None:
    path = os.path.join(os.environ["XDG_RUNTIME_DIR"], "agent.sock")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(self.headers["Host"][:2].encode())

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingMixIn, UnixStreamServer):
        daemon_threads = True

    with Server(path, Handler) as unix:
        threading.Thread(target=unix.serve_forever, args=(0.02,), daemon=True).start()
        assert ask(f"unix:{path}") == b"lo"
        unix.shutdown()
    with pytest.raises(Unreachable, match=r"agent\.sock: Connection refused"):
        ask(f"unix:{path}")


def test_a_name_that_does_not_exist_is_said_to() -> None:
    with pytest.raises(Unreachable, match=r"the name no-such-host\.invalid is not found"):
        ask("http://no-such-host.invalid")


@pytest.mark.parametrize(
    ("url", "host", "port", "prefix", "name"),
    [
        ("https://a.example", "a.example", 443, "", "a.example"),
        ("https://a.example:8443/x/y/", "a.example", 8443, "/x/y", "a.example:8443"),
        ("http://[::1]:80/", "::1", 80, "", "[::1]"),
        ("unix:/run/s", "/run/s", 0, "", "localhost"),
    ],
)
def test_a_url_is_read(url: str, host: str, port: int, prefix: str, name: str) -> None:
    server = parse_server(url)
    assert (server.host, server.port, server.prefix, server.name) == (host, port, prefix, name)


@pytest.mark.parametrize(
    "read",
    [
        lambda: parse_server("ftp://x"),
        lambda: parse_server("example.org"),
        lambda: parse_server("https://"),
        lambda: parse_server("https://x:99999"),
        lambda: parse_server("https://x:y"),
        lambda: parse_server("https://user:password@x"),
        lambda: parse_server("https://x/?token=1"),
        lambda: parse_server("unix:relative"),
        lambda: parse_server("http://x", ca="/ca.pem"),
        lambda: parse_server("https://x", pin="sha256:abc"),
    ],
)
def test_a_wrong_url_or_pin_is_refused_with_a_sentence(read: Callable[[], object]) -> None:
    with pytest.raises(WrongUse):
        read()
