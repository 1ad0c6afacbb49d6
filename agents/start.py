"""What the interpreter that `agents.lean` has started runs: imports by the importer, and in the
order, that leave the least behind.
"""

from __future__ import annotations

import sys
from zipimport import zipimporter


class Importer(zipimporter):
    """Reads a module of the archive once. `zipimport` reads it a second time, to tell its file name
    by whether that is bytecode, which is in the archive for all that are imported."""

    def get_filename(self, fullname: str) -> str:
        """Where the module would lie."""
        tail = "/__init__.pyc" if self.is_package(fullname) else ".pyc"
        return f"{self.archive}/{fullname.replace('.', '/')}{tail}"


def main() -> int:
    """Entry point."""
    sys.path_hooks.insert(0, Importer)
    from agents import tls

    tls.forget_names()  # first, so that it makes room for the others
    from agents.cli import main as run

    return run()
