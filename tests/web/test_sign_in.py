"""Code and PKCE against a real Keycloak, in Chromium without JavaScript of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select, update

from schoolops.web.models import web_session
from schoolops.web.pages import cookie_name
from tests.peers.keycloak import own_keycloak
from tests.web.browser import Window, window
from tests.web.conftest import SECRET, SignedCity, signed_city


def sign_in(seen: Window, city: SignedCity, name: str, password: str = SECRET) -> None:
    """From the start page through Keycloak's form."""
    seen.allowed.add(city.keycloak.url.removeprefix("http://"))
    seen.open("/")
    seen.page.get_by_role("link", name="Anmelden").click()
    seen.page.fill("#username", name)
    seen.page.fill("#password", password)
    seen.page.press("#password", "Enter")


def cookies(seen: Window) -> dict[str, Any]:
    return {cookie["name"]: cookie for cookie in seen.context.cookies([seen.served.url])}


def test_a_teacher_signs_in_sees_the_school_and_signs_out_everywhere(
    chromium: Any, signed: SignedCity
) -> None:
    with window(chromium, signed.served) as seen:
        seen.open("/privacy")
        assert cookies(seen) == {}, "no cookie before the sign-in"
        sign_in(seen, signed, "l.lehmann")
        assert seen.page.url == f"{signed.served.url}/my-school"
        assert "Gymnasium am Strom" in seen.text()
        assert "Lena Lehmann" in seen.text()
        (cookie,) = [c for name, c in cookies(seen).items() if name.startswith("schoolops")]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert cookie["expires"] == -1, "it ends with the browser"
        seen.page.get_by_role("button", name="Abmelden").click()
        assert seen.page.url.startswith(signed.served.url)
        assert "schoolops" not in cookies(seen)
        sign_in_again = seen.open("/")
        sign_in_again.get_by_role("link", name="Anmelden").click()
        assert seen.page.locator("#password").count() == 1, "Keycloak asks again"


def test_the_wanted_page_is_opened_after_sign_in_in_the_chosen_language(
    chromium: Any, signed: SignedCity
) -> None:
    with window(chromium, signed.served) as seen:
        seen.allowed.add(signed.keycloak.url.removeprefix("http://"))
        seen.open("/classes?lang=en")
        seen.page.get_by_role("link", name="Sign in").click()
        seen.page.fill("#username", "l.lehmann")
        seen.page.fill("#password", SECRET)
        seen.page.press("#password", "Enter")
        assert seen.page.url == f"{signed.served.url}/classes?lang=en"
        seen.open("/my-school")
        assert "The internet line works." in seen.text(), "the session remembers the language"


def test_an_answer_that_belongs_to_no_sign_in_of_this_browser_is_refused(
    chromium: Any, signed: SignedCity
) -> None:
    with window(chromium, signed.served) as seen:
        seen.open("/sign-in/callback?code=x&state=y", 403)
        assert "in diesem Browser begonnen" in seen.text()
        seen.allowed.add(signed.keycloak.url.removeprefix("http://"))
        seen.open("/sign-in")
        seen.open("/sign-in/callback?code=x&state=forged", 403)
        assert cookies(seen) == {}


def test_a_cancelled_sign_in_says_so(chromium: Any, signed: SignedCity) -> None:
    with window(chromium, signed.served) as seen:
        seen.allowed.add(signed.keycloak.url.removeprefix("http://"))
        with seen.page.expect_request("**/auth?*") as asked:
            seen.open("/sign-in")
        state = httpx.URL(asked.value.url).params["state"]
        seen.open(f"/sign-in/callback?error=access_denied&state={state}", 403)
        assert "abgebrochen" in seen.text()


def test_a_code_works_once_and_only_with_its_verifier(signed: SignedCity) -> None:
    with httpx.Client(trust_env=False) as client:
        start = client.get(f"{signed.served.url}/sign-in")
        assert start.status_code == 303
        query = httpx.URL(start.headers["location"]).params
        assert query["code_challenge_method"] == "S256"
        assert query["redirect_uri"] == f"{signed.served.url}/sign-in/callback"
        back = client.get(
            f"{signed.served.url}/sign-in/callback",
            params={"code": "stolen", "state": query["state"]},
            headers={"accept": "text/html", "accept-language": "en"},
        )
        assert back.status_code == 403
        assert "did not succeed" in back.text


def test_a_sign_out_elsewhere_ends_the_session_here(chromium: Any, signed: SignedCity) -> None:
    with window(chromium, signed.served) as seen:
        sign_in(seen, signed, "s.admin")
        assert "Sami" in seen.text()
        with signed.admin() as admin:
            admin.user_logout(signed.ids["s.admin"])
        seen.open("/my-school")
        assert "Willkommen" in seen.text()


def test_a_forged_logout_ends_nothing(signed: SignedCity) -> None:
    answer = httpx.post(
        f"{signed.served.url}/sign-out/backchannel",
        data={"logout_token": "eyJhbGciOiJub25lIn0.e30."},
        trust_env=False,
    )
    assert answer.status_code == 400


def _expire_tokens(city: SignedCity, ago_s: int = 1) -> None:
    with city.served.store.write() as unit:
        unit.connection.execute(
            update(web_session).values(
                access_expires_at=unit.now - ago_s * 1_000_000, refresh_after=0
            )
        )


def test_the_access_token_is_renewed_while_somebody_works(
    chromium: Any, signed: SignedCity
) -> None:
    with window(chromium, signed.served) as seen:
        sign_in(seen, signed, "l.lehmann")
        _expire_tokens(signed)
        seen.open("/my-school")
        assert "Lena Lehmann" in seen.text()
        with signed.served.store.read() as connection:
            row = connection.execute(
                select(web_session)
                .where(web_session.c.ended_at.is_(None), web_session.c.name == "Lena Lehmann")
                .order_by(web_session.c.id.desc())
                .limit(1)
            ).one()
        assert row.access_expires_at > signed.served.store.clock.now()


def test_an_administrator_registers_a_passkey_and_gets_in_with_it(
    chromium: Any, signed: SignedCity
) -> None:
    with window(chromium, signed.served, javascript=True) as seen:
        cdp = seen.context.new_cdp_session(seen.page)
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
        seen.page.on("dialog", lambda dialog: dialog.accept("Schlüssel"))
        sign_in(seen, signed, "ada")
        _press(seen, "#registerWebAuthn")
        seen.page.wait_for_url(f"{signed.served.url}/**")
        assert "Passkey" in seen.text(), "registered with a password alone, it does not count yet"
        assert "schoolops" not in cookies(seen)
        seen.page.get_by_role("link", name="Mit Passkey anmelden").click()
        _press(seen, "#authenticateWebAuthnButton")
        seen.page.wait_for_url(f"{signed.served.url}/my-school")
        assert "Ada Admin" in seen.text()
        seen.open("/preview")
        seen.complaints.clear()  # Keycloak's pages


def test_who_becomes_an_administrator_meanwhile_is_led_to_the_passkey(signed: SignedCity) -> None:
    groups = ["/schools/164800/teacher", "/schools/164800/head"]
    cookie = {cookie_name(tls=False): signed.served.session("Nia", groups=groups)}
    headers = {"accept": "text/html", "accept-language": "en"}
    with httpx.Client(
        base_url=signed.served.url, trust_env=False, cookies=cookie, headers=headers
    ) as client:
        refused = client.get("/my-school")
        assert refused.status_code == 403
        assert "Sign in with a passkey" in refused.text
        onward = client.get("/sign-in?strong=1")
        assert onward.status_code == 303
        assert "passkey" in httpx.URL(onward.headers["location"]).params["claims"]


def _press(seen: Window, selector: str) -> None:
    """Press a button that a script of Keycloak's page answers."""
    seen.page.locator(selector).wait_for()
    seen.page.wait_for_load_state("networkidle")
    seen.page.click(selector)


def test_keycloak_down_sessions_live_on_then_a_clear_page_then_it_goes_on(
    chromium: Any, migrated_sqlite: Path, tmp_path: Path
) -> None:
    with (
        own_keycloak() as keycloak,
        signed_city(keycloak, migrated_sqlite, tmp_path / "city") as city,
        window(chromium, city.served) as seen,
    ):
        sign_in(seen, city, "l.lehmann")
        keycloak.stop()
        _expire_tokens(city)
        seen.open("/my-school")
        assert "Lena Lehmann" in seen.text(), "it lives on"
        _expire_tokens(city, ago_s=3601)
        seen.open("/my-school", 503)
        assert "Die Anmeldung antwortet nicht" in seen.text()
        assert "Es geht nichts verloren" in seen.text()
        with window(chromium, city.served) as stranger:
            stranger.open("/privacy")
            stranger.open("/sign-in", 503)
        keycloak.start()
        _expire_tokens(city)
        seen.open("/my-school")
        assert "Lena Lehmann" in seen.text()
