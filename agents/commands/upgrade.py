"""Upgrade the agent to a release that the holder of the release key has signed.

Nothing is run that was not: the statement about a release (version, SHA-256, size) is checked
before a byte is fetched, and the bytes against the statement. An older release wants `downgrade`
in the command, which the command's own signature covers.
"""

from __future__ import annotations

from agents import __version__, system
from agents.ed25519 import verify
from agents.errors import AgentError
from agents.protocol import (
    MAX_RELEASE_BYTES,
    RELEASE_PATH,
    is_older,
    release_statement,
    version_parts,
)
from agents.slots import Slots
from agents.state import INSTALLED
from agents.trial import LIMIT_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agents.commands import Asked
    from agents.protocol import Command
    from agents.state import Identity

MANAGED = "EXTERNALLY-MANAGED"
"""Whoever packages the agent puts a file of this name beside it."""
FETCH_S = 300.0


def run(runner: Asked, arguments: dict[str, Any], command: Command) -> None:
    """Fetch, check, keep and try the release; answered by `ending` once that is over."""
    identity = runner.state.identity()
    installed = _installed()
    slots = Slots(runner.state.path, installed)
    if slots.trial:
        raise AgentError(f"release {slots.trial.get('version')} is on trial; wait for its end")
    try:
        version, sha256 = str(arguments["version"]), str(arguments["sha256"])
        size, signature = int(arguments["size"]), bytes.fromhex(str(arguments["signature"]))
        limit_s = int(arguments.get("limit_s") or LIMIT_S)
        version_parts(version)
    except (KeyError, ValueError, TypeError):
        raise AgentError("the release is not described rightly") from None
    if not identity.release_key:
        raise AgentError("this agent has no key to check releases with; join it anew")
    key = bytes.fromhex(identity.release_key)
    if not verify(key, release_statement(version, sha256, size), signature):
        raise AgentError("the release's signature is not right")
    if is_older(version, __version__) and arguments.get("downgrade") is not True:
        raise AgentError(f"{version} is older than {__version__}, which runs")
    if not 0 < size <= MAX_RELEASE_BYTES:
        raise AgentError(f"a release of {size} bytes is too large")
    data = _fetch(identity, sha256, size)
    trial = {"version": version, "sha256": sha256, "command": command.id, "limit_s": limit_s}
    try:
        slots.put(data, trial)
    except OSError as error:
        raise AgentError(f"the release cannot be kept: {error.strerror}") from None
    runner.request_restart()


def ending(runner: Asked, id: str) -> tuple[str, str, dict[str, Any]] | None:
    """What became of an upgrade that a former process began; None while it is on trial."""
    installed = system.environ.get(INSTALLED, "")
    found = Slots(runner.state.path, installed).outcome(id)
    if found is None:
        return None
    return str(found["state"]), str(found["text"]), {"version": __version__}


def _installed() -> str:
    installed = system.environ.get(INSTALLED, "")
    if not installed:
        raise AgentError(
            "this agent does not run from its one file (schoolops-agent.pyz); "
            "upgrade it the way it was installed"
        )
    if system.exists(system.join(system.folder_of(installed), MANAGED)):
        raise AgentError(f"{installed} belongs to a package; upgrade the package")
    return installed


def _fetch(identity: Identity, sha256: str, size: int) -> bytes:
    import hashlib

    from agents.transport import Client

    client = Client(identity.server(), timeout=FETCH_S, secret=identity.secret)
    client.max_answer_bytes = size
    try:
        answer = client.request("GET", f"{RELEASE_PATH}/{sha256}")
    except AgentError as error:
        raise AgentError(f"the release cannot be fetched: {error}") from None
    finally:
        client.close()
    if answer.status != 200:
        raise AgentError(f"the release cannot be fetched: the server answers {answer.status}")
    if len(answer.body) != size or hashlib.sha256(answer.body).hexdigest() != sha256:
        raise AgentError("what came is not the release that was signed")
    return answer.body
