"""`schoolops-agent`: join a server, run, say how it goes.

Exit codes: 0 done, 1 refused with a reason, 2 wrong use.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` makes enumerations of it: 0.8 MB
import posix
import sys

from agents import __version__, system
from agents.config import ConfigKeeper
from agents.errors import AgentError, WrongUse
from agents.runner import Runner
from agents.sender import Sender
from agents.spool import Spool
from agents.state import INSTALLED, State, default_folder
from agents.transport import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = """\
usage: schoolops-agent join URL CODE [--ca FILE | --pin sha256:...] [--replace] [--state DIR]
       schoolops-agent run [--once] [--state DIR]
       schoolops-agent status [--json] [--state DIR]
       schoolops-agent --version | --help

join     become the agent of a school. URL is https://HOST[:PORT], http://HOST[:PORT] or
         unix:/PATH; CODE comes from 'schoolops agent invite SCHOOL' and works once.
         --ca FILE   trust this certificate authority instead of the system's
         --pin PIN   trust the one certificate with this SHA-256 fingerprint
         --replace   give up the identity (and unsent reports) this folder already has
run      measure and report until stopped; with --once, measure once and end when the server
         has acknowledged it
status   what is measured, what waits, and why

The state folder is --state, else /var/lib/schoolops-agent if it can be written, else
~/.local/state/schoolops-agent.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _main(words)
    except WrongUse as error:
        print(f"schoolops-agent: {error}", file=sys.stderr)
        print("try: schoolops-agent --help", file=sys.stderr)
        return 2
    except AgentError as error:
        print(f"schoolops-agent: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        posix.dup2(posix.open("/dev/null", posix.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        return 130


def _main(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE, end="", file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    if words[0] == "--version":
        print(f"schoolops-agent {__version__}")
        return 0
    command, rest = words[0], words[1:]
    if "-h" in rest or "--help" in rest:
        print(USAGE, end="")
        return 0
    if command == "join":
        options, (url, code) = _parse(
            rest, {"--ca": True, "--pin": True, "--replace": False}, ("URL", "CODE")
        )
        from agents.join import join

        return join(options, url, code)
    if command == "run":
        options, _ = _parse(rest, {"--once": False}, ())
        return run(options)
    if command == "status":
        options, _ = _parse(rest, {"--json": False}, ())
        from agents.status import status

        return status(options)
    raise WrongUse(f"there is no command {command!r}; there are join, run and status")


def _parse(
    words: list[str], known: dict[str, bool], names: tuple[str, ...]
) -> tuple[dict[str, str], list[str]]:
    """Split options (name → True if it takes a value) from the named arguments."""
    known = {**known, "--state": True}
    options: dict[str, str] = {}
    values: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not word.startswith("-") or word == "-":
            values.append(word)
            continue
        name, equals, value = word.partition("=")
        if name not in known:
            raise WrongUse(f"there is no option {name}")
        if not known[name]:
            if equals:
                raise WrongUse(f"{name} takes no value")
            value = "yes"
        elif not equals:
            if not queue or queue[0].startswith("--"):
                raise WrongUse(f"{name} wants a value")
            value = queue.pop(0)
        options[name] = value
    if len(values) < len(names):
        raise WrongUse(f"{names[len(values)]} is missing")
    if len(values) > len(names):
        raise WrongUse(f"{values[len(names)]!r} is too much")
    return options, values


def run(options: dict[str, str]) -> int:
    """Measure and deliver, for ever or once."""
    once = "--once" in options
    state = State(options.get("--state") or default_folder())
    identity = state.identity()
    state.lock()
    spool = Spool(state.file("spool"))
    config = ConfigKeeper(state, identity.agent, identity.school)
    client = Client(identity.server(), secret=identity.secret)
    sender = Sender(client, spool, config, identity.agent)
    runner = Runner(state, spool, config, sender, eager=once)

    def stop(number: int, frame: object) -> None:
        runner.request_stop()

    _signal.signal(_signal.SIGTERM, stop)
    _signal.signal(_signal.SIGINT, stop)
    if not once:
        runner.run()
        if runner.restart:
            _restart()
        return 0
    if runner.run_once():
        print(f"{sender.acked_rows} reports acknowledged by {client.server.name}")
        return 0
    why = sender.reason or spool.trouble or "stopped before the server had answered"
    raise AgentError(f"not acknowledged: {why}; {spool.rows} reports wait in {spool.folder}")


def _restart() -> None:
    """Become the installed archive, which starts the release that is to run."""
    words = [sys.executable, system.environ[INSTALLED], *sys.argv[1:]]
    posix.execv(sys.executable, words)


if __name__ == "__main__":
    sys.exit(main())
