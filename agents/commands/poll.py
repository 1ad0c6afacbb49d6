"""Read one device now. By a client of its own, so that the round that runs is not disturbed."""

from __future__ import annotations

from agents.errors import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agents.commands import Asked
    from agents.protocol import Command


def run(runner: Asked, arguments: dict[str, Any], command: Command) -> tuple[str, dict[str, Any]]:
    """Answers the device's report, which is booked like any other as well."""
    config, device = runner.config, str(arguments.get("device", ""))
    targets = [target for target in config.targets if target.device == device]
    if not targets:
        raise AgentError(f"{device} is not among the devices that this agent reads")
    duty = runner.load("network")
    try:
        reports = duty.measure(config._replace(targets=targets), runner.server_now_us())
    finally:
        duty.close()
    runner.tell(reports)
    (_, report), *_ = reports
    said = report._asdict()
    found = {name: value for name, value in said.items() if value not in (None, "")}
    text = report.error or ("it answers" if report.reachable else "it does not answer")
    return f"{device}: {text}", found
