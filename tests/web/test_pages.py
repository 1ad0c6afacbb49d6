"""Every page, in every language, narrow and wide: axe, no foreign host, no script, no overflow."""

from __future__ import annotations

from typing import Any

import pytest

from schoolops.server.web.listed import PAGES
from schoolops.web.languages import Languages
from schoolops.web.pages import Page
from tests.web.browser import NARROW, WIDE, Served, Window, window

LANGUAGES = list(Languages().by_tag)
ADDRESSES = [
    pytest.param(page, path, id=path)
    for page in PAGES
    if page.get and not page.keycloak and not page.redirects
    for path in page.examples or (page.path,)
]
LIMIT_BYTES = 60_000


def check(seen: Window, path: str, scripts: int = 0) -> None:
    """What holds for every page. The window must have JavaScript, for axe."""
    for width, scheme in ((WIDE, "light"), (WIDE, "dark"), (NARROW, "light")):
        seen.page.set_viewport_size({"width": width, "height": 900})
        seen.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert seen.problems() == [], f"{path} at {width} px, {scheme}"
    wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= NARROW, f"{path} is {wide} px wide on a screen of {NARROW}"
    # The same from right to left: nothing is cut off there either.
    seen.page.evaluate("document.documentElement.dir = 'rtl'")
    wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= NARROW, f"{path} is {wide} px wide from right to left"
    assert seen.page.locator("script").count() == scripts
    assert seen.page.locator("h1").count() == 1
    assert seen.complaints == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("page", "path"), ADDRESSES)
def test_axe_finds_nothing_serious(
    page: Page, path: str, language: str, chromium: Any, served: Served, admin: str
) -> None:
    cookie = admin if page.signed_in else ""
    with window(chromium, served, cookie, javascript=True) as seen:
        answer = seen.page.goto(f"{served.url}{path}{'&' if '?' in path else '?'}lang={language}")
        assert answer is not None
        assert answer.status < 500, seen.text()
        assert len(answer.body()) <= LIMIT_BYTES
        assert seen.page.locator("html").get_attribute("lang") == language
        check(seen, path)
