"""What a person does in Keycloak's pages, in a real Chromium."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from schoolops.identity.oidc import CALLBACK_PATH, Provider, Tokens
from schoolops.identity.pkce import challenge_of, new_verifier
from tests.identity.conftest import PORTAL, SECRET

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WAIT_MS = 30_000


class Portal:
    """A browser context, and what came back to the portal's address, which is not real."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context(locale="de-DE")
        self.context.set_default_timeout(WAIT_MS)
        self.page: Page = self.context.new_page()
        # Keycloak asks for the name of a new key in a dialog.
        self.page.on("dialog", lambda dialog: dialog.accept("Schlüssel"))
        self.came: list[str] = []

        # What follows a redirect is not always routed, but always seen.
        self.context.on("request", self._see)
        self.context.route(f"{PORTAL}/**", lambda route: route.fulfill(body="portal"))

    def _see(self, request: Any) -> None:
        if request.url.startswith(PORTAL):
            self.came.append(request.url)

    def with_authenticator(self) -> None:
        """A passkey holder that answers by itself (CDP's virtual authenticator)."""
        cdp = self.context.new_cdp_session(self.page)
        cdp.send("WebAuthn.enable")
        cdp.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                    "hasUserVerification": True, "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )  # fmt: skip

    def forget(self) -> None:
        """As if the browser were another one, with the same key."""
        from playwright.sync_api import Error

        for tries in range(10):  # the portal is nowhere: its error page may come in between
            try:
                self.page.goto("about:blank")
                break
            except Error:
                assert tries < 9
                self.page.wait_for_timeout(200)
        self.context.clear_cookies()
        self.came.clear()

    def fill(self, username: str, password: str = SECRET) -> None:
        self.page.fill("#username", username)
        self.page.fill("#password", password)
        self.page.click("#kc-login")

    def press(self, selector: str) -> None:
        """Press a button that a script of Keycloak's page answers."""
        button = self.page.locator(selector)
        button.wait_for()
        self.page.wait_for_load_state("networkidle")
        button.click()

    def answer(self) -> dict[str, str]:
        """The parameters with which Keycloak sent the browser back."""
        from playwright.sync_api import Error

        end = time.monotonic() + WAIT_MS / 1000
        while not self.came:
            assert time.monotonic() < end, self.page.inner_text("body")
            self.page.wait_for_timeout(50)
        with suppress(Error):  # the portal is nowhere: the browser may end at an error page
            self.page.wait_for_url(f"{PORTAL}/**", timeout=5000)
        query = parse_qs(urlsplit(self.came[-1]).query)
        return {name: values[0] for name, values in query.items()}


@contextmanager
def portal(browser: Browser) -> Iterator[Portal]:
    made = Portal(browser)
    try:
        yield made
    finally:
        made.context.close()


class CodeFlow:
    """A sign-in with code and PKCE, as the web pages do it."""

    def __init__(self, provider: Provider, **options: bool) -> None:
        self.provider = provider
        self.verifier, self.state, self.nonce = new_verifier(), new_verifier(), new_verifier()
        self.url = provider.authorization_url(
            state=self.state, nonce=self.nonce, challenge=challenge_of(self.verifier),
            redirect_uri=PORTAL + CALLBACK_PATH, locale="de", **options,
        )  # fmt: skip

    def finish(self, answer: dict[str, str]) -> Tokens:
        assert answer["state"] == self.state
        return self.provider.exchange_code(
            answer["code"], self.verifier, PORTAL + CALLBACK_PATH, self.nonce
        )


def signed_in(provider: Provider, browser: Browser, username: str = "kim") -> Tokens:
    """The tokens of somebody who just signed in with the password."""
    flow = CodeFlow(provider)
    with portal(browser) as window:
        window.page.goto(flow.url)
        window.fill(username)
        return flow.finish(window.answer())
