"""Debian's OpenLDAP `slapd` on a loopback port, with a directory of invented people of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers import missing, require
from tests.peers.postgres import free_port

SCHEMAS = Path("/etc/ldap/schema")
BASE = "dc=schule,dc=example"
PEOPLE = f"ou=people,{BASE}"
READER = f"uid=reader,{BASE}"
READER_SECRET = "reads-the-directory"
READY_S = 20.0

# The reader may write: what leaves the directory alone is then not the directory's doing.
# The overlay notes every change that anybody makes.
CONFIGURATION = """\
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/nis.schema
include {schemas}/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload auditlog
database mdb
suffix "{base}"
directory {folder}/data
overlay auditlog
auditlog {folder}/changes.ldif
limits dn.exact="{reader}" size=unlimited
access to attrs=userPassword by dn.exact="{reader}" write by anonymous auth by * none
access to * by dn.exact="{reader}" write by * none
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the directory."""

    uid: str
    given: str
    family: str
    secret: str = field(repr=False)
    mail: str = ""

    def ldif(self) -> str:
        lines = [
            f"dn: uid={self.uid},{PEOPLE}", "objectClass: inetOrgPerson", f"uid: {self.uid}",
            f"cn: {self.given} {self.family}", f"givenName: {self.given}", f"sn: {self.family}",
            f"userPassword: {self.secret}", *([f"mail: {self.mail}"] if self.mail else []),
        ]  # fmt: skip
        return "\n".join(lines) + "\n\n"


ROOT = f"""\
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: schule
o: Schule

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {READER}
objectClass: account
objectClass: simpleSecurityObject
uid: reader
userPassword: {READER_SECRET}

"""


@dataclass
class Slapd:
    """A running slapd; it can be stopped and started again on its port."""

    program: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    def _run(self, tool: str, *words: str) -> str:
        """One of the tools that slapd is too."""
        done = subprocess.run(
            [self.program, "-T", tool, "-f", self.folder / "slapd.conf", *words],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fill(self, people: list[Person]) -> None:
        """Write the directory, before it is started."""
        (self.folder / "data").mkdir()
        (self.folder / "slapd.conf").write_text(
            CONFIGURATION.format(schemas=SCHEMAS, base=BASE, folder=self.folder, reader=READER)
        )
        file = self.folder / "people.ldif"
        file.write_text(ROOT + "".join(person.ldif() for person in people))
        self._run("add", "-q", "-l", str(file))

    def content(self) -> str:
        """All that is in the directory, with the times and the names of whoever changed it."""
        return self._run("cat")

    def changes(self) -> str:
        """What anybody changed while it ran, as LDIF."""
        file = self.folder / "changes.ldif"
        return file.read_text() if file.exists() else ""

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "-f", self.folder / "slapd.conf", "-h", self.url, "-d", "0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + READY_S
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"slapd did not start:\n{(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
            self.process = None


@contextmanager
def directory(people: list[Person]) -> Iterator[Slapd]:
    """A directory of these people for the block; skips the test where there is no slapd."""
    installed = require("slapd")
    if not (SCHEMAS / "inetorgperson.schema").exists():
        missing(f"{SCHEMAS} is not there (Debian package slapd)")
    folder = Path(tempfile.mkdtemp(prefix="so-ldap-"))
    # A copy: AppArmor keeps Debian's slapd, known by its path, out of every folder but its own.
    program = folder / "slapd"
    shutil.copyfile(installed, program)
    os.chmod(program, 0o700)
    peer = Slapd(program, folder, free_port())
    try:
        peer.fill(people)
        peer.start()
        yield peer
    finally:
        peer.stop()
        shutil.rmtree(folder, ignore_errors=True)
