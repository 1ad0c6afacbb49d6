"""The agent's folder: who it is, the lock, and what it last said about itself.

agent.json    server, agent id, the secret, and the keys of commands and releases (0600)
commands.json which commands were carried out, see agents.orders
upgrade.json  which release runs, see agents.slots
ca.pem        the pinned CA, if there is one
config.json   the last config, without secrets
status.json   what `status` shows
spool/        see agents.spool
lock          held by the running process
"""

from __future__ import annotations

import fcntl
import posix

from agents import system
from agents.address import Server, parse_server
from agents.errors import AgentError, AlreadyRunning, NotJoined
from agents.files import read_bytes, write_all, write_atomic
from agents.jsontext import from_json, to_json
from agents.quiet import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple
else:
    from agents.tuples import NamedTuple

SYSTEM_FOLDER = "/var/lib/schoolops-agent"
INSTALLED = "SCHOOLOPS_AGENT_INSTALLED"
"""In the environment of a running agent: the archive that was installed, and starts all others."""
TRIAL = "SCHOOLOPS_AGENT_TRIAL"
"""In the environment of a release that is on trial: the id of the command that wants it."""


class Identity(NamedTuple):
    """Who this agent is, and to whom it reports. The secret is never shown."""

    url: str
    agent: str
    school: str
    secret: str
    ca: str = ""
    pin: str = ""
    command_key: str = ""
    """What commands are signed with; '' for an agent that joined before there were any."""
    release_key: str = ""
    """Ed25519 public key (hex) of the releases it may upgrade itself to."""

    def server(self) -> Server:
        """The server as the transport wants it."""
        return parse_server(self.url, self.ca, self.pin)

    def __repr__(self) -> str:
        return f"Identity({self.url!r}, agent={self.agent!r}, school={self.school!r})"


def default_folder() -> str:
    """`$STATE_DIRECTORY` of systemd, the system's folder if it can be written, or the user's."""
    given = system.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return given
    parent = system.folder_of(SYSTEM_FOLDER)
    if posix.access(SYSTEM_FOLDER if system.is_folder(SYSTEM_FOLDER) else parent, posix.W_OK):
        return SYSTEM_FOLDER
    home = system.environ.get("XDG_STATE_HOME") or system.join(_home(), ".local/state")
    return system.join(home, "schoolops-agent")


def _home() -> str:
    home = system.environ.get("HOME")
    if home:
        return home
    import pwd

    try:
        return pwd.getpwuid(posix.getuid()).pw_dir
    except KeyError:
        raise AgentError("you have no home folder; choose a folder with --state") from None


def option(words: list[str], name: str) -> str:
    """The value of an option among the words of a command line; '' if it is not there."""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == name:
            return after
        if word.startswith(name + "="):
            return word.partition("=")[2]
    return ""


class State:
    """The state folder at `path`."""

    def __init__(self, path: str) -> None:
        self.path = system.absolute(path)
        self._lock = -1

    def file(self, name: str) -> str:
        """The path of a file in the folder."""
        return system.join(self.path, name)

    def make(self) -> None:
        """Create the folder, for its owner alone. Raises AgentError."""
        try:
            system.make_folders(self.path, 0o700)
        except OSError as error:
            raise AgentError(
                f"cannot use {self.path}: {error.strerror}; choose a folder with --state"
            ) from None

    def lock(self) -> None:
        """Take the folder for this process until it ends. Raises AlreadyRunning, AgentError."""
        self.make()
        try:
            flags = posix.O_RDWR | posix.O_CREAT | posix.O_CLOEXEC
            handle = posix.open(self.file("lock"), flags, 0o600)
        except OSError as error:
            raise AgentError(f"cannot use {self.path}: {error.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = posix.read(handle, 32).decode("ascii", "replace").strip()
            posix.close(handle)
            raise AlreadyRunning(
                f"another agent (process {who or 'unknown'}) uses {self.path}; stop it first or "
                "choose another folder with --state"
            ) from None
        with suppress(OSError):  # the number is a courtesy; a full disk may refuse it
            posix.ftruncate(handle, 0)
            write_all(handle, f"{posix.getpid()}\n".encode())
        self._lock = handle

    def unlock(self) -> None:
        """Give the folder back."""
        if self._lock >= 0:
            posix.close(self._lock)
            self._lock = -1

    def is_running(self) -> bool:
        """True while a process holds the folder."""
        try:
            handle = posix.open(self.file("lock"), posix.O_RDONLY | posix.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            posix.close(handle)
        return False

    def identity(self) -> Identity:
        """Who the agent is; raises NotJoined or AgentError."""
        try:
            data = from_json(read_bytes(self.file("agent.json")))
            return Identity(**{name: str(data.get(name, "")) for name in Identity._fields})
        except FileNotFoundError:
            raise NotJoined(
                f"{self.path} belongs to no agent yet; run: schoolops-agent join URL CODE"
            ) from None
        except PermissionError:
            raise AgentError(
                f"{self.path} belongs to another user; run as that user or with sudo"
            ) from None
        except (OSError, ValueError, AttributeError) as error:
            raise AgentError(f"{self.file('agent.json')} cannot be read: {error}") from None

    def save_identity(self, identity: Identity) -> None:
        """Keep the identity (0600). Raises AgentError."""
        try:
            data = to_json(identity._asdict()).encode()
            write_atomic(self.file("agent.json"), data)
        except OSError as error:
            raise AgentError(f"cannot write to {self.path}: {error.strerror}") from None

    def learn_release_key(self, key: str) -> None:
        """Keep the key of releases if there is none yet; one that is there is never replaced."""
        with suppress(AgentError):
            identity = self.identity()
            if not identity.release_key:
                self.save_identity(identity._replace(release_key=key))

    def read(self, name: str) -> dict[str, Any]:
        """A JSON object of the folder; {} if it is missing or damaged."""
        try:
            data = from_json(read_bytes(self.file(name)))
        except PermissionError:
            raise AgentError(
                f"{self.path} belongs to another user; run as that user or with sudo"
            ) from None
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    def write(self, name: str, data: dict[str, Any], *, durable: bool = False) -> None:
        """Replace a JSON object of the folder; a disk that refuses is no error here."""
        with suppress(OSError):
            content = to_json(data).encode()
            write_atomic(self.file(name), content, durable=durable)
