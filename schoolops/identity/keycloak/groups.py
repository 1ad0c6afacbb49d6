"""The tree of groups: `/city/<role>`, `/authorities/<n>/<role>`, `/schools/<number>/<role>`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from schoolops.identity.keycloak.admin import each
from schoolops.identity.keycloak.steps import CHANGE, CREATE, LEFT, SAME, Step

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

Object = dict[str, Any]
TOPS = ("/city", "/authorities", "/schools")


def found_groups(export: Object) -> dict[str, Object]:
    """Path → group, of all groups in a realm's export."""

    def walk(groups: list[Object], above: str) -> Iterator[tuple[str, Object]]:
        for group in groups:
            path = f"{above}/{group['name']}"
            yield path, group
            yield from walk(group.get("subGroups") or [], path)

    return dict(walk(export.get("groups") or [], ""))


def plan(found: dict[str, Object], paths: list[str], passkey_roles: list[str]) -> list[Step]:
    """The steps for the tree. Groups that are not in `paths` are left alone."""
    missing = [path for path in paths if path not in found]
    bound = [path for path in paths if _needs_role(path, passkey_roles)]
    unbound = [
        path
        for path in bound
        if path in found and "passkey-required" not in found[path].get("realmRoles", ())
    ]
    steps = []
    if missing:
        ids = {path: group["id"] for path, group in found.items()}
        steps.append(
            Step(CREATE, f"{len(missing)} groups", _some(missing),
                 lambda admin: _create(admin, missing, ids, passkey_roles))
        )  # fmt: skip
    if unbound:
        steps.append(
            Step(CHANGE, f"{len(unbound)} groups whose members must use a passkey", _some(unbound),
                 lambda admin: _bind(admin, [found[path]["id"] for path in unbound]))
        )  # fmt: skip
    if not steps:
        steps.append(Step(SAME, f"{len(paths)} groups"))
    others = sorted(set(found) - set(paths))
    gone = [path for path in others if path.startswith(tuple(f"{top}/" for top in TOPS))]
    if gone:
        steps.append(
            Step(LEFT, f"{len(gone)} groups of schools or roles not in the inventory", _some(gone))
        )
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
    role = admin.get_realm_role("passkey-required")
    each(lambda id: admin.assign_group_realm_roles(id, [role]), ids)
