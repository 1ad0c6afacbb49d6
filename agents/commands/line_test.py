"""Test a line's rate now. During lessons and exams only when that is asked for."""

from __future__ import annotations

from agents.errors import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agents.commands import Asked
    from agents.protocol import Command


def run(runner: Asked, arguments: dict[str, Any], command: Command) -> tuple[str, dict[str, Any]]:
    """Answers bit/s per line; the next reports of the lines carry them as well."""
    config, wanted = runner.config, str(arguments.get("uplink", ""))
    lines = [line for line in config.uplinks if wanted in ("", line.uplink)]
    if not lines:
        raise AgentError(f"this agent measures no line {wanted}" if wanted else "there is no line")
    duty = runner.jobs["uplink"].duty
    if duty is None:
        raise AgentError("no line has been measured yet; ask again in a minute")
    found: dict[str, Any] = {}
    told = []
    for line in lines:
        test = duty.test_now(
            line, config, runner.server_now_us(), in_lessons=bool(arguments.get("in_lessons"))
        )
        found[line.uplink] = {"down_bps": test.down_bps, "up_bps": test.up_bps}
        rates = f"down {_mbps(test.down_bps)}, up {_mbps(test.up_bps)}"
        told.append(f"{line.uplink}: {rates}" + (f" ({test.error})" if test.error else ""))
    if all(rate is None for rates in found.values() for rate in rates.values()):
        raise AgentError("; ".join(told))
    return "; ".join(told), found


def _mbps(rate: float | None) -> str:
    return "unknown" if rate is None else f"{rate / 1e6:.1f} Mbit/s"
