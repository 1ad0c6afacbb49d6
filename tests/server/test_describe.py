"""The OpenAPI document: complete, the same each time, and had without a server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.kinds import KINDS
from schoolops.server.document import document
from schoolops.web.answers import operations


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_operation_says_what_it_answers(described: dict[str, Any]) -> None:
    silent = []
    for operation in operations(described):
        for status, answer in operation["responses"].items():
            contents = answer.get("content", {})
            nothing = status in ("204", "304") or "$ref" in answer
            json_ones = [one for name, one in contents.items() if name == "application/json"]
            if not nothing and (not contents or any(not one["schema"] for one in json_ones)):
                silent.append(f"{operation['operationId']} {status}")
    assert not silent, "give them a shape: **answers(schemas.…), see schoolops/web/answers.py"


def test_every_operation_says_what_it_refuses_and_who_may_call_it(
    described: dict[str, Any],
) -> None:
    for operation in operations(described):
        assert {"429", "500"} <= operation["responses"].keys()
        if "open" not in operation["x-permission"]:
            assert operation["security"] == [{"token": []}]
            assert {"401", "503"} <= operation["responses"].keys()


def test_every_reference_in_the_document_leads_somewhere(described: dict[str, Any]) -> None:
    for reference in references(described):
        found = described
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_each_kind_of_record_is_described_with_its_fields(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    for kind in KINDS.values():
        values = schemas[f"{kind.name.capitalize()}Values"]["properties"]
        assert list(values) == [field.name for field in kind.fields]


def test_serve_prints_the_document_without_a_server_or_a_home(home: Path) -> None:
    command = [sys.executable, "-m", "schoolops.cli", "serve", "--print-openapi"]
    printed = [subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2)]
    assert printed[0] == printed[1]
    assert json.loads(printed[0])["paths"]["/v1/live"]
    assert not home.exists()
