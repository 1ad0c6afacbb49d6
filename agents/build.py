"""Make `dist/schoolops-agent.pyz`: the agent as one file for any Python from 3.11 on.

The archive holds the sources of `agents` without this module, and beside each the bytecode of
the Python that builds: a Python of the same version starts from that, which saves it 1 MB of
memory and 0.2 s; any other compiles the sources. pysnmp is not in it and is taken from the
machine if it is there. The same sources and the same Python give the same bytes: names are
sorted and all times are 1980-01-01.

    python -m agents.build [OUTPUT]
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import marshal
import sys
import zipfile
from pathlib import Path
from typing import Any

OUTPUT = "dist/schoolops-agent.pyz"
SHEBANG = b"#!/usr/bin/env python3\n"
_TIME = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = frozenset({"build.py"})
_MAIN = '''"""The agent in one file; see agents.cli."""

import sys

if sys.version_info < (3, 11):
    sys.exit("schoolops-agent needs Python 3.11 or newer")

from agents.lean import main

sys.exit(main())
'''


def sources(package: Path) -> list[tuple[str, bytes]]:
    """(name in the archive, content) of the package's Python files and data, sorted."""
    found = [("__main__.py", _MAIN.encode())]
    for path in package.rglob("*"):
        inside = path.relative_to(package)
        if not path.is_file() or "__pycache__" in inside.parts or inside.name.startswith("."):
            continue
        if path.suffix == ".pyc" or str(inside) in _LEFT_OUT:
            continue
        found.append((f"{package.name}/{inside.as_posix()}", path.read_bytes()))
    return sorted(found + [bytecode(*entry) for entry in found if entry[0].endswith(".py")])


def bytecode(name: str, source: bytes) -> tuple[str, bytes]:
    """Name and content of the .pyc of a source; marked as not to be checked against it, since
    an archive is replaced as a whole. Docstrings, asserts and annotations are left out."""
    tree = _Bare().visit(ast.parse(source, name))
    flag = annotations.compiler_flag
    code = compile(tree, name, "exec", flag, dont_inherit=True, optimize=2)
    unchecked = (1).to_bytes(4, "little")
    head = importlib.util.MAGIC_NUMBER + unchecked + importlib.util.source_hash(source)
    return name + "c", head + marshal.dumps(code)


class _Bare(ast.NodeTransformer):
    """Takes out what serves type checkers alone: annotations of functions, the branch for
    TYPE_CHECKING, and the import of `annotations`, which `compile` is told instead."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_If(self, node: ast.If) -> Any:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return [self.visit(part) for part in node.orelse]
        return self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module == "__future__" else node


def build(package: Path, output: Path) -> str:
    """Write the archive and return its SHA-256."""
    memory = io.BytesIO()
    memory.write(SHEBANG)
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sources(package):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    data = memory.getvalue()
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_suffix(".new")
    temporary.write_bytes(data)
    temporary.chmod(0o755)
    temporary.replace(output)
    return hashlib.sha256(data).hexdigest()


def main() -> int:
    """Entry point of `python -m agents.build`."""
    output = Path(sys.argv[1] if len(sys.argv) > 1 else OUTPUT)
    digest = build(Path(__file__).parent, output)
    sys.stdout.write(f"{output}  {output.stat().st_size} bytes  sha256:{digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
