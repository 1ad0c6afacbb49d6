"""Accounts of a directory (LDAP, Active Directory, UCS) that Keycloak looks up, read only.

Keycloak calls it UNSYNCED: what is noted of a person, such as classes, stays in Keycloak. In its
mode READ_ONLY it takes no attribute at all for them, not even its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schoolops.core.errors import Unusable
from schoolops.identity.keycloak import directory
from schoolops.identity.keycloak.admin import realm_of
from schoolops.identity.keycloak.steps import CHANGE, CREATE, SAME, Step, differences, merged

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

    from schoolops.core.settings import IdentitySettings

Object = dict[str, Any]
NAME = "schoolops directory"
TYPE = "org.keycloak.storage.UserStorageProvider"
MAPPER = "org.keycloak.storage.ldap.mappers.LDAPStorageMapper"
DAY_S, QUARTER_S = 86_400, 900

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
EMAIL = {"ad": "mail", "ucs": "mailPrimaryAddress", "other": "mail"}


def plan(
    export: Object, admin: KeycloakAdmin, settings: IdentitySettings, bootstrapped: bool
) -> Step:
    """The provider that federates the directory, which is tried first.

    `bootstrapped`: the realm is there. Raises `Unusable` when the place of the users is not set,
    or when Keycloak does not get into the directory with these settings.
    """
    if not settings.ldap_users_dn:
        raise Unusable(
            "identity.ldap_url is set, but not where the users are: set identity.ldap_users_dn",
            code="setup.identity",
        )
    tried = directory.try_out(admin, settings)
    want: Object = {
        "name": NAME,
        "providerId": "ldap",
        "config": {key: [value] for key, value in _config(settings).items()},
    }
    what = f"directory {settings.ldap_url}, read only"
    found = next(
        (one for one in export.get("components", {}).get(TYPE, ()) if one.get("name") == NAME), None
    )
    told: list[str] = []
    if found is not None:
        told = differences(want, found) + _mapped(found.get("subComponents", {}), settings)
        if bootstrapped and not directory.kept_secret_works(admin, settings, found["id"]):
            told.append("password of the account that reads it: another one")
        if not told:
            return Step(SAME, what, [tried])

    def do(admin: KeycloakAdmin) -> None:
        whole = merged(want, admin.get_component(found["id"]) if found else {"providerType": TYPE})
        if secret := directory.bind_secret(settings):
            whole["config"]["bindCredential"] = [secret]
        if found is None:
            whole |= {"id": directory.id_of(settings),
                      "parentId": admin.get_realm(realm_of(admin))["id"]}  # fmt: skip
            admin.create_component(whole)
        else:
            admin.update_component(found["id"], whole)
        _map(admin, found["id"] if found else whole["id"], settings)
        looked = directory.look(admin, settings)
        details.append(f"{looked.people} people are there")
        if looked.refused:
            details.append(looked.complaint)

    details = [tried, *told]
    return Step(CREATE if found is None else CHANGE, what, details, do)


def _config(settings: IdentitySettings) -> dict[str, str]:
    return {
        **VENDORS[settings.ldap_vendor],
        "enabled": "true",
        "connectionUrl": settings.ldap_url,
        "usersDn": settings.ldap_users_dn,
        "bindDn": settings.ldap_bind_dn,
        "authType": "simple" if settings.ldap_bind_dn else "none",
        "editMode": "UNSYNCED",
        "searchScope": "2",
        "importEnabled": "true",
        "syncRegistrations": "false",
        "pagination": "true",
        "batchSizeForSync": "1000",
        "fullSyncPeriod": str(DAY_S),
        "changedSyncPeriod": str(QUARTER_S),
        "connectionTimeout": str(directory.CONNECT_MS),
        "readTimeout": str(directory.READ_MS),
        "useTruststoreSpi": directory.TRUSTSTORE,
    }


def _attributes(settings: IdentitySettings) -> dict[str, str]:
    """Keycloak's mapper → attribute of the directory, where its own choice is wrong for us: it
    takes the whole name (cn) for the first name."""
    return {"first name": "givenName", "email": EMAIL[settings.ldap_vendor]}


def _mapped(parts: Object, settings: IdentitySettings) -> list[str]:
    """What differs of the mappers, one sentence each."""
    config = {one["name"]: one["config"] for one in parts.get(MAPPER, ())}
    return [
        f"mapper {name}: {text}"
        for name, attribute in _attributes(settings).items()
        for text in differences({"ldap.attribute": [attribute]}, config.get(name, {}))
    ]


def _map(admin: KeycloakAdmin, provider: str, settings: IdentitySettings) -> None:
    """Set the mappers, which Keycloak makes with the provider."""
    wanted = _attributes(settings)
    for mapper in admin.get_components({"parent": provider, "type": MAPPER}):
        attribute = wanted.get(mapper["name"])
        if attribute is not None and mapper["config"].get("ldap.attribute") != [attribute]:
            mapper["config"]["ldap.attribute"] = [attribute]
            admin.update_component(mapper["id"], mapper)
