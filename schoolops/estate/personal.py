"""Personal fields: which are open to an actor, and at which schools. All reads and writes ask here.

A field of a class (`Field.personal`) is open in a record when a grant by which the actor reads
such records opens the class, for the purpose of reading them, at the record's school. A closed
field is answered as null, is not searched, filtered or sorted by, and is not written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, MutableMapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case

from inventory.kinds import Kind
from inventory.sentences import Sentence, join, say
from schoolops.core.errors import Forbidden
from schoolops.core.permissions import PERMISSIONS, Actor, Scope
from schoolops.db.access import read_permission
from schoolops.estate.access import inside, reading_scope, school_column, schools_in
from schoolops.estate.models import TABLES, person_fields
from schoolops.estate.query import without_persons

CODE = "auth.field_closed"
_NONE: frozenset[str] = frozenset()


def closable(actor: Actor, kind: Kind, reads: Scope | None = None) -> dict[str, Scope]:
    """The fields that are not open in all of `reads` → where they are open.

    `reads` is where the actor holds the permission to read the kind, unless said otherwise.
    """
    personal = [field for field in kind.fields if field.personal]
    if not personal:
        return {}
    permission = read_permission(kind)
    purpose = PERMISSIONS[permission].purpose
    reads = actor.scope(permission) if reads is None else reads
    opened = {field.name: actor.sees(permission, purpose, field.personal) for field in personal}
    return {name: scope for name, scope in opened.items() if not scope.includes(reads)}


def closed_everywhere(actor: Actor, kind: Kind) -> frozenset[str]:
    """The fields that are open to the actor at no school."""
    return frozenset(name for name, scope in closable(actor, kind).items() if not scope)


class Personal:
    """The personal fields of one kind for one actor. It is false when all are open.

    Nothing is asked of the database unless a field is open at some schools and not at others.
    """

    def __init__(self, connection: Connection, actor: Actor, kind: Kind) -> None:
        self.connection = connection
        self.kind = kind
        self._ids: dict[Scope, frozenset[int]] = {}
        held, reads = actor.scope(read_permission(kind)), reading_scope(actor, kind)
        self._open = self._settled(closable(actor, kind, held), held)
        self._asked = (
            self._open if held == reads else self._settled(closable(actor, kind, reads), reads)
        )
        """As `_open`, in the records that the actor sees: fewer when their key names a person."""

    def _settled(self, opened: dict[str, Scope], reads: Scope) -> dict[str, Scope]:
        """Without what is open after all: an authority's schools can be granted one by one."""
        if reads.everywhere or not any(opened.values()):
            return opened
        here = self._schools(reads)
        return {name: scope for name, scope in opened.items() if here - self._schools(scope)}

    def __bool__(self) -> bool:
        return bool(self._open)

    def closed(self, school_id: int | None) -> frozenset[str]:
        """The closed fields of a record of that school (None: of no school)."""
        if not self._open:
            return _NONE
        return frozenset(
            name for name, scope in self._open.items() if school_id not in self._schools(scope)
        )

    def hide(self, values: MutableMapping[str, Any], school_id: int | None) -> list[str]:
        """Empty what is closed; answers the names."""
        closed = sorted(self.closed(school_id) & values.keys())
        values.update(dict.fromkeys(closed))
        return closed

    def searched(self) -> ColumnElement[str]:
        """The text in which words are looked for, with persons where they are open."""
        table = TABLES[self.kind.name]
        text: ColumnElement[str] = table.c.search_text
        names = [field.name for field in person_fields(self.kind)]
        scopes = {self._open[name] for name in names if name in self._open}
        if not scopes:
            return text
        if not all(scopes):
            return without_persons(self.kind)
        school = school_column(self.kind.name, table)
        open_here = and_(*(inside(scope, school) for scope in scopes))
        return case((open_here, text), else_=without_persons(self.kind))

    # -- refusals --------------------------------------------------------------------------

    def refuse_search(self, names: Iterable[str]) -> None:
        """Raise `Forbidden` for a filter or sort by what is not open at all schools one reads."""
        refuse_search(self._asked, names)

    def refuse_given(self, names: Collection[str], school_id: int | None) -> None:
        """Raise `Forbidden` for a write of a closed field of a record of that school."""
        self._refuse(self.closed(school_id).intersection(names))

    def refuse_everywhere(self, names: Collection[str]) -> None:
        """Raise `Forbidden` for a write of a field that is closed at every school."""
        self._refuse({name for name in names if not self._open.get(name, True)})

    def refusal(self, names: Collection[str], *school_ids: int | None) -> str:
        """Why these fields cannot be written in a record of these schools, or ''."""
        closed = {name for i in school_ids for name in self.closed(i).intersection(names)}
        return join([_is_closed(name) for name in sorted(closed)]) if closed else ""

    @staticmethod
    def _refuse(closed: Collection[str]) -> None:
        if closed:
            errors = {name: _is_closed(name) for name in sorted(closed)}
            raise Forbidden(join(list(errors.values())), code=CODE, errors=errors)

    def _schools(self, scope: Scope) -> frozenset[int]:
        found = self._ids.get(scope)
        if found is None:
            wanted = schools_in(scope)
            found = frozenset(() if wanted is None else self.connection.scalars(wanted))
            self._ids[scope] = found
        return found


def refuse_search(closed: Collection[str], names: Iterable[str]) -> None:
    """Raise `Forbidden` when a filter or a sort asks for one of the closed fields."""
    for name in names:
        if name in closed:
            raise Forbidden(
                say(
                    "{field} is personal and not open to you at all schools that you see; filter "
                    "and sort without it",
                    field=name,
                ),
                code=CODE,
            )


def _is_closed(name: str) -> Sentence:
    return say("{field} is personal and closed to you here; leave it out", field=name)


def names_a_person(kind: Kind) -> bool:
    """Whether the key of such a record is, in part, the name of a person."""
    return any(kind.field(name).personal for name in kind.key)


def audited(kind: Kind, key: str, uid: str) -> str:
    """What the audit calls a record: its key, unless that is a person's name."""
    return uid if names_a_person(kind) else key


def tellable(kind: Kind, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The fields whose values an event of the audit may tell, and those of which it says the name.

    Of a kind whose key is a person's, such as a contact, it tells no values at all.
    """
    told = [n for n in names if not names_a_person(kind) and not kind.field(n).personal]
    return sorted(told), sorted(set(names) - set(told))


def without(detail: Any, closed: Collection[str]) -> Any:
    """What an event of the audit told, without the values of closed fields."""
    if not closed or not isinstance(detail, Mapping):
        return detail
    found: dict[str, Any] = {n: None if n in closed else value for n, value in detail.items()}
    for part in ("changes", "set"):
        if isinstance(found.get(part), Mapping):
            found[part] = without(found[part], closed)
    return found
