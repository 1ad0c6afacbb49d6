"""What import-linter's contracts in pyproject.toml cannot say about who imports whom."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import grimp
import pytest

PACKAGES = ("schoolops", "agents", "inventory", "playbooks", "tui", "sample_site")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All imports, also those inside functions; not those for the type checker alone."""
    return grimp.build_graph(
        *PACKAGES,
        include_external_packages=True,
        exclude_type_checking_imports=True,
        cache_dir=None,
    )


def _foreign(graph: grimp.ImportGraph, package: str) -> Iterator[tuple[str, str]]:
    """(module, package of others it imports) for all modules of ours under `package`."""
    for module in sorted(graph.find_descendants(package) | {package}):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            root = imported.partition(".")[0]
            if root not in PACKAGES and root not in sys.stdlib_module_names:
                yield module, root


def _importers(graph: grimp.ImportGraph, external: str) -> set[str]:
    if external not in graph.modules:
        return set()
    return graph.find_modules_that_directly_import(external)


def test_the_agent_needs_pysnmp_for_snmp_and_nothing_else(graph: grimp.ImportGraph) -> None:
    found = set(_foreign(graph, "agents"))
    assert {module for module, _ in found if not module.startswith("agents.snmp")} == set()
    assert {root for _, root in found} <= {"pysnmp", "gufo", "cryptography"}


def test_the_vocabulary_needs_openpyxl_for_workbooks_and_nothing_else(
    graph: grimp.ImportGraph,
) -> None:
    found = set(_foreign(graph, "inventory"))
    assert {module for module, _ in found if not module.startswith("inventory.formats")} == set()
    assert {root for _, root in found} <= {"openpyxl", "utm"}


def test_agents_inventory_and_core_import_nothing_of_ours(graph: grimp.ImportGraph) -> None:
    for floor in ("agents", "inventory", "schoolops.core"):
        for module in graph.find_descendants(floor) | {floor}:
            for imported in graph.find_modules_directly_imported_by(module):
                if imported.partition(".")[0] in PACKAGES and imported != "schoolops":
                    assert imported.startswith(floor), f"{module} imports {imported}"


def test_nobody_inside_the_screens_imports_the_application_at_run_time(
    graph: grimp.ImportGraph,
) -> None:
    inside = {name for name in _importers(graph, "tui.app") if name.startswith("tui.")}
    assert inside <= {"tui.__main__", "tui.screenshots", "tui.keydocs"}


def test_fastapi_stays_at_the_door(graph: grimp.ImportGraph) -> None:
    door = re.compile(r"schoolops\.(server|web)(\.|$)|schoolops\.[\w.]+\.endpoints$")
    for name in _importers(graph, "fastapi") | _importers(graph, "starlette"):
        assert door.match(name), f"{name} imports FastAPI; only endpoints, web and server may"


def test_textual_stays_in_the_terminal_interface(graph: grimp.ImportGraph) -> None:
    for name in _importers(graph, "textual"):
        assert name.startswith("tui"), f"{name} imports textual"


def test_endpoints_and_schemas_speak_no_sql(graph: grimp.ImportGraph) -> None:
    for name in _importers(graph, "sqlalchemy"):
        assert not name.endswith((".endpoints", ".schemas")), f"{name} imports sqlalchemy"


def test_endpoints_reach_the_tables_through_services(graph: grimp.ImportGraph) -> None:
    """Never a table, and never another capability's queries."""
    for name in sorted(graph.modules):
        if name.endswith(".endpoints"):
            own = name.rpartition(".")[0]
            for imported in graph.find_modules_directly_imported_by(name):
                assert not imported.endswith(".models"), f"{name} imports {imported}"
                if imported.endswith(".repository"):
                    assert imported.startswith(own + "."), f"{name} imports {imported}"
