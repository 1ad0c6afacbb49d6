"""People sign in at a real Keycloak, in a real browser."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

import pytest
from jwcrypto.common import base64url_decode

from schoolops.core.errors import Forbidden, Unauthenticated
from schoolops.identity.keycloak.admin import as_administrator, as_service
from schoolops.identity.oidc import BACKCHANNEL_LOGOUT_PATH, CALLBACK_PATH, Provider
from tests.identity.conftest import PORTAL, SECRET, City, person
from tests.identity.signing import CodeFlow, portal, signed_in
from tests.peers.keycloak import ADMIN, PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_code_and_pkce_give_a_token_that_says_who_it_is(
    city: City, provider: Provider, chromium: Browser
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
    city: City, provider: Provider, chromium: Browser
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


def test_a_foreign_address_gets_no_code(city: City, provider: Provider, chromium: Browser) -> None:
    ours = quote(PORTAL + CALLBACK_PATH, safe="")
    flow = CodeFlow(provider)
    assert ours in flow.url
    with portal(chromium) as browser:
        for foreign in (
            "https://evil.example/",
            PORTAL + "/elsewhere",
            PORTAL + CALLBACK_PATH + "/x",
        ):
            answer = browser.page.goto(flow.url.replace(ours, quote(foreign, safe="")))
            assert answer is not None
            assert answer.status == 400
        assert browser.came == []


def test_an_administrator_must_register_a_key_and_use_it(
    city: City, provider: Provider, chromium: Browser
) -> None:
    with portal(chromium) as browser:
        browser.with_authenticator()
        first = CodeFlow(provider)
        browser.page.goto(first.url)
        browser.fill("ada")
        browser.press("#registerWebAuthn")
        claims = provider.verify(first.finish(browser.answer()).access)
        assert claims.groups == ("/city/authority-admin",)

        browser.forget()
        again = CodeFlow(provider)
        browser.page.goto(again.url)
        browser.fill("ada")
        browser.page.wait_for_selector("#authenticateWebAuthnButton")
        assert browser.came == [], "a password alone is not enough"
        browser.press("#authenticateWebAuthnButton")
        claims = provider.verify(again.finish(browser.answer()).access)
        assert claims.strong
    with portal(chromium) as thief:  # knows the password, has no key
        flow = CodeFlow(provider)
        thief.page.goto(flow.url)
        thief.fill("ada")
        thief.page.wait_for_selector("#authenticateWebAuthnButton")
        assert thief.came == []


def test_a_teacher_adds_a_passkey_and_needs_no_password_any_more(
    city: City, provider: Provider, chromium: Browser
) -> None:
    with portal(chromium) as browser:
        browser.with_authenticator()
        adding = CodeFlow(provider, add_passkey=True)
        browser.page.goto(adding.url)
        browser.fill("mia")
        browser.press("#registerWebAuthn")
        assert browser.answer()["kc_action_status"] == "success"

        browser.forget()
        again = CodeFlow(provider)
        browser.page.goto(again.url)
        # The form offers the passkey by itself, and the key answers without being touched.
        claims = provider.verify(again.finish(browser.answer()).access)
        assert (claims.username, claims.strong) == ("mia", True)

        browser.forget()
        insisting = CodeFlow(provider, strong=True)
        browser.page.goto(insisting.url)
        browser.press("#authenticateWebAuthnButton")
        assert provider.verify(insisting.finish(browser.answer()).access).strong


def test_a_refresh_token_used_twice_ends_the_sign_in(
    city: City, provider: Provider, chromium: Browser
) -> None:
    first = signed_in(provider, chromium)
    client = city.settings.identity.web_client
    second = provider.refresh(first.refresh, client)
    assert provider.verify(second.access).username == "kim"
    with pytest.raises(Unauthenticated) as thief:
        provider.refresh(first.refresh, client)
    assert thief.value.code == "auth.sign_in_ended"
    with pytest.raises(Unauthenticated):
        provider.refresh(second.refresh, client)  # whoever has the stolen one is out as well


def test_a_signed_out_session_is_not_renewed(
    city: City, provider: Provider, chromium: Browser
) -> None:
    tokens = signed_in(provider, chromium)
    client = city.settings.identity.web_client
    provider.end_session(tokens.refresh, client)
    provider.end_session(tokens.refresh, client)  # ended already is fine
    with pytest.raises(Unauthenticated):
        provider.refresh(tokens.refresh, client)


def test_keys_may_be_rotated_while_people_are_signed_in(
    city: City, provider: Provider, chromium: Browser
) -> None:
    client = city.settings.identity.web_client
    old = signed_in(provider, chromium)
    provider.verify(old.access)
    with as_administrator(city.settings.identity, ADMIN, PASSWORD) as admin:
        realm = admin.get_realm(city.realm)["id"]
        admin.create_component(
            {
                "name": "rotated", "providerId": "rsa-generated", "parentId": realm,
                "providerType": "org.keycloak.keys.KeyProvider",
                "config": {"priority": ["200"], "keySize": ["2048"], "algorithm": ["RS256"]},
            }
        )  # fmt: skip
    new = provider.refresh(old.refresh, client)
    kids = [
        json.loads(base64url_decode(t.partition(".")[0]))["kid"] for t in (old.access, new.access)
    ]
    assert kids[0] != kids[1]
    assert provider.verify(new.access).username == "kim"
    assert provider.verify(old.access).username == "kim"


def key_of(token: str) -> str:
    return str(json.loads(base64url_decode(token.partition(".")[0]))["kid"])


def test_keycloak_tells_the_portal_when_a_session_ends(
    city: City, provider: Provider, chromium: Browser
) -> None:
    """Signed out elsewhere, by an administrator: the logout token is Keycloak's own."""
    told: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told.append(parse_qs(body)["logout_token"][0])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with as_administrator(city.settings.identity, ADMIN, PASSWORD) as admin:
            id = str(admin.get_client_id(city.settings.identity.web_client))
            client = admin.get_client(id)
            there = client["attributes"]["backchannel.logout.url"]
            assert there == PORTAL + BACKCHANNEL_LOGOUT_PATH
            here = f"http://127.0.0.1:{server.server_port}/"
            client["attributes"]["backchannel.logout.url"] = here
            admin.update_client(id, client)
            claims = provider.verify(signed_in(provider, chromium).access)
            admin.user_logout(claims.subject)
            client["attributes"]["backchannel.logout.url"] = there
            admin.update_client(id, client)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (claims.subject, claims.session) in [provider.verify_logout_token(t) for t in told]


def test_a_pupils_password_is_reset_by_the_service_account(
    city: City, provider: Provider, chromium: Browser
) -> None:
    with as_service(city.settings.identity) as admin:
        pia = admin.create_user(person("pia", "/schools/164800/pupil", "164800/5a"))
        admin.set_user_password(pia, "neues-Wort-7xk", temporary=True)
    try:
        with portal(chromium) as browser:
            flow = CodeFlow(provider)
            browser.page.goto(flow.url)
            browser.fill("pia")
            browser.page.get_by_text("Ungültige").first.wait_for()
            browser.fill("pia", "neues-Wort-7xk")
            browser.page.fill("#password-new", SECRET + "-2")
            browser.page.fill("#password-confirm", SECRET + "-2")
            browser.page.click("[type=submit]")
            assert provider.verify(flow.finish(browser.answer()).access).username == "pia"
    finally:
        with as_service(city.settings.identity) as admin:
            admin.delete_user(pia)


def test_the_service_account_may_do_nothing_else(city: City) -> None:
    with pytest.raises(Forbidden), as_service(city.settings.identity) as admin:
        admin.update_realm(city.realm, {"bruteForceProtected": False})
    with pytest.raises(Forbidden), as_service(city.settings.identity) as admin:
        admin.get_events()
