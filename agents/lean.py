"""Start the agent without what the interpreter loads only to find it, in the release to be run.

`python -m agents` and the single-file archive are started by `runpy`, which with `site` and
one malloc arena a thread makes 1.5 MB that a process running for months does not need. So the
long-running command replaces itself once by a plain interpreter, which loads no locale either.
The SNMP extra still finds its packages: the runner does then what `site` was kept from.

The archive that was installed is also what starts the releases that came after it (agents.slots).
"""

from __future__ import annotations

import os
import sys

_ARCHIVE = """
import sys
from zipimport import zipimporter
sys.path.insert(0, {path!r})
try:
    code = zipimporter({path!r} + "/agents").get_code("start")
except ImportError:  # a release from before there was one
    from agents.cli import main
else:
    exec(code)
sys.exit(main())
"""
_FOLDER = (
    "import sys; sys.path.insert(0, {path!r}); from agents.start import main; sys.exit(main())"
)


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
    environment = {
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": "32768",
        **os.environ,
        "LC_ALL": "C",
    }
    if os.path.isfile(path):
        from agents.state import INSTALLED

        environment[INSTALLED] = path
        path = _release(path, environment)
    _start(path, environment)


def _release(installed: str, environment: dict[str, str]) -> str:
    """The archive to run, after a trial that is due; without a record it is the installed one."""
    from agents.log import say
    from agents.state import default_folder, option

    folder = os.path.abspath(option(sys.argv, "--state") or default_folder())
    if not os.path.exists(os.path.join(folder, "upgrade.json")):
        return installed
    from agents.slots import Slots

    if "--once" not in sys.argv:
        from agents.trial import hold

        try:
            hold(folder, installed, _start, environment)
        except OSError as error:  # a disk that is full: the trial waits for the next start
            say(f"no release can be tried: {error.strerror}")
    return Slots(folder, installed).archive()


def _start(path: str, environment: dict[str, str]) -> None:
    command = [
        sys.executable,
        "-X",
        "utf8",
        "-SP",
        "-c",
        (_ARCHIVE if os.path.isfile(path) else _FOLDER).format(path=path),
        *sys.argv[1:],
    ]
    sys.stdout.flush()
    try:
        os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is the point
    except OSError:
        return  # then with what there is
