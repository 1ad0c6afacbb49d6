"""A real mail server on loopback (aiosmtpd), with TLS and a sign-in, and with bad days on request.

Its certificate is made by an authority of the test's own, whose PEM file is `ca_file`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import email
import email.policy
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "schoolops", "correct horse"


class MailServer:
    """What arrived, and how the server answers next. Answers are whole SMTP lines."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.at_rcpt: list[str | Callable[[Any], Any]] = []
        """Taken one at a time: what RCPT is answered."""
        self.at_data: list[str | Callable[[Any], Any]] = []
        """The same, after the mail has arrived; one that is not kept was not taken."""
        self.signed_in: list[str] = []
        self.host, self.port = "127.0.0.1", 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str,
                          options: Any) -> str:  # fmt: skip
        if self.at_rcpt:
            return str(await _answer(self.at_rcpt.pop(0), server))
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.at_data.pop(0) if self.at_data else "250 OK: queued"
        said = str(await _answer(answer, server, lambda: self._keep(envelope)))
        if said.startswith("250"):
            self._keep(envelope)
        return said

    def _keep(self, envelope: Any) -> None:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]

    @property
    def receivers(self) -> list[str]:
        return sorted(to for _, receivers in self.envelopes for to in receivers)

    def check(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        if good:
            self.signed_in.append(USER)
        return AuthResult(success=good, handled=False)


async def _answer(answer: Any, server: Any, *more: Any) -> Any:
    return await answer(server, *more) if callable(answer) else answer


async def hang(server: Any, *_: Any) -> str:
    """Say nothing for longer than anybody waits."""
    await asyncio.sleep(30)
    return "451 too late"


async def trickle(server: Any, *_: Any) -> str:
    """A byte now and then, and never a whole line."""
    for _number in range(300):
        server.transport.write(b"2")
        await asyncio.sleep(0.1)
    return ""


async def drop(server: Any, *_: Any) -> str:
    """Cut the connection without a word."""
    server.transport.abort()
    return "451 nobody hears this"


async def take_and_drop(server: Any, keep: Callable[[], None]) -> str:
    """Take the mail, and cut the connection before saying so."""
    keep()
    server.transport.abort()
    return "451 nobody hears this"


@contextmanager
def serve(
    folder: Path, *, tls: str = "none", sign_in: bool = False, port: int = 0
) -> Iterator[MailServer]:
    """A server: `tls` is none, starttls or tls; with `sign_in` only USER gets in."""
    made = MailServer()
    loop = asyncio.new_event_loop()
    context = None if tls == "none" else server_context(folder)

    def protocol() -> SMTP:
        return SMTP(
            made,
            loop=loop,
            hostname="mail.city.example",
            tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls",
            authenticator=made.check,
            auth_required=sign_in,
        )

    implicit = context if tls == "tls" else None
    listening = loop.run_until_complete(loop.create_server(protocol, made.host, port, ssl=implicit))
    made.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="smtp", daemon=True)
    thread.start()
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(listening: asyncio.Server) -> None:
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def server_context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mail.pem", folder / "mail.key")
    return context


def certify(folder: Path) -> Path:
    """An authority and a certificate for 127.0.0.1 in the folder; answers the authority's file."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("Ein Amt", authority_key, "Ein Amt", authority_key, is_ca=True)
    certificate = _certificate("mail.city.example", key, "Ein Amt", authority_key, is_ca=False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(authority.public_bytes(pem))
    (folder / "mail.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "mail.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "ca.pem"


def _certificate(name: str, key: Any, issuer: str, issuer_key: Any, *, is_ca: bool) -> Any:
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    issuing = x509.SubjectKeyIdentifier.from_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuing), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )


@pytest.fixture(scope="session")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's certificate; the server's lies beside it."""
    return certify(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def mail_server(ca_file: Path) -> Iterator[MailServer]:
    """A server with STARTTLS and a sign-in."""
    with serve(ca_file.parent, tls="starttls", sign_in=True) as made:
        yield made
