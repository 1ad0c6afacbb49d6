"""Engines and the unit of work.

SQLite: writes take one fair lock of this process, then `BEGIN IMMEDIATE`; reads use another
engine and see a snapshot (WAL). PostgreSQL: one pool. A `UnitOfWork` is one transaction; what
it audits and announces is written in the same transaction, and nobody commits but `Store`.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError

from inventory.fields import fold
from schoolops.core.clock import Clock, SystemClock
from schoolops.core.errors import DatabaseDown, Unusable
from schoolops.core.permissions import SYSTEM, Actor
from schoolops.core.secretbox import SecretBox
from schoolops.core.settings import Settings
from schoolops.db import row_security, trouble
from schoolops.db.access import locked
from schoolops.db.tables import audit_event, change

log = logging.getLogger("schoolops.db")

CONNECT_LIMIT_S = 5
"""So long a PostgreSQL may take to answer before it counts as away."""
BUSY_S = 10
"""So long a write on SQLite waits for another program that holds the file, then it is told so."""
PROVEN_FOR_S = 10.0
"""So long a database that took a write is believed to take the next."""

SQLITE_BYTES = 16_000_000
"""What all connections of a process keep together of SQLite's file, beside the kernel's copy."""

MANY = 1000
"""More changed records of a kind than this are announced as 'many', not one by one."""


class FairLock:
    """A lock that serves its waiters in the order in which they came.

    `threading.Lock` lets a busy thread take it again and again while others starve.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:
            # Ctrl+C: whoever comes next must not wait for one that has gone.
            with self._guard:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                    raise
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


@dataclass(slots=True)
class UnitOfWork:
    """One transaction of one actor."""

    connection: Connection
    actor: Actor
    now: int
    """The transaction's time, UTC microseconds."""
    store: Store
    _changes: dict[tuple[str, str], int | None] = field(default_factory=dict)

    def audit(
        self,
        action: str,
        kind: str = "",
        record: str = "",
        school_id: int | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Record what is done; no secret and no measurement belongs into `detail`."""
        self.connection.execute(
            insert(audit_event),
            {
                "at": self.now,
                "actor": self.actor.name,
                "action": action,
                "kind": kind,
                "record": record,
                "school_id": school_id,
                "detail": json.dumps(detail or {}, ensure_ascii=False, sort_keys=True),
            },
        )

    def announce(self, kind: str, record: str, school_id: int | None) -> None:
        """Tell the screens that a shown value of the record (by uuid) changed.

        `record` '' means: many of that kind, read again what you show.
        """
        self._changes[kind, record] = school_id

    def forget_changes(self) -> None:
        """Drop what was announced: a dry run took it back."""
        self._changes.clear()

    def flush_changes(self) -> None:
        """Write the announced changes; called by the store just before the commit."""
        if not self._changes:
            return
        for kind, count in Counter(kind for kind, _ in self._changes).items():
            if count > MANY:
                self._changes = {k: v for k, v in self._changes.items() if k[0] != kind}
                self.announce(kind, "", None)
        xid = 0
        if self.store.is_postgresql:
            xid = int(
                self.connection.scalar(text("SELECT pg_current_xact_id()::text::bigint")) or 0
            )
        self.connection.execute(
            insert(change),
            [
                {"xid": xid, "at": self.now, "kind": kind, "record": record, "school_id": school}
                for (kind, record), school in self._changes.items()
            ],
        )
        self._changes.clear()


class Store:
    """The database of one schoolops, opened. Thread safe."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.secrets = SecretBox(settings.home / "keys" / "secrets.key")
        try:
            url = make_url(settings.database_url)
        except ArgumentError:
            raise Unusable(
                "database.url is no database address; "
                "write it as postgresql+psycopg://user@host/name or leave it empty for SQLite",
                code="setup.database",
            ) from None
        self.dialect = url.get_backend_name()
        self.is_postgresql = self.dialect == "postgresql"
        self._lock = FairLock()
        self._listeners: list[Callable[[], None]] = []
        self.trouble: DatabaseDown | None = None
        """What is wrong with the database; None as far as is known."""
        self._proven = 0.0
        if self.is_postgresql:
            self.writer = create_engine(
                url,
                pool_size=settings.database.pool_size,
                max_overflow=10,
                pool_pre_ping=True,
                hide_parameters=True,  # errors go to the log, personal data does not
                connect_args={"connect_timeout": CONNECT_LIMIT_S},
            )
            self.reader = self.writer
        elif self.dialect == "sqlite":
            self.file = Path(url.database or "")
            _make_private(self.file)
            self.writer = _sqlite_engine(str(url), "BEGIN IMMEDIATE")
            self.reader = _sqlite_engine(str(url), "BEGIN", read_only=True)
        else:
            raise Unusable(
                f"database.url names {self.dialect}; schoolops works with SQLite and PostgreSQL",
                code="setup.database",
            )

    @classmethod
    def open(cls, settings: Settings, clock: Clock | None = None) -> Store:
        """Open the database and prove that it answers. Raises `Unusable`."""
        store = cls(settings, clock)
        try:
            with store.reader.connect() as connection:
                connection.execute(text("SELECT 1"))
        except (OperationalError, DBAPIError) as error:
            store.close()
            raise Unusable(
                f"the database does not open: {_first_line(error)}; see whether it runs and "
                "whether database.url is right",
                code="setup.database",
            ) from None
        return store

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()

    @contextmanager
    def write(self, actor: Actor = SYSTEM, *, by_server: bool = False) -> Iterator[UnitOfWork]:
        """One write transaction: committed at the end, rolled back by any exception.

        On PostgreSQL the database takes only what the actor may write. `by_server`: the server
        keeps something of its own about the actor (a session, a link, who signed in).
        """
        if self.is_postgresql:
            yield from self._transaction(actor, not (by_server or row_security.writes_all(actor)))
        else:
            with self._lock:
                yield from self._transaction(actor)

    def _transaction(self, actor: Actor, limited: bool = False) -> Iterator[UnitOfWork]:
        try:
            limited = limited and self.has_row_security
            with self.writer.begin() as connection:
                if limited:
                    row_security.limit(connection, actor, writing=True)
                unit = UnitOfWork(connection, actor, self.clock.now(), self)
                yield unit
                announced = bool(unit._changes)
                unit.flush_changes()
        except DBAPIError as error:
            if down := trouble.trouble_of(error):
                self._note(down)
                raise down from error
            if isinstance(error, OperationalError):
                line = _first_line(error)
                raise Unusable(
                    f"the database did not take the change: {line}", code="setup.database"
                ) from error
            if not isinstance(error, ProgrammingError) or (
                getattr(error.orig, "sqlstate", None) != row_security.REFUSED
            ):
                raise
            # The first lock should have said so, and better: whoever operates this wants to know.
            log.error("row-level security refused a write: %s", _first_line(error))
            raise locked() from error
        if announced:
            for listener in self._listeners:
                listener()

    @contextmanager
    def read(self, actor: Actor = SYSTEM) -> Iterator[Connection]:
        """A connection that sees one consistent snapshot; nothing it does is kept.

        On PostgreSQL it shows a limited actor the rows of own schools alone.
        """
        try:
            with self.reader.connect() as connection:
                if self.is_postgresql:
                    connection = connection.execution_options(
                        isolation_level="REPEATABLE READ", postgresql_readonly=True
                    )
                    if not row_security.reads_all(actor) and self.has_row_security:
                        row_security.limit(connection, actor)
                yield connection
                connection.rollback()
        except DBAPIError as error:
            down = trouble.trouble_of(error)
            # Our own readers cannot write: whoever tries it has made a mistake of another kind.
            if down is None or down.code == "database.read_only":
                raise
            self._note(down)
            raise down from error

    def check(self) -> DatabaseDown | None:
        """Whether the database takes writes now, by trying it if that is not known; never raises
        for a database that does not."""
        if self.trouble is None and time.monotonic() - self._proven < PROVEN_FOR_S:
            return None
        try:
            with nullcontext() if self.is_postgresql else self._lock, self.writer.begin() as it:
                trouble.try_to_write(
                    it, self.clock.now(), None if self.is_postgresql else self.file.parent
                )
        except DatabaseDown as error:
            self._note(error)
        except DBAPIError as error:
            down = trouble.trouble_of(error)
            if down is not None:
                self._note(down)
        else:
            self._proven = time.monotonic()
            self._note(None)
        return self.trouble

    def _note(self, down: DatabaseDown | None) -> None:
        """Keep how the database is, and log it when that has changed."""
        before, self.trouble = self.trouble, down
        if down is not None and (before is None or before.code != down.code):
            log.error("%s", down)
        elif down is None and before is not None:
            log.warning("the database takes writes again")

    @cached_property
    def has_row_security(self) -> bool:
        """Whether PostgreSQL limits reads and writes too (`schoolops.db.row_security`)."""
        if not self.is_postgresql:
            return False
        with self.reader.connect() as connection:
            return not row_security.look(connection).problem

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each commit that announced something (any thread)."""
        self._listeners.append(listener)

    def off_change(self, listener: Callable[[], None]) -> None:
        """The reverse of `on_change`."""
        self._listeners.remove(listener)


def _make_private(file: Path) -> None:
    """Make the folder and the file where there is none, readable by nobody else."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise Unusable(
            f"the database {file} cannot be made or written: {error.strerror}",
            code="setup.database",
        ) from None


def _first_line(error: DBAPIError) -> str:
    return str(error.orig or error).strip().splitlines()[0]


def _fold(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _sqlite_engine(url: str, begin: str, read_only: bool = False) -> Engine:
    engine = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": BUSY_S}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver's own transactions begin late and lose updates silently.
        connection.isolation_level = None
        connection.create_function("schoolops_fold", 1, _fold, deterministic=True)
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_S * 1000}")
        cursor.execute("PRAGMA cache_size=-16000")
        cursor.execute(f"PRAGMA soft_heap_limit={SQLITE_BYTES}")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
