"""The start page and the choice of the language."""

from __future__ import annotations

from starlette.responses import Response

from schoolops.web.pages import Page, Visit
from schoolops.web.security import safe_next

HOME = "/my-school"


def show_start(visit: Visit) -> Response:
    """Whoever is signed in goes on; everybody else finds the sign-in."""
    target = safe_next(visit.query("next"), HOME)
    if visit.session is not None:
        return visit.go(target)
    return visit.show(
        "start.html",
        ready=bool(visit.portal.settings.identity.issuer),
        signed_out=visit.query("signed-out") == "1",
        ended=visit.query("ended") == "1",
        sign_in=visit.href("/sign-in", next=target),
    )


def choose_language(visit: Visit) -> Response:
    """Remember the language in the session, or without one in the address."""
    chosen = visit.query("set")
    target = safe_next(visit.query("next"), "/")
    if chosen not in visit.portal.languages.by_tag:
        return visit.show("language.html", next=target)
    if visit.session is not None:
        visit.portal.sessions.set_language(visit.session, chosen)
        return visit.go(without_language(target))
    target = without_language(target)
    return visit.go(f"{target}{'&' if '?' in target else '?'}lang={chosen}")


def without_language(target: str) -> str:
    """The address without an earlier choice."""
    path, _, query = target.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("lang=")]
    return f"{path}?{'&'.join(kept)}" if kept else path


PAGES = (
    Page("/", get=show_start, signed_in=False),
    Page("/language", get=choose_language, signed_in=False),
)
