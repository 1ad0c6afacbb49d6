"""What an agent can be asked to do. A kind is a function

    def run(runner: Runner, arguments: dict[str, Any], command: Command)
        -> tuple[str, dict[str, Any]] | None

that answers a sentence and data, or None if it is answered later (after a restart); AgentError
is the reason why it could not be done. Nothing personal and no secret belongs into an answer.
"""

from __future__ import annotations

KINDS: dict[str, str] = {
    "line-test": "agents.commands.line_test:run",
    "diagnostics": "agents.commands.diagnostics:run",
    "poll": "agents.commands.poll:run",
}
"""Name → where the function is; imported when it is first asked for."""
SPANNING: frozenset[str] = frozenset()
"""Kinds that outlive the process, and are answered by the next one."""
