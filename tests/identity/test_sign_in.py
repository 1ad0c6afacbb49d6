"""People sign in at a real Keycloak, in a real browser."""

from __future__ import annotations

import pytest

from schoolops.core.errors import Unauthenticated
from schoolops.identity.oidc import CALLBACK_PATH, Provider
from tests.identity.conftest import PORTAL, City
from tests.identity.signing import CodeFlow, portal

pytestmark = pytest.mark.timeout(300)


def test_code_and_pkce_give_a_token_that_says_who_it_is(
    city: City, provider: Provider, chromium: object
) -> None:
    flow = CodeFlow(provider)
    with portal(chromium) as browser:
        browser.page.goto(flow.url)
        assert browser.page.get_attribute("html", "lang") == "de"
        browser.fill("mia")
        answer = browser.answer()
    tokens = flow.finish(answer)
    claims = provider.verify(tokens.access)
    assert (claims.username, claims.name) == ("mia", "Mia Beispiel")
    assert claims.groups == ("/schools/164800/teacher",)
    assert claims.classes == ("164800/5a",)
    assert not claims.strong
    assert claims.session
    with pytest.raises(Unauthenticated):
        flow.finish(answer)  # a code is good once


def test_a_code_without_its_verifier_is_worth_nothing(
    city: City, provider: Provider, chromium: object
) -> None:
    flow = CodeFlow(provider)
    with portal(chromium) as browser:
        browser.page.goto(flow.url)
        browser.fill("mia")
        answer = browser.answer()
    with pytest.raises(Unauthenticated) as refused:
        provider.exchange_code(
            answer["code"], CodeFlow(provider).verifier, PORTAL + CALLBACK_PATH, flow.nonce
        )
    assert refused.value.code == "auth.code_refused"


def test_a_foreign_address_gets_no_code(city: City, provider: Provider, chromium: object) -> None:
    flow = CodeFlow(provider)
    with portal(chromium) as browser:
        for foreign in (
            "https://evil.example/",
            PORTAL + "/elsewhere",
            PORTAL + CALLBACK_PATH + "/x",
        ):
            answer = browser.page.goto(flow.url.replace(
                "https%3A%2F%2Fschoolops.example%2Fsign-in%2Fcallback", foreign.replace(":", "%3A").replace("/", "%2F")))  # fmt: skip
            assert answer is not None
            assert answer.status == 400
        assert browser.came == []


def test_an_administrator_registers_a_passkey_and_signs_in_with_it(
    city: City, provider: Provider, chromium: object
) -> None:
    with portal(chromium) as browser:
        cdp, authenticator = browser.with_authenticator()
        first = CodeFlow(provider)
        browser.page.goto(first.url)
        browser.fill("ada")
        browser.page.wait_for_selector("#registerWebAuthn")
        browser.page.click("#registerWebAuthn")
        # the label of the new key is asked in a dialog
        claims = provider.verify(first.finish(browser.answer()).access)
        assert "/city/administrator" in claims.groups
        assert len(cdp.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]) == 1  # fmt: skip

        browser.context.clear_cookies()
        again = CodeFlow(provider)
        browser.page.goto(again.url)
        browser.page.click("#authenticateWebAuthnButton")
        claims = provider.verify(again.finish(browser.answer()).access)
        assert claims.username == "ada"
        assert claims.strong
