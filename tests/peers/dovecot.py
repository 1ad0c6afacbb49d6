"""Debian's dovecot: a real IMAP server on loopback, as an ordinary user, with a Maildir."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers import require
from tests.peers.postgres import free_port

USER, PASSWORD = "helpdesk", "correct-horse"
READY_S = 20.0
CONFIGURATION = """\
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/Maildir
mail_uid = {user}
mail_gid = {group}
ssl = required
ssl_cert = <{certificates}/mail.pem
ssl_key = <{certificates}/mail.key
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""


@dataclass
class Dovecot:
    """A running IMAP server with one mailbox."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    mails: int = 0

    @property
    def mailbox(self) -> Path:
        return self.folder / "Maildir"

    def deliver(self, raw: bytes) -> None:
        """Put a mail into the mailbox, as a delivery agent does."""
        self.mails += 1
        name = f"{int(time.time())}.{self.mails}.peer"
        draft = self.mailbox / "tmp" / name
        draft.write_bytes(raw)
        owner = self.folder.stat()
        os.chown(draft, owner.st_uid, owner.st_gid)
        draft.rename(self.mailbox / "new" / name)

    def seen(self, folder: str = "") -> tuple[int, int]:
        """(read, not read) mails of a folder ('' for the inbox)."""
        place = self.mailbox / folder if folder else self.mailbox
        files = [*(place / "cur").glob("*"), *(place / "new").glob("*")]
        read = [file for file in files if "S" in file.name.partition(":2,")[2]]
        return len(read), len(files) - len(read)


@contextmanager
def mailbox(certificates: Path) -> Iterator[Dovecot]:
    """A server with an empty mailbox; skips the test where there is no dovecot."""
    program = require("dovecot", "dovecot-imapd")
    folder = Path(tempfile.mkdtemp(prefix="so-imap-"))
    # It does not run as root; whoever is root lends it to an ordinary user.
    who = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    for name in ("run", "Maildir/tmp", "Maildir/new", "Maildir/cur", "keys"):
        (folder / name).mkdir(parents=True)
    for file in certificates.glob("mail.*"):
        shutil.copy(file, folder / "keys")
    peer = Dovecot(folder, free_port())
    (folder / "dovecot.conf").write_text(
        CONFIGURATION.format(
            folder=folder, user=who.pw_name, group=_group_of(who.pw_gid), port=peer.port,
            certificates=folder / "keys", password=PASSWORD,
        )
    )  # fmt: skip
    for path in (folder, *folder.rglob("*")):
        os.chown(path, who.pw_uid, who.pw_gid)
    given = (
        {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    )
    with (folder / "output").open("wb") as output:
        peer.process = subprocess.Popen(
            [program, "-F", "-c", str(folder / "dovecot.conf")],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, **given,
        )  # fmt: skip
    try:
        _wait(peer)
        yield peer
    finally:
        peer.process.terminate()
        try:
            peer.process.wait(10)
        except subprocess.TimeoutExpired:
            peer.process.kill()
            peer.process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _group_of(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def _wait(peer: Dovecot) -> None:
    end = time.monotonic() + READY_S
    assert peer.process is not None
    while time.monotonic() < end and peer.process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", peer.port)) == 0:
                return
        time.sleep(0.05)
    said = [(peer.folder / name) for name in ("output", "log")]
    raise AssertionError("\n".join(file.read_text() for file in said if file.exists()))
