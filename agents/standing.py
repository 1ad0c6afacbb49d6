"""What the agent tells about itself: `status.json`, and the answer to `diagnostics`."""

from __future__ import annotations

import posix
import time

from agents import __version__
from agents.sender import Sender, now_us

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agents.config import ConfigKeeper
    from agents.job import Job
    from agents.spool import Spool
    from agents.state import State

WRITE_EVERY_S = 300.0


class Standing:
    """Gathers it from those who know."""

    def __init__(
        self,
        state: State,
        spool: Spool,
        config: ConfigKeeper,
        sender: Sender,
        jobs: dict[str, Job],
    ) -> None:
        self._state = state
        self._spool = spool
        self._config = config
        self._sender = sender
        self._jobs = jobs
        self._started_at = now_us()
        self._written_at = 0.0
        self._written: tuple[Any, ...] = ()

    def write(self, *, last: bool = False) -> None:
        """Keep status.json: at once when something changed, else every five minutes."""
        errors = tuple([job.trouble for job in self._jobs.values() if job.runs])
        key = (
            self._sender.state,
            self._sender.reason,
            self._sender.acked_at is None,
            self._spool.trouble,
            errors,
        )
        now = time.monotonic()
        if not last and key == self._written and now - self._written_at < WRITE_EVERY_S:
            return
        self._written, self._written_at = key, now
        self._state.write("status.json", self.told())

    def told(self) -> dict[str, Any]:
        """Everything `status` tells; no secrets."""
        sender, spool, config = self._sender, self._spool, self._config
        return {
            "version": __version__,
            "agent": config.config.agent,
            "school": config.config.school,
            "pid": posix.getpid(),
            "started_at": self._started_at,
            "updated_at": now_us(),
            "delivery": {
                "state": sender.state,
                "reason": sender.reason,
                "acknowledged_rows": sender.acked_rows,
                "acknowledged_at": sender.acked_at,
                "clock_offset_ms": None if sender.offset_us is None else sender.offset_us // 1000,
            },
            "spool": {
                "rows": spool.rows,
                "bytes": spool.bytes,
                "dropped_rows": spool.dropped_rows,
                "rejected_rows": spool.rejected_rows,
                "invalid_rows": spool.invalid_rows,
                "trouble": spool.trouble,
            },
            "config": {"source": config.source, "interval_s": config.config.interval_s},
            "duties": {name: job.status() for name, job in self._jobs.items() if job.runs},
        }
