"""Pupils' accounts as Keycloak has them: who is in a class, and a new password for one.

Our service account asks; whether the person who wants it may is decided before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.sentences import say
from schoolops.core.errors import Conflict, NotFound
from schoolops.identity.keycloak.admin import as_service
from schoolops.identity.passphrases import new_passphrase

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

    from schoolops.core.settings import IdentitySettings

PAGE = 100


@dataclass(frozen=True, slots=True)
class Pupil:
    """One pupil's account."""

    id: str
    username: str
    name: str
    classes: tuple[str, ...]
    """As '164800/5a'."""
    federated: bool = False
    """The account is a directory's, and so is its password."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What is handed to a pupil, once."""

    pupil: Pupil
    password: str


class Pupils:
    """Reads and resets accounts. Raises `ProviderDown` while Keycloak does not answer."""

    def __init__(self, settings: IdentitySettings) -> None:
        self.settings = settings

    def of_school(self, school: str) -> list[Pupil]:
        """The pupils of a school, by name; none when Keycloak does not know the school."""
        with as_service(self.settings) as admin:
            return self._read(admin, school)

    def of_class(self, school: str, name: str) -> list[Pupil]:
        """The pupils of a class, by name."""
        return [p for p in self.of_school(school) if f"{school}/{name}" in p.classes]

    def reset(self, school: str, name: str, ids: Iterable[str]) -> list[Slip]:
        """New passwords, to be changed at the first sign-in. Only for pupils of that class."""
        wanted = set(ids)
        with as_service(self.settings) as admin:
            key = f"{school}/{name}"
            pupils = [p for p in self._read(admin, school) if key in p.classes and p.id in wanted]
            if len(pupils) != len(wanted):
                raise NotFound(
                    say("not everybody on this list is in the class any more; open it again"),
                    code="passwords.not_in_class",
                )
            if elsewhere := next((p for p in pupils if p.federated), None):
                # Keycloak would take one, which then counts here and nowhere else.
                raise Conflict(
                    say("the directory keeps the password of {name}; have it reset there",
                        name=elsewhere.name),
                    code="passwords.directory",
                )  # fmt: skip
            return [self._reset(admin, pupil) for pupil in pupils]

    @staticmethod
    def _reset(admin: KeycloakAdmin, pupil: Pupil) -> Slip:
        password = new_passphrase()
        admin.set_user_password(pupil.id, password, temporary=True)
        admin.user_logout(pupil.id)  # whoever knew the old one is signed out
        return Slip(pupil, password)

    def _read(self, admin: KeycloakAdmin, school: str) -> list[Pupil]:
        from keycloak.exceptions import KeycloakGetError

        try:
            group = admin.get_group_by_path(f"/schools/{school}/pupil")
        except KeycloakGetError as error:
            if error.response_code == 404:
                return []
            raise
        found = _members(admin, group["id"])
        return sorted(found, key=lambda pupil: pupil.name.casefold())


def _members(admin: KeycloakAdmin, group: str) -> Iterator[Pupil]:
    first = 0
    while True:
        query = {"briefRepresentation": "false", "first": first, "max": PAGE}
        users = admin.get_group_members(group, query)
        for user in users:
            if user.get("enabled"):
                names = (user.get("lastName"), user.get("firstName"))
                yield Pupil(
                    user["id"],
                    user["username"],
                    ", ".join(part for part in names if part) or user["username"],
                    tuple((user.get("attributes") or {}).get("classes", ())),
                    bool(user.get("federationLink")),
                )
        if len(users) < PAGE:
            return
        first += PAGE
