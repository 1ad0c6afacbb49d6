"""publiccode.yml says what the standard (0.4) requires, and agrees with the project."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from schoolops import __version__

ROOT = Path(__file__).resolve().parents[2]
yaml = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
    return loaded


def test_what_the_standard_requires_is_there(data: dict[str, Any]) -> None:
    required = {
        "publiccodeYmlVersion",
        "name",
        "url",
        "platforms",
        "categories",
        "developmentStatus",
        "softwareType",
        "description",
        "legal",
        "maintenance",
        "localisation",
    }
    assert required <= set(data)
    assert data["publiccodeYmlVersion"] == "0.4"
    assert data["developmentStatus"] in {"concept", "development", "beta", "stable", "obsolete"}
    assert data["maintenance"]["contacts"]
    assert set(data["localisation"]) >= {"localisationReady", "availableLanguages"}


def test_descriptions_have_the_lengths_of_the_standard(data: dict[str, Any]) -> None:
    assert set(data["description"]) == set(data["localisation"]["availableLanguages"])
    for text in data["description"].values():
        assert len(text["shortDescription"]) <= 150
        assert 150 <= len(text["longDescription"]) <= 10_000
        assert len(text["genericName"]) <= 35
        assert all(len(feature) <= 100 for feature in text["features"])


def test_version_and_licence_are_the_projects(data: dict[str, Any]) -> None:
    assert data["softwareVersion"] == __version__
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'license = "{data["legal"]["license"]}"' in project
    assert re.search(r"EUROPEAN UNION PUBLIC LICENCE v\. 1\.2", (ROOT / "LICENSE").read_text())


def test_the_agent_has_the_version_of_the_whole() -> None:
    from agents import __version__ as version_of_the_agent

    assert version_of_the_agent == __version__
