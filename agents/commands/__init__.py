"""What an agent can be asked to do. A kind is a function

    def run(runner: Asked, arguments: dict[str, Any], command: Command)
        -> tuple[str, dict[str, Any]] | None

that answers a sentence and data, or None if it is answered later (after a restart); AgentError
is the reason why it could not be done. Nothing personal and no secret belongs into an answer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from agents.protocol import Config
    from agents.state import State

    class Asked(Protocol):
        """What a command sees of the agent: agents.runner.Runner."""

        jobs: dict[str, Any]

        @property
        def config(self) -> Config: ...
        @property
        def state(self) -> State: ...
        def server_now_us(self) -> int: ...
        def load(self, name: str) -> Any: ...
        def tell(self, reports: list[tuple[str, Any]]) -> None: ...
        def status(self) -> dict[str, Any]: ...
        def request_restart(self) -> None: ...


KINDS: dict[str, str] = {
    "line-test": "agents.commands.line_test:run",
    "diagnostics": "agents.commands.diagnostics:run",
    "poll": "agents.commands.poll:run",
    "upgrade": "agents.commands.upgrade:run",
}
"""Name → where the function is; imported when it is first asked for."""
SPANNING: dict[str, str] = {"upgrade": "agents.commands.upgrade:ending"}
"""Kinds that outlive the process, and are answered by a later one: where the function is that takes
the runner and the command's id, and gives state, sentence and data, or None while it goes on."""
