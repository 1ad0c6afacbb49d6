"""The second lock on PostgreSQL: row-level security under reads and writes of a limited actor.

The first lock is `readable_by` and the rules of the services. Should a query forget them, the
database itself shows an actor no rows of other schools and takes no change of them: such a
transaction runs as the role `LIMITED`, which owns nothing and to which the policies of
`row_policies` apply. Actors without limit, and the server itself, work as the owner, whom
policies do not slow down. SQLite has no such thing.

`ensure` is run after every upgrade and restore, and `mend` at each start; both may be run again
at any time.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import DBAPIError, OperationalError

from inventory.kinds import EDITABLE
from schoolops.core.permissions import CONTACTS_READ, ESTATE_READ, Actor
from schoolops.db.row_policies import HIDDEN, LIMITED, WRITING, policies, rights

log = logging.getLogger("schoolops.db")

_NAMES = ("in_scope", "may_insert", "may_update", "may_delete")
REFUSED = "42501"
"""SQLSTATE of a write that a policy or a missing right refuses."""


# -- making it ---------------------------------------------------------------------------------


def ensure(connection: Connection) -> bool:
    """Make the role, its rights and the policies; False when the owner may not make a role."""
    # Two servers that start at once do it one after the other.
    connection.execute(text("SELECT pg_advisory_xact_lock(730002)"))
    if not _has_role(connection):
        try:
            with connection.begin_nested():
                connection.execute(text(_MAKE_ROLE))
                connection.execute(text(f"GRANT {LIMITED} TO CURRENT_USER"))
        except DBAPIError as error:
            log.warning("row-level security is off: %s", str(error.orig).splitlines()[0])
            return False
    tables = connection.execute(text(_TABLES)).all()
    for statement in _statements(tables):
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"COMMENT ON POLICY in_scope ON schools IS '{_mark(tables)}'")
    return True


def mend(engine: Engine) -> None:
    """Make what is missing or from an older version; a server that may not goes on without."""
    try:
        with engine.begin() as connection:
            if look(connection).problem:
                ensure(connection)
    except DBAPIError as error:
        log.warning("row-level security is off: %s", str(error.orig).splitlines()[0])


def _statements(tables: Iterable[Row[Any]]) -> list[str]:
    """All that makes the lock, in order."""
    made = [
        f"GRANT USAGE ON SCHEMA public TO {LIMITED}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {LIMITED}",
    ]
    numbered = ", ".join(f'"{kind.plural}_id_seq"' for kind in EDITABLE)
    # An import numbers its records itself and moves the sequence on.
    made.append(f"GRANT UPDATE ON SEQUENCE {numbered} TO {LIMITED}")
    for row in tables:
        made.append(f'REVOKE ALL ON "{row.name}" FROM {LIMITED}')
        if row.name in HIDDEN:
            continue
        made.append(f'GRANT {", ".join(rights(row.name))} ON "{row.name}" TO {LIMITED}')
        made += (f'DROP POLICY IF EXISTS {name} ON "{row.name}"' for name in _NAMES)
        rules = policies(row.name, row.of_school)
        if rules:
            made.append(f'ALTER TABLE "{row.name}" ENABLE ROW LEVEL SECURITY')
        made += (f'CREATE POLICY {name} ON "{row.name}" {rule}' for name, rule in rules.items())
    return made


def _mark(tables: Iterable[Row[Any]]) -> str:
    """What tells these policies from those of another version."""
    return hashlib.sha256("\n".join(_statements(tables)).encode()).hexdigest()


_MAKE_ROLE = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{LIMITED}') THEN
    CREATE ROLE {LIMITED} NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""

_TABLES = """
SELECT tablename AS name, EXISTS (
  SELECT FROM information_schema.columns c
  WHERE c.table_schema = 'public' AND c.table_name = tablename AND c.column_name = 'school_id'
) AS of_school
FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""


def _has_role(connection: Connection) -> bool:
    """Whether the owner may take the role."""
    return bool(
        connection.scalar(
            text(
                "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role"
                " AND pg_has_role(CURRENT_USER, oid, 'MEMBER'))"
            ),
            {"role": LIMITED},
        )
    )


# -- looking at it -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lock:
    """How the second lock stands. `owner`: the role that the server works as."""

    owner: str
    superuser: bool
    bypasses: bool
    """Whether policies mean nothing to the owner: as superuser, or by BYPASSRLS."""
    has_role: bool
    bare: tuple[str, ...]
    """Tables that lack a policy."""
    current: bool
    """Whether the policies are those of this version."""
    policies: int
    tables: int
    """How many policies there are, and on how many tables."""

    @property
    def problem(self) -> str:
        """Why the lock is not in force, or ''."""
        if not self.has_role:
            return f"the role {LIMITED} is missing, or {self.owner} may not take it"
        if self.bare:
            return f"policies are missing on {', '.join(self.bare)}"
        return "" if self.current else "the policies are those of another version"


_OWNER = "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = CURRENT_USER"
_POLICIES = """
SELECT p.tablename, p.policyname FROM pg_policies p
JOIN pg_class c ON c.relname = p.tablename AND c.relnamespace = 'public'::regnamespace
WHERE p.schemaname = 'public' AND c.relrowsecurity
"""
_COMMENT = """
SELECT obj_description(oid, 'pg_policy') FROM pg_policy
WHERE polname = 'in_scope' AND polrelid = to_regclass('public.schools')
"""


def look(connection: Connection) -> Lock:
    """How the lock stands in this database; four small queries."""
    owner = connection.execute(text(_OWNER)).one()
    tables: Sequence[Row[Any]] = connection.execute(text(_TABLES)).all()
    there = {(row.tablename, row.policyname) for row in connection.execute(text(_POLICIES))}
    wanted = {
        (row.name, policy)
        for row in tables
        if row.name not in HIDDEN
        for policy in policies(row.name, row.of_school)
    }
    return Lock(
        owner=owner.rolname,
        superuser=owner.rolsuper,
        bypasses=owner.rolsuper or owner.rolbypassrls,
        has_role=_has_role(connection),
        bare=tuple(sorted({table for table, _ in wanted - there})),
        current=connection.scalar(text(_COMMENT)) == _mark(tables),
        policies=len(wanted & there),
        tables=len({table for table, _ in wanted & there}),
    )


# -- using it ----------------------------------------------------------------------------------


def reads_all(actor: Actor) -> bool:
    """Whether the actor may see every school and its contacts."""
    return all(actor.scope(name).everywhere for name in (ESTATE_READ, CONTACTS_READ))


def writes_all(actor: Actor) -> bool:
    """Whether the actor may change everything at every school."""
    return all(actor.scope(name).everywhere for name in WRITING)


_LIMIT = (
    "SELECT set_config('schoolops.everywhere', %s, true),"
    " set_config('schoolops.schools', %s, true),"
    " set_config('schoolops.authorities', %s, true),"
    " set_config('schoolops.contacts', %s, true),"
    " set_config('schoolops.actor', %s, true),"
    " set_config('schoolops.writing', %s, true),"
    " set_config('schoolops.writes', %s, true),"
    f" set_config('role', '{LIMITED}', true)"
)


def limit(connection: Connection, actor: Actor, *, writing: bool = False) -> None:
    """Let the rest of the transaction see, or write, what the actor may, and no more.

    One query; it ends with the transaction.
    """
    scope = actor.whole_scope()
    values = (
        "yes" if scope.everywhere else "no",
        _joined(scope.schools),
        _joined(scope.authorities),
        "yes" if actor.may(CONTACTS_READ) else "no",
        actor.name,
        "yes" if writing else "no",
        _joined(_places(actor)) if writing else "",
    )
    # By the driver itself: SQLAlchemy's part would cost several times the query, at each request.
    try:
        connection.connection.cursor().execute(_LIMIT, values)
    except connection.dialect.loaded_dbapi.OperationalError as error:
        raise OperationalError(None, None, error) from error


def _places(actor: Actor) -> Iterable[str]:
    """Where the actor holds what changes something: 'estate.write@164800'."""
    for name in WRITING:
        if not actor.may(name):
            continue
        scope = actor.scope(name)
        if scope.everywhere:
            yield f"{name}@city"
        yield from (f"{name}@{number}" for number in scope.schools)
        yield from (f"{name}@authority {number}" for number in scope.authorities)


def _joined(places: Iterable[str]) -> str:
    """One setting of many places. No number of ours has a comma: who comes with one gets nothing
    by it."""
    return ",".join(sorted(place for place in places if "," not in place))
