"""Only the realm's own, current tokens that are made out to us are believed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from schoolops.core.errors import ProviderDown, Unauthenticated, Unusable
from schoolops.core.settings import IdentitySettings
from schoolops.identity.oidc import Provider
from schoolops.identity.tokens import MAX_TOKEN
from tests.identity.realm import TinyRealm, b64, new_key, tiny_realm


class Watch:
    """A clock that tests push forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture(scope="module")
def shared() -> Iterator[TinyRealm]:
    with tiny_realm() as realm:
        yield realm


@pytest.fixture
def realm(shared: TinyRealm) -> TinyRealm:
    shared.keys = shared.keys[:2]
    shared.asked, shared.down = 0, False
    return shared


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def provider(realm: TinyRealm, watch: Watch) -> Iterator[Provider]:
    made = Provider(IdentitySettings(issuer=realm.issuer), now=watch)
    yield made
    made.close()


def refused(provider: Provider, token: str, code: str = "auth.token_invalid") -> str:
    with pytest.raises(Unauthenticated) as caught:
        provider.verify(token)
    assert caught.value.code == code
    return str(caught.value)


@pytest.mark.parametrize("number", [0, 1])
def test_a_good_token_says_who_it_is(provider: Provider, realm: TinyRealm, number: int) -> None:
    claims = provider.verify(realm.sign(key=realm.keys[number]))
    assert (claims.username, claims.session, claims.strong) == ("m.weber", "s-1", False)
    assert claims.groups == ("/schools/164800/teacher",)
    assert claims.classes == ("164800/5a",)
    assert provider.verify(realm.sign(realm.claims(acr="passkey"))).strong
    assert provider.verify(realm.sign(realm.claims(amr=["passkey"]))).strong


def test_odd_claims_grant_nothing(provider: Provider, realm: TinyRealm) -> None:
    claims = provider.verify(
        realm.sign(realm.claims(groups="/city/administrator", classes=[1, None], acr=2))
    )
    assert (claims.groups, claims.classes, claims.strong) == ((), (), False)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "https://login.example/realms/other"}, "another realm"),
        ({"aud": "account"}, "somebody else"),
        ({"aud": None}, "somebody else"),
        ({"typ": "Refresh"}, "another kind"),
        ({"typ": "ID"}, "another kind"),
        ({"exp": None}, "no end"),
        ({"exp": "tomorrow"}, "exp is no time"),
        ({"exp": True}, "exp is no time"),
        ({"nbf": int(time.time()) + 3600}, "not yet valid"),
        ({"iat": int(time.time()) + 3600}, "not yet valid"),
        ({"sub": ""}, "names nobody"),
        ({"sub": 7}, "names nobody"),
    ],
)
def test_a_token_with_wrong_claims_is_refused(
    provider: Provider, realm: TinyRealm, changes: dict[str, Any], why: str
) -> None:
    assert why in refused(provider, realm.sign(realm.claims(**changes)))


def test_an_expired_token_is_told_from_a_wrong_one(provider: Provider, realm: TinyRealm) -> None:
    token = realm.sign(realm.claims(exp=int(time.time()) - 31))
    assert "run out" in refused(provider, token, "auth.token_expired")
    assert provider.verify(realm.sign(realm.claims(exp=int(time.time()) - 20))), "clocks differ"


def test_a_token_that_was_good_is_refused_once_it_has_expired(
    provider: Provider, realm: TinyRealm, watch: Watch
) -> None:
    token = realm.sign()
    provider.verify(token)
    watch.ahead = 331
    refused(provider, token, "auth.token_expired")


def test_an_unsigned_token_is_refused(provider: Provider, realm: TinyRealm) -> None:
    payload = b64(json.dumps(realm.claims()).encode())
    for algorithm in ("none", "None", "NONE", "nOnE", "", None, 0):
        head = b64(json.dumps({"alg": algorithm, "kid": "rsa"}).encode())
        refused(provider, f"{head}.{payload}.")
        refused(provider, f"{head}.{payload}.{b64(b'x' * 256)}")
    _, payload, _ = realm.sign().split(".")
    refused(provider, f"{b64(json.dumps({'alg': 'RS256', 'kid': 'rsa'}).encode())}.{payload}.")


def test_the_public_key_is_no_shared_secret(provider: Provider, realm: TinyRealm) -> None:
    public = realm.keys[0].export_to_pem()
    for secret in (public, public.strip(), realm.keys[0].export_public().encode()):
        jws = JWS(json.dumps(realm.claims()))
        jws.add_signature(
            JWK(kty="oct", k=b64(secret)), protected=json.dumps({"alg": "HS256", "kid": "rsa"})
        )
        assert "not accepted" in refused(provider, jws.serialize(compact=True))


def test_a_token_cannot_bring_its_own_key(provider: Provider, realm: TinyRealm) -> None:
    own = new_key("rsa")
    refused(provider, realm.sign(key=own))
    refused(provider, realm.sign(key=own, jwk=own.export_public(as_dict=True)))
    refused(provider, realm.sign(key=own, jku=f"{realm.issuer}/certs", kid="mine"))
    refused(provider, realm.sign(kid=None))
    refused(provider, realm.sign(kid=["rsa"]))


def test_the_algorithm_must_fit_the_key(provider: Provider, realm: TinyRealm) -> None:
    assert "not the realm's" in refused(provider, realm.sign(key=realm.keys[1], kid="rsa"))


def test_a_huge_token_is_not_even_decoded(provider: Provider, realm: TinyRealm) -> None:
    token = realm.sign(realm.claims(groups=["/schools/164800/teacher"] * 2000))
    assert len(token) > MAX_TOKEN
    began = time.process_time()
    refused(provider, token)
    refused(provider, "a" * 50_000_000)
    assert realm.asked == 0
    assert time.process_time() - began < 0.5


def test_a_deep_token_is_refused(provider: Provider, realm: TinyRealm) -> None:
    head, _, sig = realm.sign().split(".")
    refused(provider, f"{b64(b'[' * 6000)}.{head}.{sig}")
    deep = b64(b'{"a":' * 2000)
    refused(provider, f"{deep}.{head}.{sig}")


def test_a_new_key_is_read_once_and_strangers_cannot_make_us_ask_for_ever(
    provider: Provider, realm: TinyRealm, watch: Watch
) -> None:
    provider.verify(realm.sign())
    assert realm.asked == 1
    realm.keys.append(new_key("rotated"))
    provider.verify(realm.sign(key=realm.keys[2]))
    assert realm.asked == 2
    for number in range(50):
        refused(provider, realm.sign(kid=f"unknown-{number}"))
    assert realm.asked == 2
    watch.ahead = 11
    refused(provider, realm.sign(kid="unknown"))
    assert realm.asked == 3


def test_a_withdrawn_key_is_forgotten(provider: Provider, realm: TinyRealm, watch: Watch) -> None:
    late = int(time.time()) + 9000
    token = realm.sign(realm.claims(exp=late), key=realm.keys[1])
    provider.verify(token)
    keys, realm.keys = realm.keys, realm.keys[:1]
    watch.ahead = 3601
    provider.verify(realm.sign(realm.claims(exp=late)))
    try:
        refused(provider, token)
    finally:
        realm.keys = keys


def test_an_outage_keeps_known_keys_and_is_told_for_others(
    provider: Provider, realm: TinyRealm, watch: Watch
) -> None:
    realm.down = True
    with pytest.raises(ProviderDown, match="does not answer"):
        provider.verify(realm.sign())
    realm.down = False
    watch.ahead = 6
    provider.verify(realm.sign())
    realm.down = True
    watch.ahead = 3700
    assert provider.verify(realm.sign(realm.claims(exp=int(time.time()) + 9000)))


def test_a_realm_of_another_name_is_not_taken(realm: TinyRealm) -> None:
    settings = IdentitySettings(issuer=realm.issuer.replace("127.0.0.1", "localhost"))
    provider = Provider(settings)
    with pytest.raises(Unusable, match="calls itself"):
        provider.verify(realm.sign())
    provider.close()


def test_a_logout_token_is_no_access_token_and_the_other_way_round(
    provider: Provider, realm: TinyRealm
) -> None:
    events = {"http://schemas.openid.net/event/backchannel-logout": {}}
    logout = {"typ": "Logout", "aud": "schoolops-web", "events": events}
    token = realm.sign(realm.claims(**logout))
    assert provider.verify_logout_token(token) == ("7c1f", "s-1")
    refused(provider, token)
    for wrong in ({"events": None}, {"nonce": "n"}, {"aud": "schoolops"}, {"typ": "Bearer"}):
        with pytest.raises(Unauthenticated):
            provider.verify_logout_token(realm.sign(realm.claims(**(logout | wrong))))


@given(st.data())
def test_a_token_with_anything_changed_is_refused_without_a_traceback(
    shared: TinyRealm, data: st.DataObject
) -> None:
    provider = Provider(IdentitySettings(issuer=shared.issuer))
    token = shared.sign()
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters())
    # The last letter of a part has bits that belong to no byte.
    if token[place] == letter or token[place + 1 : place + 2] in ("", "."):
        return
    with pytest.raises((Unauthenticated, ProviderDown)):
        provider.verify(token[:place] + letter + token[place + 1 :])
    provider.close()


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda b: f"{b64(b)}.{b64(b)}.{b64(b)}"))
def test_any_text_is_refused_without_a_traceback(shared: TinyRealm, text: str) -> None:
    provider = Provider(IdentitySettings(issuer=shared.issuer))
    with pytest.raises(Unauthenticated):
        provider.verify(text)
    provider.close()


@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "typ", "sub", "exp", "nbf", "iat", "groups", "sid"]),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
        | st.lists(st.text() | st.integers()) | st.dictionaries(st.text(), st.integers()),
        min_size=1,
    )
)  # fmt: skip
def test_claims_of_any_type_are_judged_without_a_traceback(
    shared: TinyRealm, changes: dict[str, Any]
) -> None:
    provider = Provider(IdentitySettings(issuer=shared.issuer))
    claims = shared.claims() | changes
    try:
        got = provider.verify(shared.sign(claims))
    except Unauthenticated:
        pass
    else:
        assert claims["iss"] == shared.issuer
        assert "schoolops" in claims["aud"]
        assert all(isinstance(group, str) for group in got.groups)
    finally:
        provider.close()
