"""Commands of the server: each is checked, carried out once, and answered once.

A command is refused, with a reason that the server is told, when its HMAC is wrong, when it has
expired by the server's clock, or when this agent does not know its kind. What was begun is noted
on disk before it is carried out, so that neither a repeated reply nor a restart does it again; a
process that finds something begun and not answered tells that it was interrupted. Answers travel
as reports through the spool, where nothing is lost.

    commands.json   {"seen": {id: [expires, "begun" | "answered", kind]}}
"""

from __future__ import annotations

from agents.commands import KINDS
from agents.errors import AgentError
from agents.events import Event, Lock, start
from agents.files import read_bytes, write_atomic
from agents.jsontext import from_json, to_json
from agents.loading import named
from agents.log import say
from agents.protocol import MAX_RESULT_CHARS, Command, ResultReport, command_mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agents.commands import Asked

MOST_SEEN = 500
KEEP_US = 7 * 24 * 3600 * 1_000_000
"""So long after its end a command is still remembered: a reply may be that late."""
BEGUN, ANSWERED = "begun", "answered"


class Orders:
    """Carries out commands one after the other, in a thread of their own while there are any."""

    def __init__(self, runner: Asked) -> None:
        identity = runner.state.identity()
        self._runner = runner
        self._agent, self._key = identity.agent, identity.command_key
        self._path = runner.state.file("commands.json")
        self._seen = self._read()
        self._forged: set[tuple[str, str]] = set()
        self._lock = Lock()
        """Held by the thread that carries something out."""
        self._works: list[Event] = []

    @property
    def is_busy(self) -> bool:
        """Whether something is being carried out, or about to be."""
        self._works = [work for work in self._works if not work.is_set()]
        return bool(self._works)

    def take(self, commands: object, server_time: int) -> None:
        """Look at the commands of a reply; what is new is done in another thread."""
        found = map(_command, commands if isinstance(commands, list) else ())
        fresh = [command for command in found if command is not None and self._is_new(command)]
        if fresh:
            self._works.append(start(self._carry_out, fresh, server_time))

    def _is_new(self, command: Command) -> bool:
        return command.id not in self._seen and (command.id, command.mac) not in self._forged

    def own_up(self) -> None:
        """Tell of what a former process began and did not end."""
        from agents.commands import SPANNING

        with self._lock:
            for id, (_, state, kind) in list(self._seen.items()):
                if state != BEGUN:
                    continue
                if kind in SPANNING:
                    if (found := named(SPANNING[kind])(self._runner, id)) is not None:
                        self._answer(id, *found)
                else:
                    self._answer(id, "failed", "the agent was restarted while it was at it", {})

    # -- one after the other ----------------------------------------------------------------

    def _carry_out(self, commands: list[Command], server_time: int) -> None:
        with self._lock:
            for command in commands:
                if self._is_new(command):  # and not done since for an earlier reply
                    try:
                        self._do(command, server_time)
                    except Exception as error:
                        say(f"command {command.kind}: {type(error).__name__}: {error}")

    def _do(self, command: Command, server_time: int) -> None:
        if not self._is_genuine(command):
            if len(self._forged) < MOST_SEEN:
                self._forged.add((command.id, command.mac))
                why = (
                    "its signature is not right"
                    if self._key
                    else ("this agent has no key for commands; join it again with a new code")
                )
                self._tell(command.id, "refused", why, {})
            return
        refused = ""
        if server_time >= command.expires:
            refused = "it came too late"
        elif command.kind not in KINDS:
            refused = f"this agent does not know {command.kind!r}; upgrade it"
        try:
            self._note(command.id, command.expires, BEGUN, command.kind, server_time)
        except OSError as error:
            if len(self._forged) < MOST_SEEN:
                self._forged.add((command.id, command.mac))
                why = f"the agent cannot note that it was done: {error.strerror}"
                self._tell(command.id, "refused", why, {})
            return
        if refused:
            self._answer(command.id, "refused", refused, {})
            return
        say(f"command {command.kind} {command.id}")
        try:
            arguments = from_json(command.arguments)
            if not isinstance(arguments, dict):
                raise AgentError("its arguments are no object")
            found = named(KINDS[command.kind])(self._runner, arguments, command)
        except AgentError as error:
            self._answer(command.id, "failed", str(error), {})
        except Exception as error:
            self._answer(command.id, "failed", f"{type(error).__name__}: {error}", {})
        else:
            if found is not None:  # else somebody else will answer it
                self._answer(command.id, "done", *found)

    def _is_genuine(self, command: Command) -> bool:
        import hmac

        return bool(self._key) and hmac.compare_digest(
            command_mac(self._key, self._agent, command).encode(), command.mac.encode()
        )

    def _answer(self, id: str, state: str, text: str, data: dict[str, Any]) -> None:
        self._tell(id, state, text, data)
        expires, _, kind = self._seen.get(id, (0, BEGUN, ""))
        self._seen[id] = (expires, ANSWERED, kind)
        try:
            self._write()
        except OSError as error:
            say(f"cannot note that a command was answered: {error.strerror}")

    def _tell(self, id: str, state: str, text: str, data: dict[str, Any]) -> None:
        told = to_json(data) if data else ""
        if len(told) > MAX_RESULT_CHARS:
            told, text = "", f"{text} (its data are too long to be told)"
        self._runner.tell([("result", ResultReport(id, state, text[:500], told))])

    # -- what was seen ----------------------------------------------------------------------

    def _note(self, id: str, expires: int, state: str, kind: str, now: int) -> None:
        """Remember a command on disk, or raise OSError."""
        self._seen = {
            known: entry
            for known, entry in self._seen.items()
            if entry[0] + KEEP_US > now or entry[1] == BEGUN
        }
        if len(self._seen) >= MOST_SEEN:
            raise OSError(0, "there were too many commands")
        self._seen[id] = (expires, state, kind)
        try:
            self._write()
        except OSError:
            del self._seen[id]
            raise

    def _write(self) -> None:
        write_atomic(self._path, to_json({"seen": self._seen}).encode())

    def _read(self) -> dict[str, tuple[int, str, str]]:
        try:
            seen = from_json(read_bytes(self._path))["seen"]
            return {str(id): (int(at), str(is_), str(kind)) for id, (at, is_, kind) in seen.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}


def _command(given: Any) -> Command | None:
    """A command of a reply; None if it is none."""
    try:
        id, kind, arguments, expires, mac = [given[name] for name in Command._fields]
        texts = (id, kind, arguments, mac)
        if all(text.isascii() and 0 < len(text) < MAX_RESULT_CHARS for text in texts):
            return Command(id, kind, arguments, int(expires), mac)
    except (TypeError, KeyError, AttributeError, ValueError):
        pass
    return None
