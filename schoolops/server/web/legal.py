"""Accessibility, privacy, imprint: texts that a city replaces by its own (`docs/web.md`)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from schoolops.web.pages import Handler, Page, Visit

GERMAN = "de"
TITLES = {
    "accessibility": "Accessibility statement",
    "privacy": "Privacy statement",
    "imprint": "Imprint",
}


def _show(name: str) -> Handler:
    def handler(visit: Visit) -> Response:
        return visit.show("legal.html", **values(visit, name))

    return handler


def values(visit: Visit, name: str) -> dict[str, Any]:
    """What the page of a text has. Without a translation the German text stands, which binds."""
    tag = visit.language.tag
    templates = visit.portal.templates
    body = next(t for t in (tag, tag.partition("-")[0], GERMAN) if templates.exists(_file(name, t)))
    days = visit.portal.settings.mail.keep_days
    return {
        "name": name,
        "heading": visit.gettext(TITLES[name]),
        "body": _file(name, body),
        "body_language": body,
        "mail_days": f"{days:g}",
    }


def _file(name: str, tag: str) -> str:
    return f"portal/legal/{name}.{tag}.html"


PAGES = tuple(Page(f"/{name}", get=_show(name), signed_in=False) for name in TITLES)
