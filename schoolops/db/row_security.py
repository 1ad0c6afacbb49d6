"""The second lock on PostgreSQL: row-level security under every read of a limited actor.

The first lock is `readable_by` in the repositories. Should a query forget it, the database
itself gives an actor no rows of other schools: such a transaction runs as the role `LIMITED`,
which owns nothing and to which the policies apply. Actors who may see the whole city read as
the owner, whom policies do not slow down. SQLite has no such thing.

`ensure` is run after every upgrade and restore; it may be run again at any time.
"""

from __future__ import annotations

import logging

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from schoolops.core.permissions import CONTACTS_READ, ESTATE_READ, Actor

log = logging.getLogger("schoolops.db")

LIMITED = "schoolops_limited"
_EVERYWHERE = "(SELECT current_setting('schoolops.everywhere', true) = 'yes')"
_ACTOR = "(SELECT current_setting('schoolops.actor', true))"
_SCHOOLS = "((SELECT string_to_array(current_setting('schoolops.schools', true), ',')))::text[]"
_AUTHORITIES = (
    "((SELECT string_to_array(current_setting('schoolops.authorities', true), ',')))::text[]"
)
_HERE = f"({_EVERYWHERE} OR school_id IN (SELECT id FROM schools))"  # noqa: S608 (constants)

POLICIES: dict[str, str] = {
    "schools": f"{_EVERYWHERE} OR number = ANY({_SCHOOLS}) OR authority = ANY({_AUTHORITIES})",
    "contacts": f"{_HERE} AND (SELECT current_setting('schoolops.contacts', true) = 'yes')",
    "change": f"{_HERE} OR school_id IS NULL",
    "access_grant": f"{_HERE} OR receiver = {_ACTOR} OR giver = {_ACTOR}",
    "approval": f"{_HERE} OR proposed_by = {_ACTOR}",
    "account_role": f"{_EVERYWHERE} OR place IN (SELECT number FROM schools)"  # noqa: S608
    f" OR place IN (SELECT 'authority ' || unnest({_AUTHORITIES}))",
    "account": f"{_EVERYWHERE} OR id IN (SELECT account_id FROM account_role)",  # noqa: S608
}
"""Tables with a rule of their own. All others with a `school_id` show the rows of own schools."""

HIDDEN = frozenset({"mail", "token", "download", "web_session", "alembic_version"})
"""Tables of which a limited actor reads nothing at all."""


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
    rows = connection.execute(text(_TABLES)).all()
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {LIMITED}"))
    for row in rows:
        if row.name in HIDDEN:
            connection.execute(text(f'REVOKE ALL ON "{row.name}" FROM {LIMITED}'))
            continue
        connection.execute(text(f'GRANT SELECT ON "{row.name}" TO {LIMITED}'))
        rule = POLICIES.get(row.name) or (_HERE if row.of_school else "")
        if rule:
            connection.execute(text(f'ALTER TABLE "{row.name}" ENABLE ROW LEVEL SECURITY'))
            connection.execute(text(f'DROP POLICY IF EXISTS in_scope ON "{row.name}"'))
            connection.execute(
                text(f'CREATE POLICY in_scope ON "{row.name}" FOR SELECT USING ({rule})')
            )
    return True


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


def usable(connection: Connection) -> bool:
    """Whether the role is there, may be taken, and has its policies."""
    has_policies = text(
        "SELECT EXISTS (SELECT FROM pg_policies WHERE schemaname = 'public'"
        " AND tablename = 'schools' AND policyname = 'in_scope')"
    )
    return _has_role(connection) and bool(connection.scalar(has_policies))


def unlimited(actor: Actor) -> bool:
    """Whether the actor may see every school and its contacts."""
    return all(actor.scope(name).everywhere for name in (ESTATE_READ, CONTACTS_READ))


def limit(connection: Connection, actor: Actor) -> None:
    """Let the rest of the transaction see what the actor may see, and no more."""
    scope = actor.whole_scope()
    connection.execute(
        text(
            "SELECT set_config('schoolops.everywhere', :everywhere, true),"
            " set_config('schoolops.schools', :schools, true),"
            " set_config('schoolops.authorities', :authorities, true),"
            " set_config('schoolops.contacts', :contacts, true),"
            " set_config('schoolops.actor', :actor, true),"
            f" set_config('role', '{LIMITED}', true)"
        ),
        {
            "everywhere": "yes" if scope.everywhere else "no",
            "schools": ",".join(sorted(scope.schools)),
            "authorities": ",".join(sorted(scope.authorities)),
            "contacts": "yes" if actor.may(CONTACTS_READ) else "no",
            "actor": actor.name,
        },
    )
