"""The agent's heart: runs its duties on time, spools what they measure, wakes the sender.

Duties that take milliseconds (host, uplink) run in the main thread. Slow ones (SNMP, discovery)
run in a thread each, so a switch that does not answer delays nothing. A duty that raises is
counted and told; the others go on.

Ticks are aligned to the interval plus a phase of the agent's own, so that the agents of a city
do not report in the same second, and one agent's times stay evenly spaced through restarts.
Waiting is by the monotonic clock; the wall clock only says where the next tick lies, so a clock
that is set moves the next tick and causes no burst.
"""

from __future__ import annotations

import os
import sys
import time
import zlib
from collections.abc import Callable
from functools import partial
from importlib import import_module

from agents import __version__
from agents.config import ConfigKeeper
from agents.events import Event, start
from agents.log import say
from agents.protocol import Config, DeviceReport
from agents.sender import Sender, now_us
from agents.spool import Spool
from agents.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple, Protocol

    class Duty(Protocol):
        """What every duty is; see agents.duties."""

        name: str

        def interval_s(self, config: Config) -> float:
            """Seconds between two measurements; 0 if this config does not want the duty."""

        def measure(self, config: Config, now_us: int) -> list[tuple[str, NamedTuple]]:
            """Measure once; may raise."""

        def close(self) -> None:
            """Give back what is open."""


DUTIES: dict[str, str] = {
    "host": "agents.duties.host:HostDuty",
    "uplink": "agents.duties.uplink:UplinkDuty",
    "network": "agents.duties.network:NetworkDuty",
    "discovery": "agents.duties.discovery:DiscoveryDuty",
}
"""Name → where the class is; imported when a config first wants it."""
SLOW = frozenset({"network", "discovery"})
"""Duties with a thread of their own, which also wait for a config with secrets."""
STATUS_EVERY_S = 300.0
FIRST_CONFIG_S = 3.0
"""How long the first tick waits for the server's config."""
ONCE_TRIES = 3
"""Failed requests in a row after which `run --once` gives up."""
SLOW_LOOK_S = 60.0
"""How often a slow duty looks whether its interval has changed."""


class Job:
    """A duty with its times and its record; its `duty` is imported on first use."""

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        self.name = name
        self.duty: Duty | None = None
        self.runs = 0
        self.failures = 0
        self.error = ""
        self.last_at: int | None = None
        self.last_ms: float | None = None
        self.started: float | None = None
        """When the measurement that runs now began (monotonic)."""
        self._asked_of: Config | None = None
        self._interval_s = 0.0
        self._make = make

    def interval_s(self, config: Config) -> float:
        """As the duty says, without importing a duty that has nothing to do."""
        if config is not self._asked_of:
            self._interval_s = self._ask(config)
            self._asked_of = config
        return self._interval_s

    def _ask(self, config: Config) -> float:
        if self.name == "network" and not config.targets:
            return 0
        if self.name == "discovery" and not (config.discover_every_s and config.networks):
            return 0
        try:
            if self.duty is None:
                self.duty = self._make()
            return self.duty.interval_s(config)
        except Exception:
            return float(config.interval_s)  # `measure` will meet it again, and note it

    def measure(self, config: Config, at_us: int) -> list[tuple[str, NamedTuple]]:
        """The duty's reports, or for a failure what can be said about it. Never raises."""
        self.started = time.monotonic()
        self.last_at = at_us
        self.runs += 1
        try:
            if self.duty is None:
                self.duty = self._make()
            reports = self.duty.measure(config, at_us)
            self.error = ""
        except Exception as error:
            self._note(error)
            reports = self._unread(config) if isinstance(error, ImportError) else []
        self.last_ms = round((time.monotonic() - self.started) * 1000, 2)
        self.started = None
        return reports

    def close(self) -> None:
        """Close the duty, if it was ever made."""
        if self.duty is not None:
            try:
                self.duty.close()
            except Exception as error:
                self._note(error)

    @property
    def trouble(self) -> str:
        """Why the duty failed, or what it says about itself; '' when all is well."""
        return self.error or str(getattr(self.duty, "trouble", ""))

    def status(self) -> dict[str, Any]:
        """For `status`."""
        since = self.started
        return {
            "runs": self.runs,
            "failures": self.failures,
            "error": self.trouble,
            "last_at": self.last_at,
            "last_ms": self.last_ms,
            "running_s": None if since is None else round(time.monotonic() - since, 1),
        }

    def _note(self, error: Exception) -> None:
        self.failures += 1
        if isinstance(error, ImportError) and (error.name or "").startswith("pysnmp"):
            text = "SNMP extra not installed: pip install 'schoolops[snmp]'"
        else:
            text = f"{type(error).__name__}: {error}"
        if text != self.error:
            say(f"duty {self.name} failed: {text}")
        self.error = text

    def _unread(self, config: Config) -> list[tuple[str, NamedTuple]]:
        """Without its module the duty still tells the server why it knows nothing."""
        if self.name != "network":
            return []
        reason = self.error.partition(":")[0] if "SNMP extra" in self.error else self.error
        return [
            ("device", DeviceReport(device=target.device, source=target.method, error=reason))
            for target in config.targets
        ]


class Runner:
    """Runs the duties of one agent until it is told to stop."""

    def __init__(
        self,
        state: State,
        spool: Spool,
        config: ConfigKeeper,
        sender: Sender,
        *,
        eager: bool = False,
    ) -> None:
        self.stop = Event()
        self._state = state
        self._spool = spool
        self._config = config
        self._sender = sender
        self._started_at = now_us()
        self._status_at = 0.0
        self._status_key: tuple[Any, ...] = ()
        options: dict[str, dict[str, Any]] = {
            "host": {"disk": state.path, "spool": spool},
            "uplink": {"eager": eager},
        }
        self.jobs = {
            name: Job(name, partial(_load, path, options.get(name, {})))
            for name, path in DUTIES.items()
        }
        self._threads: dict[str, Event] = {}
        self._stopping = False
        self._nudge = Event()
        config.on_change = self._nudge.set

    def request_stop(self) -> None:
        """End soon; safe in a signal handler."""
        self._stopping = True
        self._nudge.set()

    def _sleep(self, seconds: float) -> None:
        """Wait, but not beyond a new config or a wish to stop. For the main thread."""
        self._nudge.wait(seconds)
        self._nudge.clear()
        if self._stopping:
            self.stop.set()
            self._sender.wake.set()

    def _sleep_until(self, end: float) -> None:
        while not self.stop.is_set() and (left := end - time.monotonic()) > 0:
            self._sleep(left)

    # -- for ever --------------------------------------------------------------------------

    def run(self) -> None:
        """Measure and deliver until `request_stop` is called."""
        delivered = start(partial(self._sender.run, self.stop))
        self._sleep(FIRST_CONFIG_S)
        quick = [job for name, job in self.jobs.items() if name not in SLOW]
        while not self.stop.is_set():
            self._start_slow()
            config = self._config.config
            self._report(*(job for job in quick if job.interval_s(config) > 0))
            self._write_status()
            self._wait_for_tick()
        delivered.wait(5.0)
        for job in quick:
            job.close()
        self._spool.close()
        self._write_status(last=True)

    def _wait_for_tick(self) -> None:
        """Wait for the next tick; a new config is taken up meanwhile."""
        interval = 0
        while not self.stop.is_set():
            config = self._config.config
            if config.interval_s != interval:
                interval = config.interval_s
                end = time.monotonic() + pause_s(interval, config.agent)
            left = end - time.monotonic()
            if left <= 0:
                return
            self._sleep(left)
            self._start_slow()

    # -- slow duties -----------------------------------------------------------------------

    def _start_slow(self) -> None:
        for name in SLOW - self._threads.keys():
            job = self.jobs[name]
            if self._config.complete and job.interval_s(self._config.config) > 0:
                self._threads[name] = start(partial(self._run_slow, job))

    def _run_slow(self, job: Job) -> None:
        while not self.stop.is_set():
            interval = job.interval_s(self._config.config)
            if interval > 0:
                try:
                    self._report(job)
                except Exception as error:
                    say(f"duty {job.name}: {type(error).__name__}: {error}")
            end = time.monotonic() + pause_s(interval or SLOW_LOOK_S, self._config.config.agent)
            while not self.stop.is_set() and (left := end - time.monotonic()) > 0:
                self.stop.wait(min(left, SLOW_LOOK_S))
                if job.interval_s(self._config.config) != interval:
                    break
        job.close()

    # -- once ------------------------------------------------------------------------------

    def run_once(self, between_s: float = 1.0, deadline_s: float = 30.0) -> bool:
        """Measure everything that is wanted, twice where rates need it, and deliver. True if
        the server has acknowledged every row in the spool."""
        deadline = time.monotonic() + deadline_s
        self._sender.step()  # the config
        config = self._config.config
        due = [
            job
            for name, job in self.jobs.items()
            if (name not in SLOW or self._config.complete) and job.interval_s(config) > 0
        ]
        slow = [start(partial(self._spool_reports, job)) for job in due if job.name in SLOW]
        quick = [job for job in due if job.name not in SLOW]
        for job in quick:
            job.measure(config, now_us())  # the first reading, which has no rates
        self._sleep_until(time.monotonic() + between_s)
        while any(_is_busy(job) for job in quick) and time.monotonic() < deadline:
            self._sleep(0.05)
        self._spool_reports(*quick)
        for ended in slow:
            ended.wait(deadline - time.monotonic())
        while not self.stop.is_set():
            wait = self._sender.step()
            if wait is None or self._sender.state == "refused":
                break
            if self._sender.failures >= ONCE_TRIES or time.monotonic() + wait > deadline:
                break
            self._sleep_until(time.monotonic() + wait)
        done = self._spool.rows == 0
        for job in due:
            job.close()
        self._spool.close()
        self._write_status(last=True)
        return done

    # -- inside ----------------------------------------------------------------------------

    def _report(self, *jobs: Job) -> None:
        """Measure and deliver; what the server does not book at once is flushed to disk."""
        self._spool_reports(*jobs, flush=False)
        if not self._sender.deliver_now():
            self._spool.flush()
            self._sender.wake.set()

    def _spool_reports(self, *jobs: Job, flush: bool = True) -> None:
        """Measure, and spool what all of them say at once."""
        rows: list[tuple[str, int, tuple[Any, ...]]] = []
        for job in jobs:
            at = now_us()
            rows += [(name, at, report) for name, report in job.measure(self._config.config, at)]
        self._spool.append(rows, flush=flush)

    def _write_status(self, *, last: bool = False) -> None:
        """Keep status.json: at once when something changed, else every five minutes."""
        errors = tuple([job.trouble for job in self.jobs.values() if job.runs])
        key = (
            self._sender.state,
            self._sender.reason,
            self._sender.acked_at is None,
            self._spool.trouble,
            errors,
        )
        now = time.monotonic()
        if not last and key == self._status_key and now - self._status_at < STATUS_EVERY_S:
            return
        self._status_key, self._status_at = key, now
        self._state.write("status.json", self.status())

    def status(self) -> dict[str, Any]:
        """Everything `status` tells; no secrets."""
        sender, spool, config = self._sender, self._spool, self._config
        return {
            "version": __version__,
            "agent": config.config.agent,
            "school": config.config.school,
            "pid": os.getpid(),
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
            "duties": {name: job.status() for name, job in self.jobs.items() if job.runs},
        }


def until_next(interval_s: float, agent: str, now_ns: int | None = None) -> float:
    """Seconds until the agent's next tick, in (0, interval_s]."""
    interval = max(int(interval_s * 1e9), 1)
    phase = zlib.crc32(agent.encode()) * 1_000_003 % interval
    now = time.time_ns() if now_ns is None else now_ns
    return (interval - (now - phase) % interval) / 1e9


def pause_s(interval_s: float, agent: str) -> float:
    """Seconds to wait after a measurement: to the next tick, or the one after it if that is less
    than half an interval away (the first one after a start, a clock that was set back, a
    measurement that took too long: what was missed is not made up for)."""
    pause = until_next(interval_s, agent)
    return pause if pause >= interval_s / 2 else pause + interval_s


def _is_busy(job: Job) -> bool:
    busy: Callable[[], bool] | None = getattr(job.duty, "is_busy", None)
    return busy is not None and busy()


def _load(path: str, options: dict[str, Any]) -> Any:
    module, _, name = path.partition(":")
    if module.rpartition(".")[2] in SLOW:
        _add_site_packages()
    return getattr(import_module(module), name)(**options)


def _add_site_packages() -> None:
    """Make installed packages importable, if `agents.lean` started the interpreter without."""
    if "site" not in sys.modules:
        import site

        site.main()
