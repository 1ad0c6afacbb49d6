"""What the realm should be: the template of `templates/identity`, filled from the settings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from schoolops.core.errors import Unusable
from schoolops.core.permissions import ROLES
from schoolops.core.resources import folder
from schoolops.identity import oidc

if TYPE_CHECKING:
    from schoolops.core.settings import Settings

Object = dict[str, Any]
TEMPLATE = "realm.json.j2"


def realm(settings: Settings) -> Object:
    """The template's sections, such as `realm`, `clients`, `flow`. Raises `Unusable`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

    # JSON, whose every value goes through the filter tojson: nothing here is HTML.
    books = Environment(
        loader=FileSystemLoader(folder("templates/identity")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
    )
    identity = settings.identity
    try:
        text = books.get_template(TEMPLATE).render(
            city=settings.city,
            public_url=public_url(settings),
            callback_path=oidc.CALLBACK_PATH,
            backchannel_path=oidc.BACKCHANNEL_LOGOUT_PATH,
            signed_out_path=oidc.SIGNED_OUT_PATH,
            audience=identity.audience,
            cli_client=identity.cli_client,
            web_client=identity.web_client,
            admin_client=identity.admin_client,
            session_s=int(identity.session_hours * 3600),
            session_idle_s=int(identity.session_idle_minutes * 60),
        )
        found: Object = json.loads(text)
    except (TemplateError, ValueError) as error:
        raise Unusable(
            f"templates/identity/{TEMPLATE} is no valid template: {error}", code="setup.identity"
        ) from None
    return found


def public_url(settings: Settings) -> str:
    """Where browsers reach the web pages. Raises `Unusable` when nobody said."""
    if not settings.server.public_url:
        raise Unusable(
            "server.public_url is not set; the realm must know where the web pages are: write "
            "https://schoolops.example into schoolops.toml",
            code="setup.identity",
        )
    return settings.server.public_url.rstrip("/")


def passkey_roles() -> list[str]:
    """Roles that count after a sign-in by passkey alone."""
    return [name for name, role in ROLES.items() if role.strong]


def group_paths(schools: Iterable[tuple[str, str]]) -> list[str]:
    """Every group, parents first, for (school number, authority or '') of each school."""
    known = list(schools)
    city = [name for name, role in ROLES.items() if role.level == "city"]
    school = [name for name, role in ROLES.items() if role.level != "city" and name != "agent"]
    paths = ["/city", *(f"/city/{role}" for role in city)]
    for top, names, roles in (
        ("/authorities", {authority for _, authority in known}, city),
        ("/schools", {number for number, _ in known}, school),
    ):
        paths.append(top)
        # A slash would make a level of its own.
        for name in sorted(name for name in names if name and "/" not in name):
            paths.append(f"{top}/{name}")
            paths += [f"{top}/{name}/{role}" for role in roles]
    return paths
