"""What a person does in Keycloak's pages, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
        self.came: list[str] = []

        def take(route: Any) -> None:
            self.came.append(route.request.url)
            route.fulfill(status=200, content_type="text/html", body="<h1>portal</h1>")

        self.context.route(f"{PORTAL}/**", take)

    def with_authenticator(self) -> Any:
        """A passkey holder that answers by itself (CDP's virtual authenticator)."""
        cdp = self.context.new_cdp_session(self.page)
        cdp.send("WebAuthn.enable")
        made = cdp.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                    "hasUserVerification": True, "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )  # fmt: skip
        return cdp, made["authenticatorId"]

    def fill(self, username: str, password: str = SECRET) -> None:
        self.page.fill("#username", username)
        self.page.fill("#password", password)
        self.page.click("#kc-login")

    def answer(self) -> dict[str, str]:
        """The parameters with which Keycloak sent the browser back."""
        self.page.wait_for_url(f"{PORTAL}/**")
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

    def __init__(self, provider: Provider, *, strong: bool = False) -> None:
        self.provider = provider
        self.verifier, self.state, self.nonce = new_verifier(), new_verifier(), new_verifier()
        self.url = provider.authorization_url(
            state=self.state, nonce=self.nonce, challenge=challenge_of(self.verifier),
            redirect_uri=PORTAL + CALLBACK_PATH, locale="de", strong=strong,
        )  # fmt: skip

    def finish(self, answer: dict[str, str]) -> Tokens:
        assert answer["state"] == self.state
        return self.provider.exchange_code(
            answer["code"], self.verifier, PORTAL + CALLBACK_PATH, self.nonce
        )
