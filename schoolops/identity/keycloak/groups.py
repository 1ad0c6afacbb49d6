"""The tree of groups: `/city/<role>`, `/authorities/<n>/<role>`, `/schools/<number>/<role>`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schoolops.identity.keycloak.admin import each, realm_of
from schoolops.identity.keycloak.steps import CHANGE, CREATE, LEFT, SAME, Step

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

TOPS = ("city", "authorities", "schools")
ALL = {"first": 0, "max": 1_000_000}
PASSKEY_ROLE = "passkey-required"
URL_ADMIN_GROUPS = "admin/realms/{realm-name}/groups"
BRIEF = {**ALL, "briefRepresentation": "true", "subGroupsCount": "false"}


@dataclass(frozen=True, slots=True)
class Found:
    """Groups of a realm: path → id, and the paths whose members must use a passkey.

    `others` are schools and authorities (or roles of the city) that nobody asked for.
    """

    ids: dict[str, str]
    bound: frozenset[str]
    others: tuple[str, ...]


NOTHING = Found({}, frozenset(), ())


def read(admin: KeycloakAdmin, paths: list[str]) -> Found:
    """What there is of the wanted groups."""
    from keycloak.exceptions import KeycloakGetError

    ids, others = read_ids(admin, paths)
    try:
        bound = admin.get_realm_role_groups(PASSKEY_ROLE, dict(ALL))
    except KeycloakGetError as error:
        if error.response_code != 404:
            raise
        bound = []
    return Found(ids, frozenset(group["path"] for group in bound), tuple(sorted(others)))


def read_ids(admin: KeycloakAdmin, paths: list[str]) -> tuple[dict[str, str], list[str]]:
    """Path → id of all groups at and below the wanted ones' parents, and paths beside them.

    The realm's export, and a search, take minutes for thousands of groups: Keycloak works out
    every path singly. Children by their parent's id are one short query each.
    """
    wanted = set(paths)
    # get_groups() would ask once more for each group.
    tops = admin.connection.raw_get(
        URL_ADMIN_GROUPS.format(**{"realm-name": realm_of(admin)}), **BRIEF
    ).json()
    level = {f"/{group['name']}": group["id"] for group in tops if group["name"] in TOPS}
    ids, others = dict(level), []
    for _ in range(2):
        parents = [path for path in level if path in wanted]
        lists = each(lambda path: admin.get_group_children(level[path], dict(BRIEF)), parents)  # noqa: B023
        found = {
            f"{path}/{group['name']}": group["id"]
            for path, children in zip(parents, lists, strict=True)
            for group in children
        }
        others += [path for path in found if path not in wanted and path.count("/") == 2]
        ids |= found
        level = {path: id for path, id in found.items() if not path.startswith("/city/")}
    return ids, others


def plan(found: Found, paths: list[str], passkey_roles: list[str]) -> list[Step]:
    """The steps for the tree. Groups that are not in `paths` are left alone."""
    missing = [path for path in paths if path not in found.ids]
    unbound = [
        path
        for path in paths
        if path in found.ids and path not in found.bound and _needs_role(path, passkey_roles)
    ]
    steps = []
    if missing:
        steps.append(
            Step(CREATE, f"{len(missing)} groups", _some(missing),
                 lambda admin: _create(admin, missing, dict(found.ids), passkey_roles))
        )  # fmt: skip
    if unbound:
        steps.append(
            Step(CHANGE, f"{len(unbound)} groups whose members must use a passkey", _some(unbound),
                 lambda admin: _bind(admin, [found.ids[path] for path in unbound]))
        )  # fmt: skip
    if not steps:
        steps.append(Step(SAME, f"{len(paths)} groups"))
    if found.others:
        steps.append(
            Step(LEFT, f"{len(found.others)} groups that are not in the inventory",
                 _some(list(found.others)))
        )  # fmt: skip
    return steps


def _needs_role(path: str, passkey_roles: list[str]) -> bool:
    parts = path.split("/")
    return parts[-1] in passkey_roles and len(parts) == (3 if parts[1] == "city" else 4)


def _some(paths: list[str]) -> list[str]:
    return paths if len(paths) <= 6 else [*paths[:5], f"… and {len(paths) - 5} more"]


def _create(
    admin: KeycloakAdmin, missing: list[str], ids: dict[str, str], passkey_roles: list[str]
) -> None:
    """Level by level, so that every parent is there; `ids` learns the new ones."""

    def make(path: str) -> tuple[str, str]:
        above, _, name = path.rpartition("/")
        made = admin.create_group({"name": name}, parent=ids[above] if above else None)
        return path, str(made)

    for depth in sorted({path.count("/") for path in missing}):
        ids.update(each(make, [path for path in missing if path.count("/") == depth]))
    _bind(admin, [ids[path] for path in missing if _needs_role(path, passkey_roles)])


def _bind(admin: KeycloakAdmin, ids: list[str]) -> None:
    if not ids:
        return
    role = admin.get_realm_role(PASSKEY_ROLE)
    each(lambda id: admin.assign_group_realm_roles(id, [role]), ids)
