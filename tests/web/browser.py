"""A real Chromium before a real `schoolops serve`: what a person sees, and what axe says of it.

`chromium` (one a module) gives browser contexts; `served` is a small city behind a server
process. A `Window` insists on what every page must keep: nothing from a foreign host, no message
on the console, no serious finding of axe.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import insert

from schoolops.core.ids import hash_token, new_token, uuid7
from schoolops.identity.oidc import Claims
from tests.peers import require

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from schoolops.db.engine import Store

ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDE, NARROW = 1280, 320
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # Of what it finds right nothing is wanted; to describe that takes longer than to look.
    "resultTypes": ["violations"],
}
START_LIMIT_S = 60.0


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser of this module's tests.

    Not of the whole run: while Playwright is open, asyncio has a running loop in this thread, and
    the asynchronous tests of other modules could not start theirs.
    """
    from playwright.sync_api import sync_playwright

    program = require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Served:
    """A running server: its address, and its store from the side."""

    url: str
    home: Path
    store: Store

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def session(self, name: str = "Mia Weber", *, groups: Sequence[str], **claims: Any) -> str:
        """The cookie of somebody whom Keycloak let in with these groups."""
        secret = new_token("sow")
        now = self.store.clock.now()
        hour = 3_600_000_000
        given = {
            "issuer": "", "subject": secrets.token_hex(4), "username": name.lower(), "name": name,
            "email": "", "classes": (), "session": "", "expires_at": 0, "strong": False, **claims,
        }  # fmt: skip
        with self.store.write() as unit:
            from schoolops.web.models import web_session

            unit.connection.execute(
                insert(web_session),
                {
                    "uid": uuid7(), "hash": hash_token(secret), "kind": "oidc", "name": name,
                    "claims": json.dumps(asdict(Claims(groups=tuple(groups), **given))),
                    "created_at": now, "seen_at": now, "expires_at": now + 10 * hour,
                    "access_expires_at": now + 10 * hour,
                },
            )  # fmt: skip
        return secret


@contextmanager
def serve(home: Path, **settings: str) -> Iterator[Served]:
    """Run `schoolops serve` on a free port of loopback, over the store of that home."""
    from schoolops.core.settings import load_settings
    from schoolops.db.engine import Store

    environment = {**os.environ, "SCHOOLOPS_HOME": str(home), "SCHOOLOPS_SERVER__PORT": "0"}
    environment |= settings
    with (home / "server.out").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "schoolops.cli", "serve"],
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        address = home / "server.address"
        deadline = time.monotonic() + START_LIMIT_S
        while not address.exists() or not _answers(address.read_text().strip()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((home / "server.out").read_text()[-3000:])
            time.sleep(0.05)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                if name.startswith("SCHOOLOPS_"):
                    patch.setenv(name, value)
            store = Store.open(load_settings())
        try:
            yield Served(address.read_text().strip(), home, store)
        finally:
            store.close()
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{url}/v1/live", trust_env=False, verify=False).status_code == 200
    except httpx.HTTPError:
        return False


@cache
def axe_script() -> str:
    from axe_playwright_python.base import AXE_FILE_PATH

    return AXE_FILE_PATH.read_text("utf-8")


@dataclass
class Window:
    """One browser context on the pages of one server."""

    served: Served
    context: BrowserContext
    page: Page
    foreign: list[str] = field(default_factory=list)
    allowed: set[str] = field(default_factory=set)
    """Hosts besides the server's own, such as Keycloak's."""
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str, status: int = 200) -> Page:
        answer = self.page.goto(self.served.url + path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}\n{self.page.content()[:2000]}"
        return self.page

    def text(self) -> str:
        return self.page.inner_text("body")

    def problems(self) -> list[str]:
        """What axe finds serious or critical on the page that is shown."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(axe_script())
        violations = self.page.evaluate("options => axe.run(options).then(r => r.violations)", AXE)
        return [
            f"{v['id']} ({v['impact']}): {[n['html'][:160] for n in v['nodes'][:3]]}"
            for v in violations
            if v["impact"] in ("serious", "critical")
        ]


@contextmanager
def window(
    chromium: Browser,
    served: Served,
    cookie: str = "",
    *,
    width: int = WIDE,
    javascript: bool = False,
    dark: bool = False,
    locale: str = "de-DE",
) -> Iterator[Window]:
    """A browser window; without JavaScript unless told (axe brings its own, past the policy)."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        java_script_enabled=javascript,
        color_scheme="dark" if dark else "light",
        bypass_csp=javascript,
        reduced_motion="reduce",
        locale=locale,
        ignore_https_errors=True,
    )
    if cookie:
        context.add_cookies([{"name": "schoolops", "value": cookie, "url": served.url}])
    page = context.new_page()
    made = Window(served, context, page)

    def seen(request: Any) -> None:
        host = urlsplit(request.url).netloc
        if host and host != served.host and host not in made.allowed:
            made.foreign.append(request.url)

    def heard(message: Any) -> None:
        # A refused form has an error status, which the browser notes.
        if not message.text.startswith("Failed to load resource"):
            made.complaints.append(message.text)

    context.on("request", seen)
    page.on("console", heard)
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    try:
        yield made
        assert made.foreign == [], "a page asked a foreign host"
    finally:
        context.close()


def copy_of(database: Path, home: Path) -> None:
    """Put a migrated database into a new home."""
    home.mkdir(mode=0o700, parents=True)
    shutil.copy(database, home / "schoolops.db")
