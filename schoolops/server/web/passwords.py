"""A pupil forgot the password: class, pupils, reset. The slips are shown once and kept nowhere."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.core.errors import Forbidden, NotFound, TooMany
from schoolops.core.permissions import PASSWORDS_RESET, Actor, Scope
from schoolops.estate.repository import Estate
from schoolops.identity.pupils import Pupils
from schoolops.web.limits import Rate
from schoolops.web.pages import Page, Visit

RESETS = Rate(200, 20)
"""New passwords by one person: some classes in a row, and no whole school by a stolen session."""


def _rights(visit: Visit) -> Scope:
    """Whose passwords the person may reset: a teacher those of own classes, others the school's."""
    return visit.actor.scope(PASSWORDS_RESET)


def _pupils(visit: Visit) -> Pupils:
    return Pupils(visit.portal.settings.identity)


def list_classes(visit: Visit) -> Response:
    """The classes whose passwords the person may reset, school by school."""
    rights = _rights(visit)
    if not (rights.schools or rights.classes):
        raise Forbidden(say("you teach no class here, as far as sign-in knows"))
    found: dict[str, set[str]] = {}
    for key in sorted(rights.classes):
        school, _, name = key.partition("/")
        found.setdefault(school, set()).add(name)
    for school in sorted(rights.schools):
        keys = {key for pupil in _pupils(visit).of_school(school) for key in pupil.classes}
        own = {key.partition("/")[2] for key in keys if key.startswith(f"{school}/")}
        found.setdefault(school, set()).update(own)
    schools = [
        {"number": number, "name": _school_name(visit, number), "classes": sorted(names)}
        for number, names in sorted(found.items())
    ]
    return visit.show("classes.html", schools=schools)


def show_class(visit: Visit) -> Response:
    return _show_class(visit)


def _show_class(visit: Visit, status: int = 200, **values: Any) -> Response:
    school, name = _allowed(visit)
    pupils = _pupils(visit).of_class(school, name)
    return visit.show(
        "class.html",
        status=status,
        **{
            "school": _school_name(visit, school),
            "number": school,
            "name": name,
            "pupils": pupils,
            **values,
        },
    )


def reset(visit: Visit) -> Response:
    """Set the passwords and show the slips, once."""
    school, name = _allowed(visit)
    ids = list(dict.fromkeys(visit.lists.get("pupil", [])))
    if not ids:
        missing = visit.gettext("Choose at least one pupil.")
        return _show_class(visit, 422, errors={"pupils": missing})
    if not RESETS.take(visit.actor.name, len(ids)):
        raise TooMany(
            say("these are many new passwords in a short time; wait some minutes"),
            code="passwords.too_many",
            wait_s=120,
        )
    slips = _pupils(visit).reset(school, name, ids)
    with visit.store.write(visit.actor) as unit:
        detail = {"class": f"{school}/{name}", "accounts": [slip.pupil.id for slip in slips]}
        unit.audit("reset passwords", "account", "", None, detail)
    return visit.show(
        "slips.html",
        school=_school_name(visit, school),
        number=school,
        name=name,
        slips=slips,
        address=visit.origin,
    )


def _allowed(visit: Visit) -> tuple[str, str]:
    school, name = visit.path("school"), visit.path("name")
    if not _rights(visit).covers(school, None, name):
        raise Forbidden(
            say("the passwords of {name} are reset by its teachers and the school's admin",
                name=name)
        )  # fmt: skip
    return school, name


def _school_name(visit: Visit, number: str) -> str:
    with visit.store.read(visit.actor) as connection:
        estate = Estate(connection, visit.actor, visit.store.clock.now())
        try:
            values = estate.record(KINDS["school"], number)["values"]
        except (NotFound, Forbidden):
            return number
    return str(values["short_name"] or values["name"])


def _of_a_school(actor: Actor) -> bool:
    """In the navigation of persons of schools; the page itself asks for more."""
    scope = actor.scope(PASSWORDS_RESET)
    return bool(scope.schools or scope.classes)


PAGES = (
    Page("/classes", get=list_classes, may=_of_a_school, title="Passwords", keycloak=True),
    Page(
        "/classes/{school}/{name}/passwords",
        get=show_class,
        post=reset,
        may=_of_a_school,
        keycloak=True,
        examples=("/classes/164800/5a/passwords",),
    ),
)
