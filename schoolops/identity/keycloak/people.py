"""Persons in a file: rows become accounts as they should be, or are refused with a reason.

Pure: knows the table and the role names, no Keycloak.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from inventory.fields import fold_heading
from inventory.formats import Table
from inventory.sentences import join, say
from schoolops.core.errors import Invalid

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "username": ("username", "user", "login", "benutzername", "anmeldename", "kennung", "uid",
                 "samaccountname"),
    "given_name": ("given name", "first name", "vorname", "rufname", "givenname", "firstname"),
    "family_name": ("family name", "last name", "surname", "nachname", "familienname", "name", "sn",
                    "lastname", "familyname"),
    "email": ("e-mail", "email", "mail", "schulische e-mail", "dienstl. e-mail",
              "mailprimaryaddress"),
    "school": ("school", "school number", "schule", "schulnummer", "schulnr."),
    "authority": ("authority", "schulträger", "träger"),
    "role": ("role", "rolle"),
    "classes": ("classes", "class", "klassen", "klasse"),
    "source_id": ("source id", "id", "quell-id", "externe id", "externe id-nr", "record_uid",
                  "objectguid", "entryuuid"),
}  # fmt: skip
"""Field → headings of files, of directories' exports too."""

ROLES: Mapping[str, str] = {
    "lehrer": "teacher", "lehrkraft": "teacher", "lehrerin": "teacher", "lehr": "teacher",
    "schueler": "pupil", "schuelerin": "pupil", "student": "pupil", "lern": "pupil",
    "sekretariat": "secretary", "schulleitung": "head", "leit": "head",
    "medienkoordination": "media-coordinator", "techniker": "technician",
    "schuladministration": "school-admin", "orgadmin": "school-admin",
}  # fmt: skip
"""Other words for the roles at a school, folded."""

USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,254}")
NO_NAME = frozenset('<>&"$%!#?§;*~/\\|^=[]{}()')
"""What Keycloak takes in no name."""
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass
class Person:
    """An account as a file wants it. `schools` are those that the file speaks about."""

    row: int
    username: str
    given_name: str
    family_name: str
    email: str
    source_id: str
    groups: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)

    @property
    def schools(self) -> set[str]:
        return {path.split("/")[2] for path in self.groups if path.startswith("/schools/")}


@dataclass(frozen=True)
class People:
    """What a file says: accounts by username, and refused rows with their reasons."""

    persons: dict[str, Person]
    refused: dict[int, tuple[str, str]]
    """Row → username as written, and all that is wrong with it."""
    ignored: list[str]


def columns_of(table: Table, needed: tuple[str, ...]) -> tuple[dict[str, int], list[str]]:
    """Field → column, and the headings that mean nothing here. Raises `Invalid`."""
    known = {
        fold_heading(word): name for name, words in HEADINGS.items() for word in (name, *words)
    }
    columns: dict[str, int] = {}
    ignored = []
    for number, heading in enumerate(table.headings):
        name = known.get(fold_heading(heading))
        if name is None or name in columns:
            ignored.append(heading)
        else:
            columns[name] = number
    missing = [HEADINGS[name][0] for name in needed if name not in columns]
    if missing:
        raise Invalid(
            say(
                "the file has no column {missing}; it has {found}",
                missing=", ".join(missing),
                found=", ".join(table.headings),
            ),
            code="import.refused",
        )
    return columns, ignored


def read_people(table: Table, groups: frozenset[str]) -> People:
    """Persons of a table; `groups` are the paths that the realm has. Raises `Invalid`."""
    columns, ignored = columns_of(table, ("username", "given_name", "family_name", "role"))
    persons: dict[str, Person] = {}
    refused: dict[int, tuple[str, str]] = {}
    emails: dict[str, str] = {}
    for row, cells in table.rows:
        values = {name: cells[at].strip() for name, at in columns.items()}
        try:
            if row in table.problems:
                raise ValueError(table.problems[row])
            person = _person(row, values, groups)
            first = persons.get(person.username)
            if first is not None and _name(first) != _name(person):
                raise ValueError(
                    say("row {row} gives {username} to somebody else", row=first.row,
                        username=person.username)
                )  # fmt: skip
            if person.email and emails.setdefault(person.email, person.username) != person.username:
                raise ValueError("another row has this e-mail address under another username")
        except ValueError as problem:
            refused[row] = values["username"], str(problem)
            continue
        if first is None:
            persons[person.username] = person
        else:  # the same person in another role, or at another school
            first.groups |= person.groups
            first.classes |= person.classes
    return People(persons, refused, ignored)


def _name(person: Person) -> tuple[str, ...]:
    return person.given_name, person.family_name, person.email, person.source_id


def _person(row: int, values: dict[str, str], groups: frozenset[str]) -> Person:
    """One row. Raises ValueError with all that is wrong."""
    wrong: list[str] = []
    username = values["username"].lower()
    if not USERNAME.fullmatch(username):
        wrong.append(
            say("a username has small letters, digits and . _ - @ +, such as mia.weber, not "
                "{text!r}", text=values["username"])
        )  # fmt: skip
    for name in ("given_name", "family_name"):
        text = values[name]
        if not text or len(text) > 255 or not text.isprintable() or NO_NAME & set(text):
            wrong.append(say("the {name} is empty or no name", name=HEADINGS[name][0]))
    email = values.get("email", "").lower()
    if email and (not EMAIL.fullmatch(email) or len(email) > 255):
        wrong.append(
            say("{text!r} is no e-mail address; leave it empty if there is none", text=email)
        )
    school, authority = values.get("school", ""), values.get("authority", "")
    role = ROLES.get(fold_heading(values["role"]), values["role"].lower().replace(" ", "-"))
    if school:
        path = f"/schools/{school}/{role}"
    elif authority:
        path = f"/authorities/{authority}/{role}"
    else:
        path = f"/city/{role}"
    if path not in groups:
        wrong.append(
            say("the realm has no group {path}; see the role and the number, or run: schoolops "
                "identity bootstrap", path=path)
        )  # fmt: skip
    classes = {one for one in re.split(r"[\s,;]+", values.get("classes", "")) if one}
    if classes and not school:
        wrong.append(say("classes need a school"))
    if any(len(one) > 20 or "/" in one for one in classes):
        wrong.append(say("classes are short words such as 5a, separated by blanks"))
    if wrong:
        raise ValueError(join(wrong))
    return Person(
        row, username, values["given_name"], values["family_name"], email,
        values.get("source_id", ""), {path}, {f"{school}/{one}" for one in classes},
    )  # fmt: skip
