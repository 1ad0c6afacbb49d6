"""Another computer's server over TLS, with the city's own certificate authority."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.agents.process import agent
from tests.cli.conftest import Run


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = folder / "server.pem", folder / "server.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, key_pem


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return make_certificate(tmp_path)


@pytest.fixture
def url(home: Path, certificate: tuple[Path, Path], tmp_path: Path) -> Iterator[str]:
    environment = os.environ | {
        "SCHOOLOPS_SERVER__CERTIFICATE": str(certificate[0]),
        "SCHOOLOPS_SERVER__CERTIFICATE_KEY": str(certificate[1]),
    }
    command = [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while not (home / "server.address").exists():
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield (home / "server.address").read_text().strip()
    finally:
        process.terminate()
        process.wait(60)


def test_a_server_is_trusted_only_by_its_certificate(
    run_alone: Run,
    url: str,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert url.startswith("https://")
    token = run_alone("token", "create", "t.ls", "--role", "viewer").out.strip()
    monkeypatch.setenv("SCHOOLOPS_TOKEN", token)
    far = ("ls", "schools", "--count", "--server", url)
    refused = run_alone(*far)
    assert refused.code == 1
    assert "certificate" in refused.err
    assert refused.err.count("\n") == 1
    monkeypatch.setenv("SCHOOLOPS_CA", str(certificate[0]))
    assert run_alone(*far) == (0, "0\n", "")
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("SCHOOLOPS_CA", str(make_certificate(tmp_path / "other")[0]))
    assert run_alone(*far).code == 1
    monkeypatch.setenv("SCHOOLOPS_CA", str(tmp_path / "missing.pem"))
    wrong = run_alone(*far)
    assert wrong.code == 2
    assert "SCHOOLOPS_CA" in wrong.err


def test_an_invitation_pins_a_certificate_that_only_the_city_knows(
    run_alone: Run, url: str, tmp_path: Path
) -> None:
    run_alone("new", "school", "number=164800", "name=Schule am Rhein")
    told = run_alone("agent", "invite", "164800").out
    assert f"schoolops-agent join {url} " in told
    assert "--pin sha256:" in told
    assert joined_by(told, tmp_path / "a").returncode == 0


def test_an_invitation_over_the_network_pins_what_the_citys_authority_vouches_for(
    run_alone: Run,
    url: str,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    run_alone("new", "school", "number=164800", "name=Schule am Rhein")
    token = run_alone("token", "create", "t.far", "--role", "authority-admin").out.strip()
    monkeypatch.setenv("SCHOOLOPS_TOKEN", token)
    monkeypatch.setenv("SCHOOLOPS_CA", str(certificate[0]))
    told = run_alone("agent", "invite", "164800", "--server", url).out
    monkeypatch.delenv("SCHOOLOPS_CA")
    assert joined_by(told, tmp_path / "a").returncode == 0


def joined_by(told: str, state: Path) -> subprocess.CompletedProcess[str]:
    """Type the printed command at a machine of the school."""
    (line,) = [line for line in told.splitlines() if " join " in line]
    done = agent(*line.split()[1:], "--state", state)
    assert done.returncode == 0, done.stderr
    return done
