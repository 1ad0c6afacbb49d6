"""`schoolops-agent`: join a server, run, say how it goes.

Exit codes: 0 done, 1 refused with a reason, 2 wrong use.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from agents import __version__
from agents.config import ConfigKeeper
from agents.errors import AgentError, NotJoined, WrongUse
from agents.files import read_bytes, write_atomic
from agents.protocol import JOIN_PATH
from agents.runner import Runner
from agents.sender import Sender, problem_of
from agents.spool import Spool
from agents.state import Identity, State, default_folder
from agents.transport import Client, Server, parse_server

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
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
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
        return join(options, url, code)
    if command == "run":
        options, _ = _parse(rest, {"--once": False}, ())
        return run(options)
    if command == "status":
        options, _ = _parse(rest, {"--json": False}, ())
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
            if not queue:
                raise WrongUse(f"{name} wants a value")
            value = queue.pop(0)
        options[name] = value
    if len(values) < len(names):
        raise WrongUse(f"{names[len(values)]} is missing")
    if len(values) > len(names):
        raise WrongUse(f"{values[len(names)]!r} is too much")
    return options, values


# -- join ------------------------------------------------------------------------------------


def join(options: dict[str, str], url: str, code: str) -> int:
    """Exchange a one-time code for the agent's own secret, and keep it."""
    if "--ca" in options and "--pin" in options:
        raise WrongUse("choose one of --ca and --pin")
    state = State(options.get("--state") or default_folder())
    server = parse_server(url, _absolute(options.get("--ca", "")), options.get("--pin", ""))
    state.lock()
    if "--replace" not in options:
        _refuse_second_identity(state)
    answer = _ask_to_join(server, code.strip().upper())
    secret = str(answer["secret"])
    if not secret.isascii() or not secret.isprintable() or not secret:
        raise AgentError("the server gave an unusable secret")
    shutil.rmtree(state.file("spool"), ignore_errors=True)
    ca = _keep_ca(state, server)
    identity = Identity(
        url, str(answer["agent"]), str(answer.get("school", "")), secret, ca, server.pin
    )
    state.save_identity(identity)
    keeper = ConfigKeeper(state, identity.agent, identity.school)
    if answer.get("config"):
        try:
            keeper.take(answer["config"])
        except ValueError as error:
            print(f"the first config is not understood: {error}", file=sys.stderr)
    print(f"joined: agent {identity.agent} of school {identity.school}, state in {state.path}")
    if server.scheme == "http" and server.host not in ("127.0.0.1", "::1", "localhost"):
        print("warning: http:// sends the agent's secret in the clear; use https://")
    print("now run: schoolops-agent run")
    return 0


def _refuse_second_identity(state: State) -> None:
    try:
        old = state.identity()
    except NotJoined:
        return
    raise AgentError(
        f"{state.path} is agent {old.agent} of school {old.school} already; "
        "--replace gives that up, with the reports not yet sent"
    )


def _ask_to_join(server: Server, code: str) -> dict[str, Any]:
    body = json.dumps({"code": code, "hostname": socket.gethostname(), "version": __version__})
    client = Client(server, timeout=20.0)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = client.request("POST", JOIN_PATH, body.encode(), headers)
    client.close()
    if answer.status in (200, 201):
        try:
            data = json.loads(answer.body)
            if data["agent"] and data["secret"]:
                return dict(data)
        except (ValueError, KeyError, TypeError):
            pass
        raise AgentError(f"{server.name} answers, but not as schoolops; is the URL right?")
    problem = problem_of(answer)
    if problem.get("detail"):
        raise AgentError(f"the server refuses: {problem['detail']}")
    if answer.status == 404:
        raise AgentError(f"there is no schoolops at {server.name} (HTTP 404); is the URL right?")
    raise AgentError(f"{server.name} answers HTTP {answer.status}; try again later")


def _keep_ca(state: State, server: Server) -> str:
    """Copy the CA into the state folder: the file it came from may go away."""
    if not server.ca:
        return ""
    try:
        write_atomic(state.file("ca.pem"), read_bytes(server.ca, 1 << 20))
    except OSError as error:
        raise AgentError(f"cannot keep {server.ca}: {error.strerror}") from None
    return state.file("ca.pem")


def _absolute(path: str) -> str:
    return os.path.abspath(path) if path else ""


# -- run -------------------------------------------------------------------------------------


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

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if not once:
        runner.run()
        return 0
    if runner.run_once():
        print(f"{sender.acked_rows} reports acknowledged by {client.server.name}")
        return 0
    why = sender.reason or spool.trouble or "stopped before the server had answered"
    raise AgentError(f"not acknowledged: {why}; {spool.rows} reports wait in {spool.folder}")


# -- status ----------------------------------------------------------------------------------


def status(options: dict[str, str]) -> int:
    """Show what the running (or last) process wrote about itself."""
    state = State(options.get("--state") or default_folder())
    identity = state.identity()
    data: dict[str, Any] = {
        "running": state.is_running(),
        "server": identity.url,
        "agent": identity.agent,
        "school": identity.school,
        "state": state.path,
        **{k: v for k, v in state.read("status.json").items() if k not in ("agent", "school")},
    }
    if "--json" in options:
        print(json.dumps(data, indent=2))
        return 0
    for line in _status_lines(data):
        print(line)
    return 0


def _status_lines(data: dict[str, Any]) -> list[str]:
    yes = f"running, process {data.get('pid')}" if data["running"] else "not running"
    lines = [
        f"agent     {data['agent']} of school {data['school']}: {yes}",
        f"server    {data['server']}",
        f"state     {data['state']}",
    ]
    if "delivery" not in data:
        return [*lines, "it has not run yet; start it with: schoolops-agent run"]
    delivery, spool, config = data["delivery"], data["spool"], data["config"]
    reason = f": {delivery['reason']}" if delivery["reason"] else ""
    acked = f"last acknowledged {_ago(delivery['acknowledged_at'])}"
    lines.append(f"delivery  {delivery['state']}{reason}; {acked}")
    offset = delivery["clock_offset_ms"]
    if offset is not None and abs(offset) > 2000:
        lines.append(f"clock     {abs(offset) / 1000:.0f} s {'slow' if offset > 0 else 'fast'}")
    counts = f"{spool['rows']} reports wait, {spool['dropped_rows']} dropped"
    lines.append(f"spool     {counts}, {spool['rejected_rows']} rejected by the server")
    if spool["trouble"]:
        lines.append(f"          {spool['trouble']}")
    lines.append(f"config    from {config['source']}, every {config['interval_s']} s")
    for name, job in data["duties"].items():
        said = job["error"] or f"ok, {job['last_ms']} ms"
        lines.append(f"duty      {name}: {said}; {_ago(job['last_at'])}, {job['runs']} times")
    lines.append(f"written   {_ago(data['updated_at'])}")
    return lines


def _ago(at_us: int | None, now: Callable[[], float] = time.time) -> str:
    if at_us is None:
        return "never"
    seconds = max(0, int(now() - at_us / 1_000_000))
    if seconds < 120:
        return f"{seconds} s ago"
    if seconds < 7200:
        return f"{seconds // 60} min ago"
    return f"{seconds // 3600} h ago"


if __name__ == "__main__":
    sys.exit(main())
