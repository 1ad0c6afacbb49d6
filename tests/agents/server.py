"""A small real server that books reports by the rules of `agents.protocol`, and misbehaves on
request. Also runs as a program, so that an agent can be measured against another process."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import socket
import ssl
import sys
import threading
import time
import zlib
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from agents.protocol import (
    CONFIG_PATH,
    JOIN_PATH,
    RELEASE_PATH,
    REPORT_PATH,
    REPORTS,
    REQUEST_NUMBER,
    Command,
    command_mac,
)

CODE = "ABCD-EFGH-JKLM"
SECRET = "secret-of-the-agent"
KEY = "key-of-its-commands"
AGENT = "0190b0a0-0000-7000-8000-000000000001"


class BookingServer(ThreadingHTTPServer):
    """Books rows in memory. `faults` holds what to do wrong with the next report requests:

    drop-early (close unread), drop-late (book, then close in the middle of the answer),
    twice (book, answer two times), busy (503 with Retry-After), slow (book, answer after three
    seconds), (status, problem) pairs, or {status: problem} for another answer to the request
    before that comes now, followed by the right one.
    """

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.tls = tls
        self.booked: dict[str, int] = {}
        self.rows: list[tuple[str, int, str, int, dict[str, Any]]] = []
        """(boot, seq, table, observed_at, values) in order of booking."""
        self.batches: list[dict[str, Any]] = []
        self.faults: deque[Any] = deque()
        self.refuse_rows: set[int] = set()
        """`uptime_s` of host rows that are answered 422."""
        self.refuse_tables: set[str] = set()
        """Tables that it has never heard of, as an older server."""
        self.max_rows = 10**9
        self.config: dict[str, Any] = {"etag": "e1", "agent": AGENT, "school": "164800"}
        self.release_key = ""
        self.releases: dict[str, bytes | None] = {}
        """SHA-256 → what is sent for it."""
        self.commands: list[Any] = []
        """What every reply carries."""
        self.config_requests = 0
        self.joins: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.connections = 0
        super().__init__(("127.0.0.1", port), _Handler)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> BookingServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        if self.tls:
            request.settimeout(10)
            with self.tls.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)
            return
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # broken connections are what is tested

    def now(self) -> int:
        """The server's time, UTC microseconds."""
        return time.time_ns() // 1000

    def ask(
        self, id: str, kind: str, good_for_s: float = 600, key: str = KEY, **arguments: Any
    ) -> Command:
        """Put a command into every reply from now on."""
        expires = self.now() + round(good_for_s * 1e6)
        command = Command(id, kind, json.dumps(arguments), expires, "")
        command = command._replace(mac=command_mac(key, AGENT, command))
        self.commands = [*self.commands, command._asdict()]
        return command

    def results(self, *, killed: bool = False) -> dict[str, dict[str, Any]]:
        """Id of a command → its answer; there is one at most. Of one that was
        killed between answering and noting that, the first answer counts."""
        found: dict[str, dict[str, Any]] = {}
        for _, _, table, _, values in self.rows:
            if table == "result":
                assert killed or values["command"] not in found, "answered twice"
                found.setdefault(values["command"], values)
        return found

    def values(self, table: str, field: str) -> list[Any]:
        return [values.get(field) for _, _, t, _, values in self.rows if t == table]

    def book(self, batch: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer."""
        if batch["version"] != 1:
            return 422, {"code": "report.version", "detail": "unknown version"}
        offset = self.now() - batch["sent_at"]
        if abs(offset) > 1800 * 1_000_000:
            detail = f"the agent's clock is {abs(offset) // 1_000_000} s off"
            return 409, {"code": "report.clock", "detail": detail, "server_time": self.now()}
        rows = []
        for table, columns in batch["tables"].items():
            extra = set(columns) - set(REPORTS[table]._fields) - {"seq", "observed_at"}
            assert not extra, extra
            for index, seq in enumerate(columns["seq"]):
                row = {name: column[index] for name, column in columns.items()}
                rows.append((batch["boot"], seq, table, row["observed_at"], row))
        rows.sort(key=lambda row: row[1])
        numbers = [row[1] for row in rows]
        if numbers != list(range(batch["first_seq"], batch["last_seq"] + 1)):
            return 422, {"code": "report.invalid", "detail": "gap in the batch"}
        if self.refuse_tables & set(batch["tables"]):
            return 422, {"code": "report.invalid", "detail": "an unknown table"}
        if any(row[4].get("uptime_s") in self.refuse_rows for row in rows):
            return 422, {"code": "report.invalid", "detail": "host.uptime_s is nonsense"}
        if len(rows) > self.max_rows:
            return 413, {"code": "report.too_large", "detail": "too many rows"}
        with self.lock:
            acked = self.booked.get(batch["boot"], 0)
            if batch["first_seq"] > acked + 1 and batch["first_seq"] > batch["lost_before"]:
                detail = f"expected {acked + 1}"
                problem = {"code": "report.out_of_order", "detail": detail, "acked_seq": acked}
                return 409, problem
            self.rows += [row for row in rows if row[1] > acked]
            self.booked[batch["boot"]] = max(acked, batch["last_seq"])
            self.batches.append(batch)
            return 200, {
                "acked_seq": self.booked[batch["boot"]],
                "server_time": self.now(),
                "config_etag": self.config["etag"],
                "commands": self.commands,
            }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: BookingServer

    def log_message(self, *_: object) -> None:
        pass

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = zlib.decompress(body, wbits=31)
        return body

    def _send(
        self,
        status: int,
        data: Any,
        headers: dict[str, str] | None = None,
        number: int | None = None,
    ) -> None:
        body = b"" if status == 304 else json.dumps(data).encode()
        self.send_response(status)
        problem = status >= 400
        self.send_header("Content-Type", f"application/{'problem+' if problem else ''}json")
        if asked := self.headers.get(REQUEST_NUMBER):
            self.send_header(REQUEST_NUMBER, asked if number is None else str(number))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _is_agent(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {SECRET}":
            return True
        self._send(401, {"code": "auth.required", "detail": "this secret is not known"})
        return False

    def do_GET(self) -> None:
        if release := self.server.releases.get(self.path.removeprefix(f"{RELEASE_PATH}/")):
            if self._is_agent():
                self.send_response(200)
                self.send_header("Content-Length", str(len(release)))
                self.end_headers()
                self.wfile.write(release)
            return
        if self.path != CONFIG_PATH:
            self._send(404, {"code": "estate.unknown", "detail": "nothing here"})
            return
        if not self._is_agent():
            return
        self.server.config_requests += 1
        etag = f'"{self.server.config["etag"]}"'
        fresh = self.headers.get("If-None-Match") != etag
        self._send(200 if fresh else 304, self.server.config, {"ETag": etag})

    def do_POST(self) -> None:
        if self.path == JOIN_PATH:
            self._join(json.loads(self._body()))
        elif self.path == REPORT_PATH:
            self._report()
        else:
            self._body()
            self._send(404, {"code": "estate.unknown", "detail": "nothing here"})

    def _join(self, wanted: dict[str, Any]) -> None:
        if wanted["code"] != CODE:
            self._send(403, {"code": "agent.code", "detail": "this code is wrong"})
        elif self.server.joins:
            self._send(403, {"code": "agent.code", "detail": "this code has been used"})
        else:
            self.server.joins.append(wanted)
            answer = {"agent": AGENT, "secret": SECRET, "school": "164800", "command_key": KEY}
            answer["release_key"] = self.server.release_key
            self._send(200, {**answer, "config": self.server.config})

    def _report(self) -> None:
        fault = self.server.faults.popleft() if self.server.faults else None
        if fault == "drop-early":
            self.close_connection = True
            return
        body = self._body()
        if not self._is_agent():
            return
        if fault == "busy":
            self._send(503, {"code": "server.busy", "detail": "busy"}, {"Retry-After": "7"})
            return
        if isinstance(fault, dict):
            for status, problem in fault.items():
                self._send(status, problem, number=int(self.headers[REQUEST_NUMBER]) - 1)
        if isinstance(fault, tuple):
            self._send(*fault)
            return
        status, data = self.server.book(json.loads(body))
        if fault == "drop-late":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if fault == "slow":
            time.sleep(3)
        self._send(status, data)
        if fault == "twice":
            self._send(status, data)


def make_certificate(
    folder: Path, name: str = "server", days: int = 2, host: str = ""
) -> tuple[Path, Path]:
    """A self-signed ECDSA certificate for `host`, else localhost and 127.0.0.1; both files."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(host or "localhost")]
    if not host:
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=3))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS for the server's side."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def main() -> None:
    """Serve until standard input ends; prints the URL first and the counts last.

    Arguments: certificate, key, interval in seconds, host:port to probe ('-' for none).
    """
    certificate, key, interval, target = sys.argv[1:5]
    with BookingServer(server_context(Path(certificate), Path(key))) as server:
        server.config["interval_s"] = int(interval)
        if target != "-":
            where = f"127.0.0.1:{server.server_port}" if target == "self" else target
            server.config["uplinks"] = [{"uplink": "A", "interface": "lo", "targets": [where]}]
        print(server.url, flush=True)
        sys.stdin.read()
        connections = server.connections
        print(json.dumps({"rows": len(server.rows), "batches": len(server.batches)}), connections)


if __name__ == "__main__":
    main()
