"""What row-level security lets a limited actor read and write, table by table.

Two kinds of settings carry who acts (`row_security.limit`). For reads, the places of all grants.
For writes, the places of each permission: 'estate.write@164800', 'estate.write@authority 10042'
or 'estate.write@city'. What is not named here is not written by a limited actor at all.

A write transaction may look at all rows but those of `HIDDEN`, so that rules that hold for the
whole city (a key, a MAC address, a room still in use) see what their person does not. What it
shows is limited by the queries alone; what it writes by both locks (ADR 15).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inventory.kinds import EDITABLE
from schoolops.core.permissions import (
    ACCOUNTS_WRITE,
    AGENTS_WRITE,
    APPROVE,
    CONTACTS_WRITE,
    CREDENTIALS_WRITE,
    DELEGATE,
    ESTATE_WRITE,
    INCIDENTS_WRITE,
    TICKETS_OPEN,
    TICKETS_WRITE,
)
from schoolops.db.access import write_permission

LIMITED = "schoolops_limited"
WRITING = (
    ESTATE_WRITE,
    CONTACTS_WRITE,
    CREDENTIALS_WRITE,
    AGENTS_WRITE,
    ACCOUNTS_WRITE,
    DELEGATE,
    APPROVE,
    INCIDENTS_WRITE,
    TICKETS_OPEN,
    TICKETS_WRITE,
)
"""The permissions that a policy for writes asks for."""


def _setting(name: str) -> str:
    # In a subquery: asked once a statement, not once a row.
    return f"(SELECT current_setting('schoolops.{name}', true))"


def _list(name: str) -> str:
    return f"(SELECT string_to_array(current_setting('schoolops.{name}', true), ','))"


_EVERYWHERE = f"({_setting('everywhere')} = 'yes')"
_WRITES = f"({_setting('writing')} = 'yes')"
_ACTOR = _setting("actor")
_SCHOOLS = f"({_list('schools')})::text[]"
_AUTHORITIES = f"({_list('authorities')})::text[]"
_HERE = f"({_EVERYWHERE} OR school_id IN (SELECT id FROM schools))"  # noqa: S608 (constants)
_HELD = f"({_list('writes')})::text[]"

READS: Mapping[str, str] = {
    "schools": f"{_EVERYWHERE} OR number = ANY({_SCHOOLS}) OR authority = ANY({_AUTHORITIES})",
    "contacts": f"{_HERE} AND {_setting('contacts')} = 'yes'",
    "change": f"{_HERE} OR school_id IS NULL",
    "calendar_day": f"{_HERE} OR school_id IS NULL",
    "maintenance": f"{_HERE} OR school_id IS NULL",
    # Of several schools: who sees one of them sees that there is something.
    "incident": f"{_EVERYWHERE} OR id IN (SELECT incident_id FROM incident_school)",  # noqa: S608
    "incident_event": f"{_EVERYWHERE} OR ((school_id IS NULL OR school_id IN"  # noqa: S608
    " (SELECT id FROM schools)) AND incident_id IN (SELECT incident_id FROM incident_school))",
    "on_call": "true",
    "access_grant": f"{_HERE} OR receiver = {_ACTOR} OR giver = {_ACTOR}",
    "approval": f"{_HERE} OR proposed_by = {_ACTOR}",
    "account_role": f"{_EVERYWHERE} OR place IN (SELECT number FROM schools)"  # noqa: S608
    f" OR place IN (SELECT 'authority ' || unnest({_AUTHORITIES}))",
    "account": f"{_EVERYWHERE} OR id IN (SELECT account_id FROM account_role)",  # noqa: S608
    # The history of a record is read by whoever reads the record.
    "revision": " OR ".join(
        f"(kind = '{k.name}' AND EXISTS (SELECT FROM {k.plural} r WHERE r.id = record_id))"
        for k in EDITABLE
    ),
}
"""Tables with a rule of their own. All others with a `school_id` show the rows of own schools."""

HIDDEN = frozenset(
    {
        "alembic_version",
        "download",
        "ticket_page",
        "token",
        "web_session",
        "web_upload",
        "webhook_call",
    }
)
"""Tables of which a limited actor reads nothing at all."""
UNREAD = frozenset({"mail"})
"""The same, of tables into which such an actor writes: what is told to others."""


@dataclass(frozen=True, slots=True)
class Writes:
    """What a limited actor may write of a table: conditions on rows, '' for never.

    `update` holds for the row as it was, `kept` (or `update` again) for what becomes of it.
    `columns`: those that may be changed, none for all.
    """

    insert: str = ""
    update: str = ""
    kept: str = ""
    delete: str = ""
    columns: tuple[str, ...] = ()


def _held_at(permission: str, number: str, authority: str) -> str:
    """Whether the permission is held at the school with that number and authority."""
    return (
        f"{_HELD} && ARRAY['{permission}@city', '{permission}@' || {number},"
        f" '{permission}@authority ' || {authority}]"
    )


def _at_school(permission: str, school_id: str) -> str:
    """Whether it is held at that school; what belongs to no school wants the whole city."""
    held = _held_at(permission, "s.number", "s.authority")
    return (
        f"('{permission}@city' = ANY({_HELD})"
        f" OR EXISTS (SELECT FROM schools s WHERE s.id = {school_id} AND {held}))"
    )


def _records() -> Iterator[tuple[str, Writes]]:
    for kind in EDITABLE:
        permission = write_permission(kind)
        if kind.name == "school":
            here = _held_at(permission, "number", "authority")
        else:
            here = _at_school(permission, f"{kind.plural}.school_id")
        yield kind.plural, Writes(here, here)


_OF_DEVICE = (
    f"('{ESTATE_WRITE}@city' = ANY({_HELD}) OR EXISTS (SELECT FROM devices d"
    f" JOIN schools s ON s.id = d.school_id WHERE d.id = device_mac.device_id"
    f" AND {_held_at(ESTATE_WRITE, 's.number', 's.authority')}))"
)
_OF_ACCOUNT = (
    f"('{ACCOUNTS_WRITE}@city' = ANY({_HELD}) OR EXISTS (SELECT FROM account_role r"
    f" LEFT JOIN schools s ON s.number = r.place WHERE r.account_id = account.id"
    f" AND {_held_at(ACCOUNTS_WRITE, 'r.place', 's.authority')}))"
)
_PLACED = _at_school(ESTATE_WRITE, "placement.school_id")
_GIVEN = (
    f"giver = {_ACTOR} AND revoked_at IS NULL AND ("
    f"(source = 'delegation' AND {_at_school(DELEGATE, 'access_grant.school_id')})"
    f" OR (source = 'emergency' AND {_at_school(APPROVE, 'access_grant.school_id')}))"
)
_FOUND = " OR ".join(_at_school(p, "discovered.school_id") for p in (AGENTS_WRITE, ESTATE_WRITE))
_OF_AGENT = _at_school(AGENTS_WRITE, "agent.school_id")
_ASKED = _at_school(AGENTS_WRITE, "agent_command.school_id")
_OF_BELL = _at_school(ESTATE_WRITE, "calendar_bell.school_id")
_OF_LESSON = _at_school(ESTATE_WRITE, "calendar_lesson.school_id")
_SEEN = (
    f"({_EVERYWHERE} OR EXISTS (SELECT FROM schools s WHERE s.id = issued_proof.school_id"
    f" AND (s.number = ANY({_SCHOOLS}) OR s.authority = ANY({_AUTHORITIES}))))"
)
_OF_PLACE = _at_school(ESTATE_WRITE, "place_code.school_id")
_OF_DAY = _at_school(ESTATE_WRITE, "calendar_day.school_id")

_OF_INCIDENT = (
    f"('{INCIDENTS_WRITE}@city' = ANY({_HELD}) OR EXISTS (SELECT FROM incident_school i"
    f" JOIN schools s ON s.id = i.school_id WHERE i.incident_id = %s"
    f" AND {_held_at(INCIDENTS_WRITE, 's.number', 's.authority')}))"
)
_AT_TICKET = " OR ".join(
    _at_school(permission, "{table}.school_id") for permission in (TICKETS_WRITE, TICKETS_OPEN)
)
_IN_TICKETS = f"'{TICKETS_WRITE}@city' = ANY({_HELD})"
_OF_TICKET = _at_school(TICKETS_WRITE, "ticket.school_id")
_OF_WINDOW = _at_school(INCIDENTS_WRITE, "maintenance.school_id")
_IN_CITY = f"'{INCIDENTS_WRITE}@city' = ANY({_HELD})"

WRITES: Mapping[str, Writes] = {
    **dict(_records()),
    "placement": Writes(_PLACED, _PLACED, columns=("until_at",)),
    "device_mac": Writes(_OF_DEVICE, delete=_OF_DEVICE),
    # Said, and never unsaid: nobody changes what was, or writes it in another's name.
    "revision": Writes(f'"by" = {_ACTOR}'),
    "audit_event": Writes(f"actor = {_ACTOR} AND sealed_as IS NULL AND hash IS NULL"),
    # An announcement is an id that screens read again, each with its own rights.
    "change": Writes("true"),
    "access_grant": Writes(
        _GIVEN,
        f"receiver = {_ACTOR} OR giver = {_ACTOR}"
        f" OR {_at_school(DELEGATE, 'access_grant.school_id')}",
        f"revoked_at IS NOT NULL AND revoked_by = {_ACTOR}",
        columns=("revoked_at", "revoked_by", "end_told_at"),
    ),
    "approval": Writes(
        f"proposed_by = {_ACTOR} AND state = 'open' AND decided_by IS NULL",
        f"proposed_by = {_ACTOR} OR {_EVERYWHERE} OR EXISTS (SELECT FROM schools s"
        f" WHERE s.id = approval.school_id"
        f" AND (s.number = ANY({_SCHOOLS}) OR s.authority = ANY({_AUTHORITIES})))",
        "decided_by IS DISTINCT FROM proposed_by",
        columns=("state", "decided_by", "decided_at", "decision_note", "used_at"),
    ),
    "mail": Writes("state = 'waiting' AND attempts = 0"),
    "account": Writes(update=_OF_ACCOUNT, columns=("ended_before",)),
    "agent": Writes(_OF_AGENT, _OF_AGENT, columns=("state", "code_hash", "revoked_reason")),
    # Reporters report, and go on with their own; who works on tickets does the rest.
    "ticket": Writes(_AT_TICKET.format(table="ticket"), f"{_OF_TICKET} OR reporter = {_ACTOR}"),
    "ticket_entry": Writes(f'("by" = {_ACTOR}) AND ({_AT_TICKET.format(table="ticket_entry")})'),
    "ticket_article": Writes(_IN_TICKETS, _IN_TICKETS, columns=("retired_at",)),
    # An index: what it finds is read through the tickets, each with its own rights.
    "ticket_word": Writes("true", delete="true"),
    "ticket_link": Writes(
        f'"by" = {_ACTOR} AND {_at_school(TICKETS_WRITE, "ticket_link.school_id")}'
    ),
    # What comes is booked by the server; what goes out by whoever caused it.
    "ticket_mail": Writes(
        f"sent AND ({_AT_TICKET.format(table='ticket_mail')})",
        _at_school(TICKETS_WRITE, "ticket_mail.school_id"),
        columns=("state", "ticket_id", "school_id", "decided_at", "decided_by"),
    ),
    "ticket_file": Writes(f'"by" = {_ACTOR} AND ({_AT_TICKET.format(table="ticket_file")})'),
    "agent_command": Writes(f"{_ASKED} AND state = 'waiting' AND \"by\" = {_ACTOR}"),
    "discovered": Writes(update=_FOUND, columns=("adopted_as", "ignored")),
    "incident": Writes(
        update=_OF_INCIDENT % "incident.id",
        columns=("acknowledged_by", "acknowledged_at", "claimed_by", "claimed_at"),
    ),
    "incident_event": Writes(f'"by" = {_ACTOR} AND {_OF_INCIDENT % "incident_event.incident_id"}'),
    "maintenance": Writes(_OF_WINDOW, _OF_WINDOW, delete=_OF_WINDOW, columns=("ends_at",)),
    "on_call": Writes(_IN_CITY, _IN_CITY, delete=_IN_CITY, columns=("ends_at",)),
    # Whoever may see a line may have its proof issued, in the own name.
    "issued_proof": Writes(f"made_by = {_ACTOR} AND {_SEEN}"),
    "calendar_bell": Writes(_OF_BELL, delete=_OF_BELL),
    "calendar_day": Writes(_OF_DAY, delete=_OF_DAY),
    "calendar_lesson": Writes(_OF_LESSON, delete=_OF_LESSON),
    "place_code": Writes(_OF_PLACE, _OF_PLACE, delete=_OF_PLACE, columns=("code", "at", "by")),
}
"""Table → what a limited actor may write of it."""


def read_rule(table: str, of_school: bool) -> str:
    """The condition on rows that a limited actor reads; '' when all may be read, or none."""
    if table in UNREAD:
        return ""
    rule = READS.get(table) or (_HERE if of_school else "")
    if not rule:
        return "true" if table in WRITES else ""
    return f"{_WRITES} OR ({rule})"


def policies(table: str, of_school: bool) -> dict[str, str]:
    """Name of policy → its statement's end, of a table that is not hidden."""
    found = {}
    if rule := read_rule(table, of_school):
        found["in_scope"] = f"FOR SELECT USING ({rule})"
    writes = WRITES.get(table, Writes())
    if writes.insert:
        found["may_insert"] = f"FOR INSERT WITH CHECK ({writes.insert})"
    if writes.update:
        kept = writes.kept or writes.update
        found["may_update"] = f"FOR UPDATE USING ({writes.update}) WITH CHECK ({kept})"
    if writes.delete:
        found["may_delete"] = f"FOR DELETE USING ({writes.delete})"
    return found


def rights(table: str) -> list[str]:
    """What the limited role is granted on a table that is not hidden."""
    writes = WRITES.get(table, Writes())
    found = [] if table in UNREAD else ["SELECT"]
    if writes.insert:
        found.append("INSERT")
    if writes.update:
        columns = ", ".join(f'"{name}"' for name in writes.columns)
        found.append(f"UPDATE ({columns})" if columns else "UPDATE")
    if writes.delete:
        found.append("DELETE")
    return found
