"""`schoolops-agent join`: a one-time code for a secret of the agent's own."""

# ruff: noqa: T201 - a part of the command line

from __future__ import annotations

import os
import shutil
import sys

from agents import __version__
from agents.address import Server, parse_server
from agents.config import ConfigKeeper
from agents.errors import AgentError, NotJoined, WrongUse
from agents.files import read_bytes, write_atomic
from agents.jsontext import from_json, to_json
from agents.protocol import JOIN_PATH
from agents.quiet import suppress
from agents.sender import problem_of
from agents.state import Identity, State, default_folder
from agents.transport import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
    with suppress(OSError):
        os.remove(state.file("commands.json"))
    ca = _keep_ca(state, server)
    identity = Identity(
        url,
        str(answer["agent"]),
        str(answer.get("school", "")),
        secret,
        ca,
        server.pin,
        str(answer.get("command_key", "")),
        str(answer.get("release_key", "")),
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
    body = to_json({"code": code, "hostname": os.uname().nodename, "version": __version__})
    client = Client(server, timeout=20.0)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = client.request("POST", JOIN_PATH, body.encode(), headers)
    client.close()
    if answer.status in (200, 201):
        try:
            data = from_json(answer.body)
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
