"""Makes a realm ready for schoolops: first a plan that can be read, then the doing of it.

A second run finds nothing to do. Only what the template names is compared; users, and whatever
else somebody made in the realm, stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from schoolops.identity.keycloak import clients, flows, groups, ldap, wanted
from schoolops.identity.keycloak.admin import realm_of
from schoolops.identity.keycloak.steps import CHANGE, CREATE, SAME, Step, differences, merged
from schoolops.identity.secretfiles import admin_secret_path, web_secret_path

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

    from schoolops.core.settings import Settings

Object = dict[str, Any]


def plan(admin: KeycloakAdmin, settings: Settings, schools: list[tuple[str, str]]) -> list[Step]:
    """What would be made or changed for these (school number, authority), in order.

    Raises errors of Keycloak, `Unusable` for settings that lack something.
    """
    want = wanted.realm(settings)
    identity = settings.identity
    realm = realm_of(admin)
    there = any(one["realm"] == realm for one in admin.get_realms())
    export = admin.export_realm(export_clients=True) if there else {}
    profile = admin.get_realm_users_profile() if there else {}
    steps = [_realm(export, realm, want["realm"])]
    roles = admin.get_realm_roles() if there else []
    steps += [_role(roles, role) for role in want["roles"]]
    steps.append(_flow(export, want["flow"]))
    steps.append(_profile(profile, want["userProfile"]))
    steps.append(clients.plan_scope(export, want["clientScope"]))
    steps += [clients.plan_client(export, client) for client in want["clients"]]
    steps.append(
        clients.plan_service_roles(export, admin, identity.admin_client, want["serviceRoles"])
    )
    for client, file in (
        (identity.web_client, web_secret_path(identity)),
        (identity.admin_client, admin_secret_path(identity)),
    ):
        steps.append(clients.plan_secret(export, admin, client, file))
    paths = wanted.group_paths(schools)
    found = groups.read(admin, paths) if there else groups.NOTHING
    steps += groups.plan(found, paths, wanted.passkey_roles())
    if identity.ldap_url:
        steps.append(ldap.plan(export, admin, identity, there))
    return steps


def apply(
    admin: KeycloakAdmin,
    settings: Settings,
    schools: list[tuple[str, str]],
    report: Callable[[Step], None],
) -> int:
    """Do the plan, step by step, each told to `report` when it is done; the number done.

    A realm that is not there is made first, and looked at again: what Keycloak puts into a new
    one has to be changed like that of an old one. It is told as the plan told it, as made.
    """
    steps = plan(admin, settings, schools)
    done = 0
    new = steps[0].mark == CREATE
    if new and steps[0].do is not None:
        steps[0].do(admin)
        report(steps[0])
        done = 1
        steps = plan(admin, settings, schools)
    for step in steps:
        if step.do is not None:
            step.do(admin)
            done += 1
            in_new = new and step.mark != CREATE
            report(replace(step, mark=CREATE, details=[]) if in_new else step)
    return done


def _realm(export: Object, name: str, want: Object) -> Step:
    if not export:
        what = f"realm {name}: lifetimes, lock-out, passwords, passkeys, events, languages"
        return Step(CREATE, what, [], lambda admin: _nothing(admin.create_realm(
            {"realm": name, **want})))  # fmt: skip
    told = differences(want, export)
    if not told:
        return Step(SAME, f"realm {name}")
    change = {key: merged(want, export)[key] for key in want}
    return Step(
        CHANGE, f"realm {name}", told, lambda admin: _nothing(admin.update_realm(name, change))
    )


def _role(roles: list[Object], want: Object) -> Step:
    what = f"role {want['name']}"
    if any(role["name"] == want["name"] for role in roles):
        return Step(SAME, what)
    return Step(CREATE, what, [], lambda admin: _nothing(admin.create_realm_role(want)))


def _flow(export: Object, want: Object) -> Step:
    bound = export.get("browserFlow", "")
    old = flows.ours(export, want["alias"])
    what = f"flow {want['alias']}: {want['description']}"
    if bound in old and flows.is_as_wanted(export, bound, want):
        return Step(SAME, what)

    def do(admin: KeycloakAdmin) -> None:
        alias = flows.next_alias(export, want["alias"])
        flows.build(admin, alias, want)
        admin.update_realm(realm_of(admin), {"browserFlow": alias})
        for each in old:
            flows.remove(admin, each)

    return Step(CHANGE if old else CREATE, what, [f"was {bound}"] if old else [], do)


def _profile(profile: Object, want: list[Object]) -> Step:
    what = "user profile: " + ", ".join(one["name"] for one in want)
    found = {one["name"]: one for one in profile.get("attributes", ())}
    told = []
    for one in want:
        there = dict(found.get(one["name"], {}))
        if "required" in there and "required" not in one and one["name"] == "email":
            told.append("email: no longer required, since not every pupil has one")
        told += [f"{one['name']}: {text}" for text in differences(one, there)]
    if not told:
        return Step(SAME, what)

    def do(admin: KeycloakAdmin) -> None:
        now = admin.get_realm_users_profile()
        names = {one["name"] for one in want}
        others = [one for one in now["attributes"] if one["name"] not in names]
        admin.update_realm_users_profile({**now, "attributes": [*others, *want]})

    return Step(CHANGE if profile else CREATE, what, told if profile else [], do)


def _nothing(_: Any) -> None:
    """For the sake of a step's signature."""
