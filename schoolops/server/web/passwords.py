"""A pupil forgot the password: class, pupils, reset. The slips are shown once and kept nowhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from inventory.sentences import say
from schoolops.core.errors import Forbidden, NotFound, TooMany
from schoolops.core.permissions import PASSWORDS_RESET, Actor, Scope
from schoolops.estate.models import TABLES
from schoolops.estate.repository import Estate
from schoolops.identity.accounts import known_as
from schoolops.identity.pupils import Pupils
from schoolops.server.web import schools
from schoolops.web.limits import Rate
from schoolops.web.pages import Page, Visit

RESETS = Rate(200, 20)
"""New passwords by one person: some classes in a row, and no whole school by a stolen session."""


AT_ONCE = 4
"""Schools whose classes stand on one page: each is a question to Keycloak."""


def _rights(visit: Visit) -> Scope:
    """Whose passwords the person may reset: a teacher those of own classes, others the school's."""
    return visit.actor.scope(PASSWORDS_RESET)


def _pupils(visit: Visit) -> Pupils:
    return Pupils(visit.portal.settings.identity)


def list_classes(visit: Visit) -> Response:
    """The classes of the school that was asked for, or of the few schools that the person has.

    Who has more, such as the administrator of a city, chooses the school first.
    """
    rights = _rights(visit)
    if not rights:
        raise Forbidden(say("you teach no class here, as far as sign-in knows"))
    places = rights.schools | {key.partition("/")[0] for key in rights.classes}
    many = rights.everywhere or bool(rights.authorities) or len(places) > AT_ONCE
    with visit.store.read(visit.actor) as connection:
        estate = Estate(connection, visit.actor, visit.store.clock.now())
        number = visit.query("school")
        if not number and many:
            within = Scope(rights.everywhere, rights.authorities, places)
            page = schools.found_by(visit, estate, within)
            return schools.choose(visit, page, "/classes", visit.gettext("Reset passwords"))
        numbers = [number] if number else sorted(places)
        named = [_school(estate, rights, one) for one in numbers]
    return visit.show(
        "classes.html",
        schools=[
            {"number": one, "name": name, "classes": _classes(visit, one, authority)}
            for one, name, authority in named
        ],
        others=bool(number) and (many or len(places) > 1),
    )


def _school(estate: Estate, rights: Scope, number: str) -> tuple[str, str, str | None]:
    """Number, name and authority of a school that the rights name or the person may see."""
    try:
        found = schools.school_of(estate, number)
    except (NotFound, Forbidden):
        # A delegation may give this right and none to see the school.
        named = rights.schools | {key.partition("/")[0] for key in rights.classes}
        if number not in named:
            raise
        return number, number, None
    return number, schools.name_of(found), found["authority"]


def _classes(visit: Visit, school: str, authority: str | None) -> list[str]:
    """The names of the classes there whose passwords the person may reset. `Forbidden` if none."""
    rights = _rights(visit)
    keys = set(rights.classes)
    if rights.covers(school, authority):
        keys |= {key for pupil in _pupils(visit).of_school(school) for key in pupil.classes}
    elif not any(key.startswith(f"{school}/") for key in keys):
        raise Forbidden(
            say("the passwords of {name} are reset by its teachers and the school's admin",
                name=school)
        )  # fmt: skip
    return sorted(key.partition("/")[2] for key in keys if key.startswith(f"{school}/"))


def show_class(visit: Visit) -> Response:
    return _show_class(visit)


def _show_class(visit: Visit, status: int = 200, **values: Any) -> Response:
    number, school, name = _allowed(visit)
    pupils = _pupils(visit).of_class(number, name)
    return visit.show(
        "class.html",
        status=status,
        **{
            "school": school,
            "number": number,
            "name": name,
            "pupils": pupils,
            **values,
        },
    )


def reset(visit: Visit) -> Response:
    """Set the passwords and show the slips, once."""
    number, school, name = _allowed(visit)
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
    slips = _pupils(visit).reset(number, name, ids)
    # By the server: a teacher reads no accounts, and may not see the school by this right alone.
    with visit.store.write(visit.actor, by_server=True) as unit:
        ids = known_as(unit.connection, [slip.pupil.id for slip in slips])
        row = TABLES["school"].c
        school_id = unit.connection.scalar(select(row.id).where(row.number == number))
        detail = {"class": f"{number}/{name}", "accounts": ids}
        unit.audit("reset passwords", "account", "", school_id, detail)
    return visit.show(
        "slips.html",
        school=school,
        number=number,
        name=name,
        slips=slips,
        address=visit.origin,
    )


def _allowed(visit: Visit) -> tuple[str, str, str]:
    """Number and name of the school, and the class, if the person may reset passwords there."""
    number, name = visit.path("school"), visit.path("name")
    rights = _rights(visit)
    with visit.store.read(visit.actor) as connection:
        estate = Estate(connection, visit.actor, visit.store.clock.now())
        _, school, authority = _school(estate, rights, number)
    if not rights.covers(number, authority, name):
        raise Forbidden(
            say("the passwords of {name} are reset by its teachers and the school's admin",
                name=name)
        )  # fmt: skip
    return number, school, name


def _may(actor: Actor) -> bool:
    """Whether it is in the navigation; the page itself asks where."""
    return bool(actor.scope(PASSWORDS_RESET))


PAGES = (
    Page("/classes", get=list_classes, may=_may, title="Passwords", keycloak=True),
    Page(
        "/classes/{school}/{name}/passwords",
        get=show_class,
        post=reset,
        may=_may,
        keycloak=True,
        examples=("/classes/164800/5a/passwords",),
    ),
)
