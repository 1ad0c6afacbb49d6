"""Accounts of a directory (LDAP, Active Directory, UCS) that Keycloak looks up, read only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from schoolops.core.errors import Unusable
from schoolops.identity.keycloak.admin import realm_of
from schoolops.identity.keycloak.steps import CHANGE, CREATE, SAME, Step, differences, merged
from schoolops.identity.secretfiles import read_secret

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

    from schoolops.core.settings import IdentitySettings

Object = dict[str, Any]
NAME = "schoolops directory"
TYPE = "org.keycloak.storage.UserStorageProvider"

VENDORS: dict[str, dict[str, str]] = {
    "ad": {
        "vendor": "ad",
        "usernameLDAPAttribute": "sAMAccountName",
        "rdnLDAPAttribute": "cn",
        "uuidLDAPAttribute": "objectGUID",
        "userObjectClasses": "person, organizationalPerson, user",
    },
    "ucs": {
        "vendor": "other",
        "usernameLDAPAttribute": "uid",
        "rdnLDAPAttribute": "uid",
        "uuidLDAPAttribute": "entryUUID",
        "userObjectClasses": "inetOrgPerson, posixAccount",
    },
    "other": {
        "vendor": "other",
        "usernameLDAPAttribute": "uid",
        "rdnLDAPAttribute": "uid",
        "uuidLDAPAttribute": "entryUUID",
        "userObjectClasses": "inetOrgPerson",
    },
}


def plan(export: Object, settings: IdentitySettings) -> Step:
    """The provider that federates the directory. Raises `Unusable` when its place is not set."""
    if not settings.ldap_users_dn:
        raise Unusable(
            "identity.ldap_url is set, but not where the users are: set identity.ldap_users_dn",
            code="setup.identity",
        )
    want: Object = {
        "name": NAME,
        "providerId": "ldap",
        "config": {key: [value] for key, value in _config(settings).items()},
    }
    what = f"directory {settings.ldap_url}, read only"
    found = next(
        (one for one in export.get("components", {}).get(TYPE, ()) if one.get("name") == NAME), None
    )
    if found is not None and not (told := differences(want, found)):
        return Step(SAME, what)

    def do(admin: KeycloakAdmin) -> None:
        whole = merged(want, admin.get_component(found["id"]) if found else {"providerType": TYPE})
        if settings.ldap_bind_secret_file:
            secret = read_secret(Path(settings.ldap_bind_secret_file))
            whole["config"]["bindCredential"] = [secret]
        if found is None:
            whole["parentId"] = admin.get_realm(realm_of(admin))["id"]
            admin.create_component(whole)
        else:
            admin.update_component(found["id"], whole)

    return Step(CREATE if found is None else CHANGE, what, told if found else [], do)


def _config(settings: IdentitySettings) -> dict[str, str]:
    return {
        **VENDORS[settings.ldap_vendor],
        "enabled": "true",
        "connectionUrl": settings.ldap_url,
        "usersDn": settings.ldap_users_dn,
        "bindDn": settings.ldap_bind_dn,
        "authType": "simple" if settings.ldap_bind_dn else "none",
        "editMode": "READ_ONLY",
        "searchScope": "2",
        "importEnabled": "true",
        "syncRegistrations": "false",
        "pagination": "true",
        "useTruststoreSpi": "always",
    }
