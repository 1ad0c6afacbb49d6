"""A time stamping authority (RFC 3161): OpenSSL's, behind a small HTTP server."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

CONFIG = """
[req]
distinguished_name = name
prompt = no
x509_extensions = stamping
[name]
CN = Stamper of the tests
[stamping]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
[tsa]
default_tsa = here
[here]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/cert.pem
signer_key = {folder}/key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def _run(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture
def stamper(tmp_path: Path) -> Iterator[str]:
    """The URL of a stamping service."""
    folder = tmp_path / "stamper"
    folder.mkdir()
    config = folder / "openssl.cnf"
    config.write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    _run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/key.pem",
         "-out", f"{folder}/cert.pem", "-days", "3650", "-config", str(config))  # fmt: skip

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question, reply = folder / "question", folder / "reply"
            question.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            _run("ts", "-reply", "-queryfile", str(question), "-out", str(reply),
                 "-config", str(config))  # fmt: skip
            data = reply.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()
