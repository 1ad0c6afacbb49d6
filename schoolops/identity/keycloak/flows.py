"""The sign-in's flow: compared as a tree, built anew beside the old one when it differs.

Keycloak changes a flow in place execution by execution, and whoever signs in meanwhile would walk
through half of it. So a new one is built, then the realm is pointed to it, then the old one goes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

Object = dict[str, Any]


HIDDEN = "**********"
"""What an export shows of settings that the authenticator itself does not know (the amr)."""


def description(want: Object) -> str:
    """Words, and a sum over all that is wanted: it tells of a change in what an export hides."""
    whole = json.dumps(want["executions"], sort_keys=True).encode()
    return f"{want['description']} ({hashlib.sha256(whole).hexdigest()[:12]})"


def is_as_wanted(export: Object, alias: str, want: Object) -> bool:
    """Whether the flow of that name is the wanted one."""
    told = {flow["alias"]: flow.get("description") for flow in export["authenticationFlows"]}
    tree = found_tree(export, alias)
    return told[alias] == description(want) and tree == wanted_tree(want["executions"], alias)


def found_tree(export: Object, alias: str) -> list[Object]:
    """The executions of a flow in a realm's export, in the template's form."""
    flows = {flow["alias"]: flow for flow in export.get("authenticationFlows", ())}
    configs = {one["alias"]: one["config"] for one in export.get("authenticatorConfig", ())}

    def tree(name: str) -> list[Object]:
        executions = flows.get(name, {}).get("authenticationExecutions", [])
        made = []
        for one in sorted(executions, key=lambda e: e["priority"]):
            if one.get("flowAlias"):
                node: Object = {"executions": tree(one["flowAlias"])}
            else:
                node = {"authenticator": one["authenticator"]}
                config = configs.get(one.get("authenticatorConfig"), {})
                if shown := {key: value for key, value in config.items() if value != HIDDEN}:
                    node["config"] = shown
            made.append({**node, "requirement": one["requirement"]})
        return made

    return tree(alias)


def wanted_tree(executions: list[Object], alias: str) -> list[Object]:
    """The template's executions as they would be found under that alias."""
    return [
        {key: value for key, value in one.items() if key not in ("flow", "executions", "config")}
        | ({"executions": wanted_tree(one["executions"], alias)} if "flow" in one else {})
        | _shown(one.get("config", {}), alias)
        for one in executions
    ]


def _shown(config: dict[str, str], alias: str) -> dict[str, dict[str, str]]:
    shown = {
        key: value
        for key, value in _config(config, alias).items()
        if not key.startswith("default.reference.")
    }
    return {"config": shown} if shown else {}


def _config(config: dict[str, str], alias: str) -> dict[str, str]:
    """With the full names of sub-flows: aliases are unique in a realm."""
    return {
        key: f"{alias}: {value.removeprefix('flow:')}" if value.startswith("flow:") else value
        for key, value in config.items()
    }


def ours(export: Object, alias: str) -> list[str]:
    """Flows that an earlier run made."""
    return [
        flow["alias"]
        for flow in export.get("authenticationFlows", ())
        if flow["topLevel"] and not flow["builtIn"] and _number(flow["alias"], alias) is not None
    ]


def next_alias(export: Object, alias: str) -> str:
    """A name that no flow has had yet."""
    numbers = [_number(one, alias) or 0 for one in ours(export, alias)]
    return f"{alias} {max(numbers, default=0) + 1}"


def _number(name: str, alias: str) -> int | None:
    number = name.removeprefix(f"{alias} ")
    return int(number) if number != name and number.isdigit() else None


def build(admin: KeycloakAdmin, alias: str, want: Object) -> None:
    """Make a flow with all in it."""
    executions = want["executions"]
    admin.create_authentication_flow(
        {
            "alias": alias,
            "description": description(want),
            "providerId": "basic-flow",
            "topLevel": True,
            "builtIn": False,
        }
    )
    _fill(admin, alias, alias, executions)
    # Keycloak lists them as deep as they lie, in the order in which they were made.
    made = admin.get_authentication_flow_executions(alias)
    for number, (one, wish) in enumerate(zip(made, _flat(executions), strict=True)):
        admin.update_authentication_flow_executions(
            {**one, "requirement": wish["requirement"]}, alias
        )
        if "config" in wish:
            admin.create_execution_config(
                one["id"],
                {"alias": f"{alias} {number}", "config": _config(wish["config"], alias)},
            )


def _fill(admin: KeycloakAdmin, top: str, alias: str, executions: list[Object]) -> None:
    for one in executions:
        if "flow" in one:
            inner = f"{top}: {one['flow']}"
            admin.create_authentication_flow_subflow(
                {"alias": inner, "type": "basic-flow", "provider": "registration-page-form"}, alias
            )
            _fill(admin, top, inner, one["executions"])
        else:
            admin.create_authentication_flow_execution({"provider": one["authenticator"]}, alias)


def _flat(executions: list[Object]) -> Iterator[Object]:
    for one in executions:
        yield one
        yield from _flat(one.get("executions", []))


def remove(admin: KeycloakAdmin, alias: str) -> None:
    """Delete a flow that we made."""
    for flow in admin.get_authentication_flows():
        if flow["alias"] == alias and not flow["builtIn"]:
            admin.delete_authentication_flow(flow["id"])
