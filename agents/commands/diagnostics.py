"""How the agent fares: what `status` says, and the machine it says it on."""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agents.commands import Asked
    from agents.protocol import Command


def run(runner: Asked, arguments: dict[str, Any], command: Command) -> tuple[str, dict[str, Any]]:
    """Duties, spool, delivery, versions, disk and memory."""
    status = runner.status()
    kernel = posix.uname()
    disk = posix.statvfs(runner.state.path)
    machine = {
        "python": ".".join(map(str, sys.version_info[:3])),
        "system": f"{kernel.sysname} {kernel.release} {kernel.machine}",
        "load": posix.getloadavg(),
        "disk_free_bytes": disk.f_bavail * disk.f_frsize,
        "rss_bytes": _rss_bytes(),
    }
    failing = [name for name, duty in status["duties"].items() if duty["error"]]
    waits = status["spool"]["rows"]
    text = f"{', '.join(failing)} failing" if failing else "all duties are well"
    return f"{text}; {waits} reports wait", {**status, "machine": machine}


def _rss_bytes() -> int | None:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * posix.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
