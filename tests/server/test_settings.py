"""Settings and the variables of the client do not get in each other's way."""

from __future__ import annotations

import pytest

from schoolops.core.errors import Unusable
from schoolops.core.settings import load_settings


def test_the_address_of_a_server_is_no_settings_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLOPS_SERVER", "https://schoolops.example")
    monkeypatch.setenv("SCHOOLOPS_SERVER__PORT", "8123")
    assert load_settings().server.port == 8123


def test_an_issuer_that_would_carry_sign_ins_in_the_clear_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SCHOOLOPS_IDENTITY__ISSUER", "http://login.example/realms/schoolops")
    with pytest.raises(Unusable, match=r"identity\.issuer is wrong.*https://login\.example"):
        load_settings()
    monkeypatch.setenv("SCHOOLOPS_IDENTITY__ISSUER", "https://login.example/realms/schoolops/")
    assert load_settings().identity.issuer == "https://login.example/realms/schoolops"
