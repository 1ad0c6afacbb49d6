"""`schoolops-agent status`: what is measured, what waits, and why."""

# ruff: noqa: T201 - a part of the command line

from __future__ import annotations

import json
import time
from collections.abc import Callable

from agents.state import State, default_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
        by = f" by {job['tool']}" if job.get("tool") else ""
        said = job["error"] or f"ok, {job['last_ms']} ms{by}"
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
