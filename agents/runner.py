"""The agent's heart: runs its duties on time, spools what they measure, wakes the sender.

Duties that take milliseconds (host, uplink) run in the main thread. Slow ones (SNMP, discovery,
services) run in a thread each, so a switch that does not answer delays nothing. A duty that raises
is counted and told; the others go on.

Ticks are aligned to the interval plus a phase of the agent's own, so that the agents of a city
do not report in the same second, and one agent's times stay evenly spaced through restarts.
Waiting is by the monotonic clock; the wall clock only says where the next tick lies, so a clock
that is set moves the next tick and causes no burst.
"""

from __future__ import annotations

import posix
import sys
import time

from agents import system
from agents.clocks import JUMP_US
from agents.config import ConfigKeeper
from agents.events import Event, start
from agents.job import Job
from agents.loading import named
from agents.log import say
from agents.protocol import Config
from agents.sender import Sender, now_us
from agents.spool import Spool
from agents.standing import Standing
from agents.state import INSTALLED, TRIAL, State
from agents.ticks import pause_s
from agents.watchdog import Watchdog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agents.orders import Orders


DUTIES: dict[str, str] = {
    "host": "agents.duties.host:HostDuty",
    "uplink": "agents.duties.uplink:UplinkDuty",
    "network": "agents.duties.network:NetworkDuty",
    "discovery": "agents.duties.discovery:DiscoveryDuty",
    "services": "agents.duties.services:ServicesDuty",
}
"""Name → where the class is; imported when a config first wants it."""
SECRETIVE = frozenset({"network", "discovery"})
"""Duties that wait for a config with secrets, and may need installed packages."""
SLOW = SECRETIVE | {"services"}
"""Duties with a thread of their own."""
FIRST_CONFIG_S = 3.0
"""How long the first tick waits for the server's config."""
ONCE_TRIES = 3
"""Failed requests in a row after which `run --once` gives up."""
STUCK_S = 3600.0
"""A slow duty that has not ended after so long will never do: the process starts anew."""
SLOW_LOOK_S = 60.0
"""How often a slow duty looks whether its interval has changed."""


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
        options: dict[str, dict[str, Any]] = {
            "host": {"disk": state.path, "spool": spool},
            "uplink": {"eager": eager, "offset_us": lambda: sender.offset_us or 0},
        }
        self.jobs = {
            name: Job(name, _loader(path, options.get(name, {}))) for name, path in DUTIES.items()
        }
        self._standing = Standing(state, spool, config, sender, self.jobs)
        self._threads: dict[str, Event] = {}
        self._stopping = False
        self.restart = False
        """Set when the process is to be replaced by another release after `run`."""
        self._is_on_trial = TRIAL in system.environ
        self._nudge = Event()
        config.on_change = self._nudge.set
        self._watchdog = Watchdog()
        self._orders: Orders | None = None
        sender.on_commands = self._take_commands

    def request_stop(self) -> None:
        """End soon; safe in a signal handler."""
        self._stopping = True
        self._nudge.set()

    def request_restart(self) -> None:
        """End soon, for another release to go on; from any thread."""
        self.restart = True
        self.request_stop()

    def _sleep(self, seconds: float) -> None:
        """Wait, but not beyond a new config or a wish to stop. For the main thread."""
        if every := self._watchdog.every_s:
            self._watchdog.tell()
            seconds = min(seconds, every)
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
        delivered = start(self._sender.run, self.stop)
        self._own_up()
        self._sleep(FIRST_CONFIG_S)
        quick = [job for name, job in self.jobs.items() if name not in SLOW]
        while not self.stop.is_set():
            self._start_slow()
            config = self._config.config
            self._report(*(job for job in quick if job.interval_s(config) > 0))
            self._standing.write()
            self._wait_for_tick()
            if stuck := self._stuck(delivered):
                self._start_anew(stuck)
        delivered.wait(5.0)
        for job in quick:
            job.close()
        self._spool.close()
        self._standing.write(last=True)

    def _wait_for_tick(self) -> None:
        """Wait for the next tick, or until a line is not as it was; a new config is taken up
        meanwhile."""
        interval = 0
        looked = time.monotonic()
        while not self.stop.is_set():
            if self._is_on_trial:
                self._pass_trial()
            config = self._config.config
            if config.interval_s != interval:
                interval = config.interval_s
                end = time.monotonic() + pause_s(interval, config.agent)
            left = end - time.monotonic()
            if left <= 0:
                return
            every = config.look_every_s
            if self._is_on_trial:
                left = min(left, 0.5)
            self._sleep(min(left, looked + every - time.monotonic()) if every else left)
            self._start_slow()
            if every and time.monotonic() - looked >= every and not self.stop.is_set():
                looked = time.monotonic()
                if any(job.wants_measuring(config) for job in self.jobs.values()):
                    return

    def _pass_trial(self) -> None:
        """A release that has delivered has passed; it ends, to be started for good."""
        if self._sender.acked_at is not None:
            from agents.slots import Slots

            Slots(self._state.path, system.environ.get(INSTALLED, "")).keep()
            self._is_on_trial = False
            self.request_stop()

    def _stuck(self, delivered: Event) -> str:
        """What of the other threads has ended or hangs; '' if all is well."""
        if self.stop.is_set():
            return ""
        if delivered.is_set():
            return "the delivery has ended"
        now = time.monotonic()
        for job in self.jobs.values():
            since = job.started
            if since is not None and now - since > STUCK_S:
                return f"duty {job.name} has hung for {now - since:.0f} s"
        return ""

    def _start_anew(self, why: str) -> None:
        """Become a new process with the same number; what was measured is on disk."""
        say(f"{why}: the agent starts anew")
        self._spool.flush()
        try:
            posix.execv(sys.executable, sys.orig_argv)
        except OSError as error:
            say(f"it cannot: {error.strerror}")

    # -- slow duties -----------------------------------------------------------------------

    def _start_slow(self) -> None:
        for name in SLOW - self._threads.keys():
            job = self.jobs[name]
            if self._may_run(name) and job.interval_s(self._config.config) > 0:
                self._threads[name] = start(self._run_slow, job)

    def _may_run(self, name: str) -> bool:
        return name not in SECRETIVE or self._config.complete

    def _run_slow(self, job: Job) -> None:
        while not self.stop.is_set():
            interval = job.interval_s(self._config.config)
            if interval > 0:
                self._report_slow(job)
            end = time.monotonic() + pause_s(interval or SLOW_LOOK_S, self._config.config.agent)
            while not self.stop.is_set() and (left := end - time.monotonic()) > 0:
                again_s = job.again_s(self._config.config)
                if again_s and left < 1.5 * again_s:
                    again_s = 0.0  # the next round is near
                self.stop.wait(min(left, again_s or SLOW_LOOK_S))
                if job.interval_s(self._config.config) != interval:
                    break
                if again_s and not self.stop.is_set():
                    self._report_slow(job, again=True)
        job.close()

    def _report_slow(self, job: Job, *, again: bool = False) -> None:
        try:
            self._report(job, again=again)
        except Exception as error:
            say(f"duty {job.name}: {type(error).__name__}: {error}")

    # -- once ------------------------------------------------------------------------------

    def run_once(self, between_s: float = 1.0, deadline_s: float = 30.0) -> bool:
        """Measure everything that is wanted, twice where rates need it, and deliver; what the
        server asks for meanwhile is done and answered, too. True if the server has acknowledged
        every row in the spool."""
        deadline = time.monotonic() + deadline_s
        self._own_up()
        self._sender.step()  # the config
        config = self._config.config
        due = [
            job
            for name, job in self.jobs.items()
            if self._may_run(name) and job.interval_s(config) > 0
        ]
        slow = [start(self._spool_reports, job) for job in due if job.name in SLOW]
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
            if wait is None and self._has_answered_more(deadline):
                continue
            if wait is None or self._sender.state == "refused":
                break
            if self._sender.failures >= ONCE_TRIES or time.monotonic() + wait > deadline:
                break
            self._sleep_until(time.monotonic() + wait)
        done = self._spool.rows == 0
        for job in due:
            job.close()
        self._spool.close()
        self._standing.write(last=True)
        return done

    # -- commands ---------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """The config in force."""
        return self._config.config

    @property
    def state(self) -> State:
        """The agent's folder."""
        return self._state

    def server_now_us(self) -> int:
        """UTC in microseconds by the server's clock, as far as it is known."""
        return now_us() + (self._sender.offset_us or 0)

    def status(self) -> dict[str, Any]:
        """Everything `status` tells; no secrets."""
        return self._standing.told()

    def load(self, name: str) -> Any:
        """A duty of its own for who must not disturb the one that runs."""
        return _load(DUTIES[name], {})

    def tell(self, reports: list[tuple[str, Any]]) -> None:
        """Keep reports for good and deliver them with the next batch; from any thread."""
        at = now_us()
        self._spool.append([(table, at, report) for table, report in reports])
        self._sender.wake.set()

    def _own_up(self) -> None:
        if system.exists(self._state.file("commands.json")):
            self._make_orders().own_up()

    def _has_answered_more(self, deadline: float) -> bool:
        """Wait for commands that are being carried out; True if their answers are to be sent."""
        while self._orders is not None and self._orders.is_busy and time.monotonic() < deadline:
            self._sleep(0.05)
            if self.stop.is_set():
                break
        return self._spool.rows > 0

    def _take_commands(self, commands: list[Any], server_time: int) -> None:
        self._make_orders().take(commands, server_time)

    def _make_orders(self) -> Orders:
        if self._orders is None:
            from agents.orders import Orders

            self._orders = Orders(self)
        return self._orders

    # -- inside ----------------------------------------------------------------------------

    def _report(self, *jobs: Job, again: bool = False) -> None:
        """Measure and deliver; what the server does not book at once is flushed to disk."""
        self._spool_reports(*jobs, flush=False, again=again)
        if not self._sender.deliver_now():
            self._spool.flush()
            self._sender.wake.set()

    def _spool_reports(self, *jobs: Job, flush: bool = True, again: bool = False) -> None:
        """Measure, and spool what all of them say at once."""
        rows: list[tuple[str, int, tuple[Any, ...]]] = []
        for job in jobs:
            at, setting = now_us(), self._spool.setting()
            found = job.measure(self._config.config, at, again=again)
            moved = self._spool.setting() - setting
            if abs(moved) > JUMP_US:
                at += moved  # the clock was set meanwhile
            rows += [(name, at, report) for name, report in found]
        self._spool.append(rows, flush=flush)


def _is_busy(job: Job) -> bool:
    busy: Callable[[], bool] | None = getattr(job.duty, "is_busy", None)
    return busy is not None and busy()


def _loader(path: str, options: dict[str, Any]) -> Callable[[], Any]:
    return lambda: _load(path, options)


def _load(path: str, options: dict[str, Any]) -> Any:
    if path.partition(":")[0].rpartition(".")[2] in SECRETIVE:
        _add_site_packages()
    return named(path)(**options)


def _add_site_packages() -> None:
    """Make installed packages importable, if `agents.lean` started the interpreter without."""
    if "site" not in sys.modules:
        import site

        site.main()
