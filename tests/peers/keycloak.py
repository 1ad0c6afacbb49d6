"""A real Keycloak from its distribution, one server a test process.

The distribution comes once a computer through Maven into the user's cache folder, built and with
an empty database, under a lock that parallel test processes share. A server copies the database
and shares the rest. It ends with its tests, however they end, and can be restarted on its port.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.peers import missing, require
from tests.peers.postgres import free_port

VERSION = "26.7.3"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
ADMIN, PASSWORD = "boot", "boot-secret-of-tests"
READY_S = 240.0
QUICK = ("-Xms128m", "-Xmx640m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Options of Java for a server that lives for minutes: it starts sooner and works slower."""


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "schoolops-tests"


def _end_with_the_tests() -> None:
    """In the child: the kernel stops Keycloak when the test process dies, however it dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


@dataclass
class Keycloak:
    """A running Keycloak on loopback; realms are made with `new_realm`."""

    program: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    options: tuple[str, ...] = QUICK
    _names: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def new_realm(self) -> str:
        """The name of a realm that no other test uses; it is not made here."""
        name = f"city-{secrets.token_hex(4)}"
        self._names.append(name)
        return name

    def issuer(self, realm: str) -> str:
        return f"{self.url}/realms/{realm}"

    def start(self) -> None:
        java = require("java", "default-jre-headless")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    # Not kc.sh: the kernel's signal has to reach the server, not a shell before it.
                    java, *self.options,
                    "-Dkc.home.dir=" + str(self.program), "-Djboss.server.config.dir="
                    + str(self.program / "conf"), "-Djava.util.logging.manager="
                    "org.jboss.logmanager.LogManager", "-Dquarkus-log-max-startup-records=10000",
                    "-cp", str(self.program / "lib" / "quarkus-run.jar"),
                    "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
                    "start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1",
                    f"--http-port={self.port}", f"--hostname={self.url}",
                    f"--http-management-port={free_port()}", "--log-level=warn",
                    f"--db-url=jdbc:h2:file:{self.folder}/h2/keycloakdb;NON_KEYWORDS=VALUE",
                ],
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder),
                     "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN,
                     "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                preexec_fn=_end_with_the_tests,
            )  # fmt: skip
        end = time.monotonic() + READY_S
        while True:
            try:
                if httpx.get(f"{self.url}/realms/master", trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                tail = self.log.read_text(errors="replace")[-3000:]
                raise AssertionError(f"Keycloak did not start:\n{tail}")
            time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()


def prepared() -> Path:
    """The built distribution, made by whoever comes first; with `h2/`, an empty database."""
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None:
        missing("java is not installed (Debian package default-jre-headless)")
    cache = _cache()
    ready = cache / f"keycloak-{VERSION}"
    if (ready / "h2").is_dir():
        return ready
    if maven is None:
        missing("mvn, which fetches Keycloak, is not installed (Debian package maven)")
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (ready / "h2").is_dir():
            _prepare(cache, ready)
    return ready


def _prepare(cache: Path, ready: Path) -> None:
    with tempfile.TemporaryDirectory(dir=cache) as name:
        draft = Path(name)
        fetched = subprocess.run(
            ["mvn", "-q", "-B", COPY, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={draft}"],
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        archives = list(draft.glob("*.zip"))
        if fetched.returncode != 0 or not archives:
            missing(f"Maven could not fetch {ARTIFACT}: {fetched.stdout[-500:]}")
        with zipfile.ZipFile(archives[0]) as archive:
            archive.extractall(draft)
        home = draft / f"keycloak-{VERSION}"
        script = home / "bin" / "kc.sh"
        script.chmod(0o755)
        subprocess.run(
            [str(script), "build", "--db=dev-file", "--health-enabled=true", "--cache=local"],
            capture_output=True, timeout=600, check=True,
        )  # fmt: skip
        first = Keycloak(home, draft, free_port())
        first.start()
        first.stop()
        shutil.rmtree(ready, ignore_errors=True)
        shutil.move(draft / "h2", home / "h2")
        home.rename(ready)


@contextmanager
def own_keycloak(options: tuple[str, ...] = QUICK) -> Iterator[Keycloak]:
    """A Keycloak for the block alone, such as one that is stopped and restarted."""
    home = prepared()
    folder = Path(tempfile.mkdtemp(prefix="so-kc-"))
    peer = Keycloak(home, folder, free_port(), options=options)
    try:
        shutil.copytree(home / "h2", folder / "h2")
        peer.start()
        yield peer
    finally:
        peer.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def keycloak() -> Iterator[Keycloak]:
    """The Keycloak of this run, started when the first test asks for it. Do not stop it.

    Parallel test processes share it: whoever comes first starts it, and waits in the end until
    the others have done without it.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    place = Path(tempfile.gettempdir()) / f"so-kc-run-{run}"
    home = prepared()
    place.mkdir(mode=0o700, exist_ok=True)
    users = (place / "users").open("w")
    with ExitStack() as stack:
        stack.callback(users.close)
        with (place / "start").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            port = place / "port"
            if not port.exists():
                stack.callback(shutil.rmtree, place, ignore_errors=True)
                peer = stack.enter_context(own_keycloak())
                port.write_text(str(peer.port))
                # The last thing before the server ends: wait for whoever still uses it.
                stack.callback(fcntl.flock, users, fcntl.LOCK_EX)
                stack.callback(port.unlink)
            else:
                peer = Keycloak(home, place, int(port.read_text()))
        yield peer
