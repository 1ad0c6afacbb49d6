"""A pupil forgot the password: class, pupils, reset. The slips are shown once and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from starlette.responses import Response

from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.core.errors import Forbidden, NotFound, TooMany
from schoolops.core.permissions import Actor
from schoolops.estate.repository import Estate
from schoolops.identity.oidc import Claims
from schoolops.identity.pupils import Pupils
from schoolops.identity.sessions import Session
from schoolops.web.limits import Rate
from schoolops.web.pages import Page, Visit

RESETS = Rate(200, 20)
"""New passwords by one person: some classes in a row, and no whole school by a stolen session."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose passwords somebody may reset."""

    schools: tuple[str, ...]
    """All classes of these."""
    classes: tuple[str, ...]
    """These, such as '164800/5a'."""

    def allows(self, school: str, name: str) -> bool:
        return school in self.schools or f"{school}/{name}" in self.classes


def rights_of(claims: Claims | None) -> Rights:
    """By the groups of the sign-in: a school admin the own school, a teacher the own classes."""
    if claims is None:
        return Rights((), ())
    groups = [group.strip("/").split("/") for group in claims.groups]
    of_school = [(g[1], g[2]) for g in groups if len(g) == 3 and g[0] == "schools"]
    teaches = {number for number, role in of_school if role == "teacher"}
    return Rights(
        tuple(sorted(number for number, role in of_school if role == "school-admin")),
        tuple(sorted(c for c in claims.classes if c.partition("/")[0] in teaches)),
    )


def _rights(visit: Visit) -> Rights:
    return rights_of(cast(Session, visit.session).claims)


def _pupils(visit: Visit) -> Pupils:
    return Pupils(visit.portal.settings.identity)


def list_classes(visit: Visit) -> Response:
    """The classes whose passwords the person may reset, school by school."""
    rights = _rights(visit)
    if not (rights.schools or rights.classes):
        raise Forbidden(say("you teach no class here, as far as sign-in knows"))
    found: dict[str, set[str]] = {}
    for key in rights.classes:
        school, _, name = key.partition("/")
        found.setdefault(school, set()).add(name)
    for school in rights.schools:
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
    if not _rights(visit).allows(school, name):
        raise Forbidden(
            say("the passwords of {name} are reset by its teachers and the school's admin",
                name=name)
        )  # fmt: skip
    return school, name


def _school_name(visit: Visit, number: str) -> str:
    with visit.store.read() as connection:
        estate = Estate(connection, visit.actor, visit.store.clock.now())
        try:
            values = estate.record(KINDS["school"], number)["values"]
        except (NotFound, Forbidden):
            return number
    return str(values["short_name"] or values["name"])


def _of_a_school(actor: Actor) -> bool:
    """In the navigation of persons of schools; the page itself asks for more."""
    return actor.schools is not None


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
