"""Steps for the clients: what they may, their scope with its mappers, and their secrets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from schoolops.core.errors import Unusable
from schoolops.core.secretfiles import write_secret
from schoolops.identity.keycloak.steps import CHANGE, CREATE, SAME, Step, differences, merged
from schoolops.identity.secretfiles import read_secret

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

Object = dict[str, Any]
SCOPES = ("defaultClientScopes", "optionalClientScopes")


def plan_scope(export: Object, wanted: Object) -> Step:
    """The client scope that puts audience, groups and classes into access tokens."""
    what = f"client scope {wanted['name']}: audience, groups, classes"
    scopes = {scope["name"]: scope for scope in export.get("clientScopes", ())}
    found = scopes.get(wanted["name"])
    if found is None:
        return Step(CREATE, what, [], lambda admin: _done(admin.create_client_scope(wanted)))
    plain = {key: value for key, value in wanted.items() if key != "protocolMappers"}
    mappers = {one["name"]: one for one in found.get("protocolMappers") or ()}
    told = differences(plain, found)
    for one in wanted["protocolMappers"]:
        there = mappers.get(one["name"], {})
        told += [f"mapper {one['name']}: {text}" for text in differences(one, there)]
    if not told:
        return Step(SAME, what)

    def do(admin: KeycloakAdmin) -> None:
        id = found["id"]
        admin.update_client_scope(id, merged(plain, {**found, "protocolMappers": None}))
        for one in wanted["protocolMappers"]:
            there = mappers.get(one["name"])
            if there is None:
                admin.add_mapper_to_client_scope(id, one)
            else:
                admin.update_mapper_in_client_scope(id, there["id"], merged(one, there))

    return Step(CHANGE, what, told, do)


def plan_client(export: Object, wanted: Object) -> Step:
    """One client: made, or changed where it differs from the template."""
    what = f"client {wanted['clientId']}"
    clients = {client["clientId"]: client for client in export.get("clients", ())}
    found = clients.get(wanted["clientId"])
    if found is None:
        return Step(CREATE, what, [], lambda admin: _done(admin.create_client(wanted)))
    told = differences(wanted, found)
    if not told:
        return Step(SAME, what)

    def do(admin: KeycloakAdmin) -> None:
        # The export hides the secret behind asterisks; without the key it stays as it is.
        whole = {key: value for key, value in found.items() if key not in ("secret", *SCOPES)}
        plain = {key: value for key, value in wanted.items() if key not in SCOPES}
        admin.update_client(found["id"], merged(plain, whole))
        _set_scopes(admin, found, wanted)

    return Step(CHANGE, what, told, do)


def _set_scopes(admin: KeycloakAdmin, found: Object, wanted: Object) -> None:
    ids = {scope["name"]: scope["id"] for scope in admin.get_client_scopes()}
    for key, remove in zip(
        SCOPES,
        (admin.delete_client_default_client_scope, admin.delete_client_optional_client_scope),
        strict=True,
    ):
        for name in set(found.get(key, ())) - set(wanted[key]):
            remove(found["id"], ids[name])
    for name in set(wanted["defaultClientScopes"]) - set(found.get("defaultClientScopes", ())):
        admin.add_client_default_client_scope(
            found["id"], ids[name], {"client": found["id"], "clientScopeId": ids[name]}
        )


def plan_secret(export: Object, admin: KeycloakAdmin, client: str, file: Path) -> Step:
    """The client's secret in its file, as Keycloak has it."""
    what = f"secret of {client} in {file}"
    ids = {one["clientId"]: one["id"] for one in export.get("clients", ())}
    kept = None
    if file.exists():
        kept = read_secret(file)
    if client in ids and kept == admin.get_client_secrets(ids[client]).get("value"):
        return Step(SAME, what)

    def do(admin: KeycloakAdmin) -> None:
        id = str(admin.get_client_id(client))
        secret = (
            admin.get_client_secrets(id).get("value")
            or (admin.generate_client_secrets(id)["value"])
        )
        if not secret:
            raise Unusable(f"Keycloak gives no secret for {client}", code="setup.identity")
        write_secret(file, secret)

    return Step(CHANGE if kept else CREATE, what, [], do)


def plan_service_roles(
    export: Object, admin: KeycloakAdmin, client: str, wanted: list[str]
) -> Step:
    """What the service account may do: these roles of realm-management and no other."""
    what = f"rights of {client}: {', '.join(wanted)}"
    ids = {one["clientId"]: one["id"] for one in export.get("clients", ())}
    if client in ids:
        user = admin.get_client_service_account_user(ids[client])
        has = admin.get_client_roles_of_user(user["id"], ids["realm-management"])
        names = {role["name"] for role in has}
        if names == set(wanted):
            return Step(SAME, what)

    def do(admin: KeycloakAdmin) -> None:
        management = str(admin.get_client_id("realm-management"))
        user = admin.get_client_service_account_user(str(admin.get_client_id(client)))["id"]
        has = admin.get_client_roles_of_user(user, management)
        every = {role["name"]: role for role in admin.get_client_roles(management)}
        admin.assign_client_role(user, management, [every[name] for name in wanted])
        more = [role for role in has if role["name"] not in wanted]
        if more:
            admin.delete_client_roles_of_user(user, management, more)

    return Step(CHANGE if client in ids else CREATE, what, [], do)


def _done(_: Any) -> None:
    """For the sake of a step's signature."""
