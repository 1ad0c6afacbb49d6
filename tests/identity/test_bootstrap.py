"""The realm is planned first, made whole, and then left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from schoolops.core.settings import Settings, load_settings
from schoolops.identity.keycloak import bootstrap, wanted
from schoolops.identity.keycloak.admin import as_administrator, as_service
from schoolops.identity.keycloak.steps import CREATE, LEFT, SAME, Step
from tests.peers.keycloak import ADMIN, PASSWORD, Keycloak

SCHOOLS = [("164800", "10042"), ("164811", "10042"), ("100000", "10050")]


@pytest.fixture
def settings(keycloak: Keycloak, home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SCHOOLOPS_IDENTITY__ISSUER", keycloak.issuer(keycloak.new_realm()))
    monkeypatch.setenv("SCHOOLOPS_SERVER__PUBLIC_URL", "https://schoolops.example")
    return load_settings()


def school_groups(number: str) -> list[str]:
    paths = wanted.group_paths([(number, "")])
    return [path for path in paths if path.startswith(f"/schools/{number}")]


def marks(steps: list[Step]) -> set[str]:
    return {step.mark for step in steps}


def test_a_realm_is_made_whole_and_a_second_run_changes_nothing(
    settings: Settings, home: Path
) -> None:
    told: list[Step] = []
    with as_administrator(settings.identity, ADMIN, PASSWORD) as admin:
        planned = bootstrap.plan(admin, settings, SCHOOLS)
        assert marks(planned) == {CREATE}
        assert not (home / "keys").exists(), "a plan writes nothing"
        bootstrap.apply(admin, settings, SCHOOLS, told.append)
        plain = [
            [(step.mark, step.what, step.details) for step in some] for some in (planned, told)
        ]
        assert plain[0] == plain[1], "what is done is what the plan said"
        again = bootstrap.plan(admin, settings, SCHOOLS)
        assert [step for step in again if step.mark != SAME] == []
        assert bootstrap.apply(admin, settings, SCHOOLS, told.append) == 0
        bound = {group["path"] for group in admin.get_realm_role_groups("passkey-required")}
        assert admin.get_group_by_path("/schools/164800/teacher")
    assert {"/city/authority-admin", "/authorities/10050/authority-admin"} <= bound
    assert {"/schools/164800/school-admin", "/schools/164800/head", "/city/auditor"} <= bound
    assert not [path for path in bound if path.endswith(("teacher", "pupil", "secretary"))]
    secret = home / "keys" / "schoolops-web.secret"
    assert secret.stat().st_mode & 0o077 == 0
    assert len(secret.read_text()) > 20
    assert "12 groups" not in [step.what for step in told]
    with as_service(settings.identity) as service:
        assert service.get_users({}) == []


def test_what_was_bent_is_put_right_and_what_others_made_stays(
    settings: Settings, home: Path
) -> None:
    identity = settings.identity
    with as_administrator(identity, ADMIN, PASSWORD) as admin:
        bootstrap.apply(admin, settings, SCHOOLS, lambda _: None)
        realm = str(admin.connection.realm_name)
        # Somebody bends it …
        admin.update_realm(realm, {"bruteForceProtected": False, "accessTokenLifespan": 86400})
        web = str(admin.get_client_id("schoolops-web"))
        client = admin.get_client(web)
        client["redirectUris"] = ["*"]
        client["attributes"]["pkce.code.challenge.method"] = ""
        admin.update_client(web, client)
        scopes = {scope["name"]: scope for scope in admin.get_client_scopes()}
        admin.add_client_default_client_scope(
            web, scopes["roles"]["id"], {"client": web, "clientScopeId": scopes["roles"]["id"]}
        )
        admin.delete_client_default_client_scope(web, scopes["schoolops"]["id"])
        for mapper in scopes["schoolops"]["protocolMappers"]:
            if mapper["name"] == "audience":
                admin.delete_mapper_from_client_scope(scopes["schoolops"]["id"], mapper["id"])
        flow = admin.get_realm(realm)["browserFlow"]
        key = next(
            one
            for one in admin.get_authentication_flow_executions(flow)
            if one.get("providerId") == "webauthn-authenticator" and one["level"] == 3
        )
        admin.update_authentication_flow_executions({**key, "requirement": "DISABLED"}, flow)
        profile = admin.get_realm_users_profile()
        for one in profile["attributes"]:
            if one["name"] == "classes":
                one["permissions"]["edit"] = ["admin", "user"]
        admin.update_realm_users_profile(profile)
        service = admin.get_client_service_account_user(str(admin.get_client_id("schoolops-admin")))
        management = str(admin.get_client_id("realm-management"))
        more = admin.get_client_role(management, "manage-realm")
        admin.assign_client_role(service["id"], management, [more])
        (home / "keys" / "schoolops-web.secret").unlink()
        admin.generate_client_secrets(str(admin.get_client_id("schoolops-admin")))
        # … and adds things of their own.
        admin.create_group({"name": "choir"})
        schools = admin.get_group_by_path("/schools")
        admin.create_group({"name": "199999"}, parent=schools["id"])
        admin.create_client({"clientId": "library"})

        steps = bootstrap.plan(admin, settings, [*SCHOOLS, ("164899", "10042")])
        told = {step.what.split(":")[0]: step for step in steps if step.mark != SAME}
        assert told.pop(f"{len(school_groups('164899'))} groups").mark == CREATE
        assert {name: step.mark for name, step in told.items()} == {
            f"realm {realm}": "change",
            "flow schoolops sign-in": "change",
            "user profile": "change",
            "client scope schoolops": "change",
            "client schoolops-web": "change",
            "rights of schoolops-admin": "change",
            f"secret of schoolops-web in {home}/keys/schoolops-web.secret": CREATE,
            f"secret of schoolops-admin in {home}/keys/schoolops-admin.secret": "change",
            "1 groups that are not in the inventory": LEFT,
        }
        assert "bruteForceProtected: False → True" in told[f"realm {realm}"].details
        bootstrap.apply(admin, settings, [*SCHOOLS, ("164899", "10042")], lambda _: None)
        again = bootstrap.plan(admin, settings, [*SCHOOLS, ("164899", "10042")])
        assert {step.mark for step in again} == {SAME, LEFT}
        assert admin.get_realm(realm)["browserFlow"] == "schoolops sign-in 2"
        flows = [one["alias"] for one in admin.get_authentication_flows()]
        assert [name for name in flows if name.startswith("schoolops")] == ["schoolops sign-in 2"]
        assert admin.get_client(web)["redirectUris"] == [
            "https://schoolops.example/sign-in/callback"
        ]
        assert admin.get_group_by_path("/choir")["name"] == "choir"
        assert admin.get_client_id("library")
    with as_service(identity) as service_account:
        assert service_account.get_users({}) == []
