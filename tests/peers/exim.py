"""Debian's exim: a real mail server that delivers to a program by LMTP, as an ordinary user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers import require

CONFIGURATION = """\
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/log-%slog
primary_hostname = mail.city.example
qualify_domain = city.example
domainlist local_domains = city.example
never_users =
keep_environment =
deliver_drop_privilege = true
message_size_limit = 60M
exim_user = {user}
exim_group = {group}
begin acl
begin routers
here:
  driver = manualroute
  transport = program
  self = send
  route_list = * 127.0.0.1 byname
begin transports
program:
  driver = smtp
  protocol = lmtp
  port = {port}
  allow_localhost
  hosts_try_chunking =
begin retry
* * F,1h,1m
"""


@dataclass
class Exim:
    """A mail server that is run for each mail, with a queue of its own."""

    program: Path
    folder: Path
    run_as: dict[str, object]

    def send(self, sender: str, to: str, raw: bytes) -> str:
        """Take a mail and try to deliver it; answers what its log says."""
        self._run("-odf", "-oi", "-f", sender or "<>", to, given=raw)
        return self.log()

    def retry(self) -> None:
        """Try what waits in the queue once more."""
        self._run("-qff")

    def waiting(self) -> int:
        return int(self._run("-bpc").strip() or 0)

    def log(self) -> str:
        return "".join(file.read_text() for file in sorted(self.folder.glob("log-*")))

    def _run(self, *words: str, given: bytes = b"") -> str:
        done = subprocess.run(
            [self.program, "-C", self.folder / "exim.conf", *words], input=given,
            capture_output=True, timeout=60, check=False, **self.run_as,
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout + done.stderr).decode() + self.log()
        return done.stdout.decode()


@contextmanager
def delivering_to(port: int) -> Iterator[Exim]:
    """A server that delivers everything by LMTP to a port; skips the test without exim."""
    installed = require("exim4", "exim4-daemon-light")
    folder = Path(tempfile.mkdtemp(prefix="so-exim-"))
    who = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    # A copy without the setuid bit: it takes any configuration and stays who it is.
    program = folder / "exim"
    shutil.copyfile(installed, program)
    program.chmod(0o755)
    (folder / "spool").mkdir()
    (folder / "exim.conf").write_text(
        CONFIGURATION.format(program=program, folder=folder, port=port, user=who.pw_uid,
                             group=who.pw_gid)
    )  # fmt: skip
    for path in (folder, *folder.rglob("*")):
        os.chown(path, who.pw_uid, who.pw_gid)
    lent: dict[str, object] = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    try:
        yield Exim(program, folder, lent if os.getuid() == 0 else {})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
