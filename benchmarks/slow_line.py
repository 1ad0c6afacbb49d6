"""A line with delay between this process and the server, for benchmarks.

`delay(rtt_s)` makes httpx's own transports slow in this process: each request waits one round
trip; a new connection waits one more for TCP and one more for TLS. What a line also does (loss,
narrowness) is not part of it.

    python benchmarks/slow_line.py 0.05 ls access-points 'health:down'
    runs a command of schoolops over such a line
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import sys
import time
from pathlib import Path
from typing import Any

import httpx

HANDSHAKES = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})


class Line:
    """What went over the line."""

    def __init__(self) -> None:
        self.requests = 0
        self.connections = 0
        self.busy = 0
        """Requests without an answer yet; the stream of changes does not count."""


def delay(rtt_s: float) -> Line:
    """Make the line slow for the rest of this process; answers its counters."""
    line = Line()
    asynchronously = httpx.AsyncHTTPTransport.handle_async_request
    synchronously = httpx.HTTPTransport.handle_request

    async def shaken(name: str, _info: dict[str, Any]) -> None:
        if name in HANDSHAKES:
            line.connections += name.startswith("connection.connect")
            await asyncio.sleep(rtt_s)

    def shaken_now(name: str, _info: dict[str, Any]) -> None:
        if name in HANDSHAKES:
            line.connections += name.startswith("connection.connect")
            time.sleep(rtt_s)

    async def handle_async(
        self: httpx.AsyncHTTPTransport, request: httpx.Request
    ) -> httpx.Response:
        counted = not request.url.path.endswith("/changes")
        line.requests += 1
        line.busy += counted
        try:
            request.extensions["trace"] = shaken
            await asyncio.sleep(rtt_s)
            return await asynchronously(self, request)
        finally:
            line.busy -= counted

    def handle(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        line.requests += 1
        request.extensions["trace"] = shaken_now
        time.sleep(rtt_s)
        return synchronously(self, request)

    httpx.AsyncHTTPTransport.handle_async_request = handle_async  # type: ignore[method-assign]
    httpx.HTTPTransport.handle_request = handle  # type: ignore[method-assign]
    return line


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key: two PEM files."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "schoolops benchmark")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "server.pem", folder / "server.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


if __name__ == "__main__":
    from schoolops.cli import main

    delay(float(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
