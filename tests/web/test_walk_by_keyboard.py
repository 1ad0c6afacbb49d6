"""Every page by the key Tab alone, without JavaScript: all is reached, in order, and seen."""

from __future__ import annotations

from typing import Any

import pytest

from schoolops.server.web.preview import SAMPLES
from schoolops.web.pages import Page
from tests.web.browser import NARROW, WIDE, Served, Window, window
from tests.web.test_pages import ADDRESSES

REACHABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
FOCUS = """selector => {
    const all = [...document.querySelectorAll(selector)].filter(one => one.checkVisibility());
    const now = document.activeElement, box = now.getBoundingClientRect();
    const style = getComputedStyle(now);
    return {
        index: all.indexOf(now), number: all.length,
        what: now.innerText || now.getAttribute('aria-label') || now.id || now.tagName,
        marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight
            && box.right > 0 && box.left < innerWidth,
    };
}"""


def walk(seen: Window) -> None:
    """Press Tab from the top to the end: nothing is left out, hidden or a trap."""
    expected = 0
    while True:
        seen.page.keyboard.press("Tab")
        found = seen.page.evaluate(FOCUS, REACHABLE)
        assert found["index"] == expected, f"after {expected} keys: {found}"
        assert found["marked"], f"nothing shows that {found['what']} has the focus"
        assert found["inside"], f"{found['what']} has the focus outside of the screen"
        expected += 1
        if expected == found["number"]:
            return


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize(("page", "path"), ADDRESSES)
def test_tab_reaches_all_of_a_page_in_order(
    page: Page, path: str, width: int, chromium: Any, served: Served, admin: str
) -> None:
    cookie = admin if page.signed_in else ""
    with window(chromium, served, cookie, width=width) as seen:
        seen.page.goto(f"{served.url}{path}")
        walk(seen)


@pytest.mark.parametrize("name", sorted({*SAMPLES} - {"board"}))  # which has nothing to press
def test_tab_reaches_all_of_a_page_with_something_on_it(
    name: str, chromium: Any, served: Served, admin: str
) -> None:
    with window(chromium, served, admin) as seen:
        seen.open(f"/preview/{name}")
        walk(seen)
        seen.page.keyboard.press("Shift+Tab")
        back = seen.page.evaluate(FOCUS, REACHABLE)
        assert back["index"] == back["number"] - 2, "and the way back"
