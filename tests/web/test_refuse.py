"""What pages refuse: forms from elsewhere, foreign addresses, guesses, too large bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from inventory.kinds import KINDS
from schoolops.core.clock import FixedClock
from schoolops.core.permissions import SYSTEM, Actor
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.estate.service import Inventory
from schoolops.server.app import Door, make_app
from schoolops.server.web.listed import PAGES
from schoolops.web.limits import KEYS, Guesses, Rate, address_of, network
from schoolops.web.security import csrf_token, safe_next

HOST = "http://127.0.0.1"
HTML = {"accept": "text/html"}


@pytest.fixture
def application(store: Store) -> Any:
    return make_app(store, background=False)


@pytest.fixture
def browser(application: Any) -> Iterator[TestClient]:
    """Somebody on the network with a browser."""
    with TestClient(
        Door(application, local=False),
        base_url=HOST,
        headers=HTML,
        follow_redirects=False,
        client=("203.0.113.7", 1234),
        raise_server_exceptions=False,
    ) as client:
        yield client


@pytest.fixture
def signed_in(browser: TestClient, application: Any) -> str:
    """An administrator; the secret of the cookie that the browser has."""
    code = application.state.portal.sessions.make_link(Actor.of("alex", "authority-admin"))
    answer = browser.post(f"/open/{code}")
    assert answer.status_code == 303, answer.text
    return str(browser.cookies["schoolops"])


# -- cookies and headers ---------------------------------------------------------------------


def test_no_page_sets_a_cookie_before_sign_in(browser: TestClient) -> None:
    for page in PAGES:
        if page.get and not page.redirects:
            answer = browser.get((page.examples or (page.path,))[0])
            if "/sign-in" not in page.path:
                assert "set-cookie" not in answer.headers, page.path


def test_every_answer_of_a_page_carries_the_headers(browser: TestClient) -> None:
    for path in ("/", "/my-school", "/no-such-page", "/open/x", "/privacy"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers, "there is no TLS here"


def test_behind_a_trusted_proxy_with_tls_the_cookie_is_bound_to_it(
    store: Store, application: Any
) -> None:
    store.settings.server.trusted_proxies = ["203.0.113.7"]
    proxied = {"x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.9"}
    client = TestClient(
        Door(application, local=False), base_url=HOST, client=("203.0.113.7", 1), headers=proxied
    )
    code = application.state.portal.sessions.make_link(Actor.of("alex", "authority-admin"))
    answer = client.post(f"/open/{code}", follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-schoolops=")
    for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_nobody_else_claims_to_be_a_proxy(browser: TestClient) -> None:
    answer = browser.get("/", headers={"x-forwarded-proto": "https"})
    assert "strict-transport-security" not in answer.headers


# -- forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": HOST, "sec-fetch-site": "cross-site"},
    ],
)
def test_a_form_from_another_page_is_refused(
    browser: TestClient, signed_in: str, headers: dict[str, str]
) -> None:
    answer = browser.post("/sign-out", data={"csrf": csrf_token(signed_in)}, headers=headers)
    assert answer.status_code == 403
    assert browser.get("/my-school").status_code == 200, "and nothing happened"


@pytest.mark.parametrize("token", ["", "x", csrf_token("another")])
def test_a_form_without_the_sessions_token_is_refused(
    browser: TestClient, signed_in: str, token: str
) -> None:
    answer = browser.post("/sign-out", data={"csrf": token}, headers={"origin": HOST})
    assert answer.status_code == 403
    assert browser.get("/my-school").status_code == 200
    right = {"csrf": csrf_token(signed_in)}
    assert browser.post("/sign-out", data=right, headers={"origin": HOST}).status_code == 303
    assert browser.get("/my-school").status_code == 303


def test_a_large_form_is_refused_and_a_file_only_from_somebody_known(
    browser: TestClient, signed_in: str
) -> None:
    token = {"csrf": csrf_token(signed_in)}
    answer = browser.post("/sign-out", data={**token, "x": "y" * 200_000})
    assert answer.status_code == 413
    browser.cookies.clear()
    answer = browser.post("/upload", files={"file": ("a.csv", b"x" * 9_000_000)}, data=token)
    assert answer.status_code == 401


def test_a_form_that_is_none_is_refused_plainly(browser: TestClient, signed_in: str) -> None:
    answer = browser.post(
        "/upload", content=b"nonsense", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code in (403, 422)
    assert "<h1>" in answer.text


def test_very_many_forms_of_one_person_are_slowed_down(browser: TestClient, signed_in: str) -> None:
    data = {"csrf": csrf_token(signed_in)}
    codes = [browser.post("/upload", data=data).status_code for _ in range(125)]
    assert codes[0] == 422
    assert codes[-1] == 429


# -- addresses ---------------------------------------------------------------------------------

FOREIGN = [
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example",
    "/%09/evil.example\t", "/a\r\nSet-Cookie: x=y", "javascript:alert(1)", "/\x00", "evil.example",
    "///evil.example", "http:evil.example", "/" + "a" * 600, "", "/ space",
]  # fmt: skip


@pytest.mark.parametrize("target", FOREIGN)
def test_nobody_is_led_to_a_foreign_host(target: str) -> None:
    assert safe_next(target, "/my-school") == "/my-school"


@pytest.mark.parametrize("target", ["/my-school?school=1&x=a%20b", "/", "/classes/1/5a/passwords"])
def test_own_addresses_are_gone_on_to(target: str) -> None:
    assert safe_next(target, "/other") == target


@pytest.mark.parametrize("target", FOREIGN)
def test_links_and_redirects_stay_here(browser: TestClient, signed_in: str, target: str) -> None:
    for path, query in (
        ("/", {"next": target}),
        ("/language", {"set": "en", "next": target}),
        ("/sign-in", {"next": target}),
    ):
        location = browser.get(path, params=query).headers["location"]
        assert location.startswith("/"), location
        assert location[1:2] not in ("/", "\\")
        assert "evil" not in location
        assert "\n" not in location


def test_what_an_address_says_is_never_markup(browser: TestClient, signed_in: str) -> None:
    word = '"><script>alert(1)</script>'
    for path in ("/my-school", "/privacy", "/language"):
        text = browser.get(path, params={"q": word, "next": word, "lang": word}).text
        assert "<script" not in text
    assert "<script" not in browser.get(f"/preview/{word}").text


def test_a_host_that_is_not_ours_does_not_sign_in(browser: TestClient, store: Store) -> None:
    """The address that Keycloak returns to comes from the settings, never from a header."""
    store.settings.identity.issuer = "http://localhost:9/realms/x"
    application = browser.app.app  # type: ignore[attr-defined]
    application.state.provider = object()
    answer = browser.get("/sign-in", headers={"host": "evil.example"})
    assert answer.status_code == 500
    assert "https" in answer.text


def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(
    browser: TestClient,
) -> None:
    assert "<h1>" in browser.get("/no-such-page").text
    told = browser.get("/no-such-page", headers={"accept": "*/*"}).json()
    assert told["code"] == "request.no_such_address"
    assert browser.get("/v1/../etc", headers=HTML).status_code == 404
    assert browser.get("/static/../app.py").status_code == 404


# -- guesses -----------------------------------------------------------------------------------


def test_two_thousand_guesses_are_refused_counted_and_booked_as_one_sum(
    browser: TestClient, application: Any, store: Store
) -> None:
    codes: dict[int, int] = {}
    for number in range(2_000):
        if number % 3 == 0:
            answer = browser.get("/v1/me", headers={"authorization": f"Bearer sot_{number}"})
        else:
            # Not through the client's jar: thousands of cookies are slow to merge.
            answer = browser.get("/my-school", headers={"cookie": f"schoolops=sow_{number}"})
        codes[answer.status_code] = codes.get(answer.status_code, 0) + 1
    assert codes[429] > 1_500
    application.state.guesses.book(store)
    with store.read() as connection:
        rows = connection.execute(
            select(audit_event.c.detail).where(audit_event.c.action == "sign-in refused")
        ).all()
    (row,) = rows
    detail = json.loads(row.detail)
    assert sum(detail["refused"].values()) == 2_000
    assert detail["most_from"] == {"203.0.113.0/24": 2_000}
    assert detail["addresses"] == 1


def test_who_is_signed_in_goes_on_while_a_neighbour_guesses(
    browser: TestClient, signed_in: str
) -> None:
    """A school is behind one address."""
    assert browser.get("/my-school").status_code == 200
    kept = {"cookie": f"schoolops={signed_in}"}
    browser.cookies.clear()
    codes = {
        browser.get("/my-school", headers={"cookie": f"schoolops=x{n}"}).status_code
        for n in range(100)
    }
    assert codes == {303, 429}
    assert browser.get("/my-school", headers=kept).status_code == 200
    assert browser.get("/privacy").status_code == 429, "who proved nothing waits"


def test_a_public_page_proves_nothing(browser: TestClient) -> None:
    """A guess that is shown to a page for everybody is counted as one."""
    for number in range(100):
        answer = browser.get("/privacy", headers={"cookie": f"schoolops=x{number}"})
    assert answer.status_code == 429


def test_tries_come_back_with_time_and_memory_stays_small() -> None:
    now = 0.0
    rate = Rate(2, 60, now=lambda: now)
    assert [rate.take("a") for _ in range(3)] == [True, True, False]
    assert rate.wait_s("a") == 1
    now = 1.0
    assert rate.take("a")
    for number in range(KEYS + 50):
        rate.take(str(number))
    assert len(rate._left) == KEYS


def test_sums_are_told_once_and_nothing_without_refusals() -> None:
    guesses = Guesses()
    assert guesses.take_sums() is None
    for number in range(70):
        guesses.note(f"10.0.0.{number}", b"", False)
    sums = guesses.take_sums()
    assert sums == {
        "refused": {"not known": 70}, "addresses": 70, "most_from": {"10.0.0.0/24": 70},
    }  # fmt: skip
    assert guesses.take_sums() is None


def test_an_ipv6_network_counts_as_one_and_a_header_of_a_stranger_as_none() -> None:
    scope = {"client": ("2001:db8:1:2:3::4", 1), "headers": [(b"x-forwarded-for", b"10.1.1.1")]}
    assert address_of(scope, []) == "2001:db8:1:2::"
    assert address_of({**scope, "client": ("10.0.0.1", 1)}, ["10.0.0.1"]) == "10.1.1.1"
    forged = [(b"x-forwarded-for", b"6.6.6.6, 10.1.1.1")]
    assert address_of({"client": ("10.0.0.1", 1), "headers": forged}, ["10.0.0.1"]) == "10.1.1.1"
    assert network("2001:db8:1:2::") == "2001:db8:1::/48"


def test_the_clock_of_the_store_is_the_one_that_ends_links(
    browser: TestClient, application: Any, clock: FixedClock
) -> None:
    code = application.state.portal.sessions.make_link(Actor.of("alex", "authority-admin"))
    clock.advance(121)
    assert browser.post(f"/open/{code}").status_code == 404


def test_what_only_the_operator_can_mend_is_a_number_on_the_page_and_told_in_the_log(
    browser: TestClient, signed_in: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with store.write(SYSTEM) as unit:
        Inventory(unit).create(KINDS["school"], {"number": "164800", "name": "Am Strom"})
    # The secret of the service account is not there.
    store.settings.identity.issuer = "http://localhost:9/realms/x"
    answer = browser.get("/classes/164800/5a/passwords", headers={"accept-language": "en"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    number = re.search("the number ([0-9a-f]{8})", answer.text)
    assert number is not None
    assert number[1] in caplog.text
    assert "schoolops identity bootstrap" in caplog.text
    assert "5a" not in caplog.text
