"""Settings and the variables of the client do not get in each other's way."""

from __future__ import annotations

import pytest

from schoolops.core.settings import load_settings


def test_the_address_of_a_server_is_no_settings_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLOPS_SERVER", "https://schoolops.example")
    monkeypatch.setenv("SCHOOLOPS_SERVER__PORT", "8123")
    assert load_settings().server.port == 8123
