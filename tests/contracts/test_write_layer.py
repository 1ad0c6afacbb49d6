"""Records change in one module alone, so that no change leaves the history out."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITER = "schoolops/estate/writing.py"
# Health is measured, not recorded: it writes its own columns and has its own series.
MEASURED = {"schoolops/telemetry/health.py"}


def writes(source: str) -> list[int]:
    """Lines with insert(…), update(…) or delete(…) on a table of the inventory's."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    everywhere = {"TABLES"} | _tables(tree.body)
    found = set(_calls(tree, everywhere))
    for function in functions:
        found.update(_calls(function, everywhere | _tables(function.body)))
    return sorted(found)


def _tables(body: list[ast.stmt]) -> set[str]:
    """Names that the statements give to tables of the inventory."""
    return {
        name.id
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Assign) and "TABLES" in ast.unparse(node.value)
        for target in node.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name) and not isinstance(statement, ast.FunctionDef | ast.ClassDef)
    }


def _calls(tree: ast.AST, tables: set[str]) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("insert", "update", "delete")
        and node.args
        and any(isinstance(n, ast.Name) and n.id in tables for n in ast.walk(node.args[0]))
    ]


def test_the_inventorys_tables_are_written_in_one_module() -> None:
    found = []
    for file in sorted((ROOT / "schoolops").rglob("*.py")):
        name = str(file.relative_to(ROOT))
        if name != WRITER and name not in MEASURED:
            found += [f"{name}:{line}" for line in writes(file.read_text("utf-8"))]
    assert found == []


def test_a_write_elsewhere_would_be_seen() -> None:
    assert writes((ROOT / WRITER).read_text("utf-8"))
    assert writes("rooms = TABLES['room']\nupdate(rooms).values(name='x')") == [2]
