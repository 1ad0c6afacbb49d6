"""Start the agent without what the interpreter loads only to find it.

`python -m agents` and the single-file archive are started by `runpy`, which with `site` and
one malloc arena a thread makes 1.5 MB that a process running for months does not need. So the
long-running command replaces itself once by a plain interpreter. The SNMP extra still finds
its packages: the runner does then what `site` was kept from.
"""

from __future__ import annotations

import os
import sys

_CODE = "import sys; sys.path.insert(0, {path!r}); from agents.cli import main; sys.exit(main())"


def main() -> int:
    """Entry point of the archive and of `python -m agents`."""
    if sys.argv[1:2] == ["run"] and sys.executable:
        _replace()
    from agents.cli import main as run

    return run()


def _replace() -> None:
    """Become `python -SP -c …` with the same arguments, process number and environment."""
    path = os.path.abspath(__file__)
    for _ in __name__.split("."):
        path = os.path.dirname(path)  # the archive, or the folder that holds the package
    command = [sys.executable, "-SP", "-c", _CODE.format(path=path), *sys.argv[1:]]
    environment = {"MALLOC_ARENA_MAX": "1", **os.environ}
    sys.stdout.flush()
    try:
        os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is the point
    except OSError:
        return  # then with what there is
