"""Periodic work of the server: seal the audit, notice silence, forget the old, back up.

A task is a line in `TASKS`. Each runs in its turn in one thread; those of `OUTSIDE`, which wait for
other machines, have another one, and so have those of `LONG`. A task that fails is logged and runs
again at its next time. Several servers may run the same task at once: each task takes what lock it
needs in the database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from importlib import import_module

from schoolops.core.errors import DatabaseDown
from schoolops.db.engine import Store

log = logging.getLogger("schoolops.worker")

TASKS: dict[str, tuple[float, str]] = {
    "look after the database": (5.0, "schoolops.worker.tasks:look_after_database"),
    "seal the audit": (1.0, "schoolops.db.audit:seal"),
    "notice silence": (5.0, "schoolops.telemetry.tasks:notice_silence"),
    "watch for incidents": (5.0, "schoolops.alerts.tasks:watch"),
    "forget old incidents": (3600.0, "schoolops.alerts.tasks:forget_old"),
    "watch promises of tickets": (60.0, "schoolops.tickets.tasks:watch_promises"),
    "close solved tickets": (3600.0, "schoolops.tickets.tasks:close_old"),
    "forget people in tickets": (3600.0, "schoolops.tickets.tasks:forget_people"),
    "roll up measurements": (10.0, "schoolops.telemetry.packing:roll_up"),
    "keep partitions ready": (3600.0, "schoolops.telemetry.partitions:keep_ready"),
    "pack old measurements": (10.0, "schoolops.telemetry.packing:seal"),
    "record school mornings": (15.0, "schoolops.telemetry.mornings:record"),
    "reckon the month": (30.0, "schoolops.proof.lines:reckon_months"),
    "forget old room tests": (3600.0, "schoolops.telemetry.rooms:forget_old"),
    "forget old changes": (600.0, "schoolops.worker.tasks:forget_changes"),
    "forget ended sessions": (3600.0, "schoolops.identity.sessions:forget_old"),
    "forget unconfirmed uploads": (600.0, "schoolops.web.tasks:forget_uploads"),
    "tell of ended rights": (30.0, "schoolops.identity.tasks:tell_ends"),
    "forget old commands": (3600.0, "schoolops.fleet.commands:forget_old"),
    "forget old mail": (3600.0, "schoolops.notify.tasks:forget_old"),
    "forget photos of closed tickets": (3600.0, "schoolops.tickets.tasks:forget_closed"),
    "forget old ticket mail": (3600.0, "schoolops.tickets.mails.tasks:forget_old"),
    "forget old calls": (3600.0, "schoolops.notify.webhooks:forget_old"),
}
"""Name → (seconds between two runs, dotted path of a function of the store)."""

OUTSIDE: dict[str, tuple[float, str]] = {
    "send mail": (5.0, "schoolops.notify.tasks:send_due"),
    "hand measurements on": (30.0, "schoolops.telemetry.remote_write:send_newest"),
    "fetch ticket mail": (30.0, "schoolops.tickets.mails.imap:poll"),
    "tell other systems": (5.0, "schoolops.notify.webhooks:send_due"),
}
"""The same, of tasks that may wait long for another machine, and must keep none waiting."""

LONG: dict[str, tuple[float, str]] = {
    "archive measurements": (60.0, "schoolops.telemetry.archive.writing:archive"),
    "back up at night": (60.0, "schoolops.worker.tasks:back_up_at_night"),
}
"""The same, of tasks that go on for seconds or minutes of a city."""


class Worker:
    """Three threads that run the tasks when they are due."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        groups = (("worker", TASKS), ("worker outside", OUTSIDE), ("worker long", LONG))
        for name, tasks in groups:
            thread = threading.Thread(target=self._run, args=(tasks,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        end = time.monotonic() + 30
        for thread in self._threads:
            thread.join(timeout=max(0.0, end - time.monotonic()))

    def _run(self, tasks: dict[str, tuple[float, str]]) -> None:
        due = dict.fromkeys(tasks, time.monotonic() + 1.0)
        while not self._stop.wait(max(0.05, min(due.values()) - time.monotonic())):
            for name, (every, path) in tasks.items():
                if due[name] <= time.monotonic() and not self._stop.is_set():
                    self._attempt(name, path)
                    due[name] = time.monotonic() + every

    def _attempt(self, name: str, path: str) -> None:
        try:
            _load(path)(self.store)
        except DatabaseDown:
            pass  # the store has told it once; every task would tell it each second
        except Exception:
            log.exception("could not %s", name)


def _load(path: str) -> Callable[[Store], object]:
    module, _, name = path.partition(":")
    found: Callable[[Store], object] = getattr(import_module(module), name)
    return found
