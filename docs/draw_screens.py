"""Draws docs/screens from a live demo: `python docs/draw_screens.py [options of tui.screenshots]`.

Starts `schoolops demo` in a home of its own, waits until it has named faults, lets some people sign
in, takes the pictures of its server, and ends it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sample_people

PATIENCE_S = 180.0
SHOWN_S = 2400
"""The demo ends by itself after so long, should this program die."""
WANTED = (
    ("devices", "health:down", 2),
    ("uplinks", "health:down,warning", 1),
    ("schools", "health:down", 1),
)
"""The demo's script on the screen: kind, filter, how many at least."""


def count(kind: str, words: str, environment: dict[str, str]) -> int:
    """How many records the demo's server finds."""
    command = [sys.executable, "-m", "schoolops.cli", "ls", kind, words, "--count"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 else 0


def wait_for_faults(demo: subprocess.Popen[bytes], home: Path, environment: dict[str, str]) -> None:
    """Return when the city has something to show. SystemExit when it does not come to that."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if demo.poll() is not None:
            raise SystemExit(f"the demo ended with {demo.returncode}")
        # Before that, the question itself would start a server on the demo's home.
        if (home / "server.address").exists() and all(
            count(kind, words, environment) >= least for kind, words, least in WANTED
        ):
            return
        time.sleep(1)
    raise SystemExit(f"the demo did not name its faults within {PATIENCE_S:.0f} s")


def main(options: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="schoolops-screens-") as folder:
        home = Path(folder) / "home"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SCHOOLOPS_")}
        environment["SCHOOLOPS_HOME"] = str(home)
        command = [sys.executable, "-m", "schoolops.cli", "demo", "--headless"]
        demo = subprocess.Popen([*command, "--for", str(SHOWN_S), "--home", str(home)])
        try:
            wait_for_faults(demo, home, environment)
            os.environ["SCHOOLOPS_HOME"] = str(home)
            sample_people.fill()
            taking = [sys.executable, "-m", "tui.screenshots", *options]
            return subprocess.run(taking, env=environment, check=False).returncode
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["--out", str(Path(__file__).parent / "screens")]))
