"""A live sample city (`schoolops demo`): real server, real agents, simulated equipment, faults.

Everything runs in a home of its own and ends with the demo. With a terminal the TUI opens and
things break and are mended while somebody looks. Without one (or with `--headless`) the script
runs once, and the exit code is 0 only if measurements arrived over SNMP and every fault was
named on the right record.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sample_site.faults import Script, choose, write_script
from sample_site.live import LiveCity
from sample_site.load import wanted_city
from sample_site.progress import Progress
from schoolops.core.errors import Invalid, SchoolopsError, Unusable

SCHOOLS = 4
LIMIT_S = 90.0
"""How long the headless form waits for the faults to be named."""
PATIENCE_S = 50.0
"""After so long the school goes dark, even if an earlier fault is not named yet."""
WARM_LIMIT_S = 60.0
MEND_AFTER_S = 60.0
PAUSE_S = 30.0


def run(args: Any) -> int:
    """`schoolops demo`. `args`: schools, scale, headless, seconds, json, home, keep."""
    headless = bool(args.headless or args.json or args.seconds)
    headless = headless or not (sys.stdin.isatty() and sys.stdout.isatty())
    with _stopped_by_signals(), _home(args) as home:
        city = wanted_city(_CityArgs(args))
        try:
            parts = choose(city.parts(), args.schools or SCHOOLS)
        except ValueError as error:
            raise Invalid(str(error), code="sample.invalid") from None
        live = LiveCity(city, parts, home, test_every_s=20 if headless else 90)
        try:
            with Progress(sys.stderr, quiet=bool(args.json)) as progress:
                live.start(progress.show)
                if not headless:
                    _warm_up(live, progress)
                else:
                    summary = _script(live, float(args.seconds or 0), progress)
            return _say(summary, bool(args.json)) if headless else _on_screen(live)
        except Unusable as error:
            raise Unusable(f"the demo failed: {error}", code="demo.failed") from None
        finally:
            live.stop()


class _CityArgs:
    """`--schools` of the demo are the live ones; the city is whole."""

    def __init__(self, args: Any) -> None:
        self.seed = getattr(args, "seed", None)
        self.scale = args.scale
        self.schools = None


@contextmanager
def _home(args: Any) -> Iterator[Path]:
    """The demo's own home; removed at the end unless it was given or is to be kept."""
    given = getattr(args, "home", None)
    keep = bool(getattr(args, "keep", False) or given)
    if given:
        home = Path(given).expanduser().absolute()
        if home.exists() and any(home.iterdir()):
            raise Invalid(f"{home} is not empty; name a new folder", code="demo.home")
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        home = Path(tempfile.mkdtemp(prefix="schoolops-demo-"))
    try:
        yield home
    finally:
        if keep:
            sys.stderr.write(f"the demo's files are in {home}; SCHOOLOPS_HOME={home} shows them\n")
        else:
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the demo as Ctrl+C does, so that everything is cleared away."""

    def interrupt(number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


# -- headless ------------------------------------------------------------------------------


def _warm_up(live: LiveCity, progress: Progress) -> None:
    """Wait until every device of the live schools was read."""
    begun = time.monotonic()
    while True:
        live.check()
        seen, all_ = live.read_so_far()
        progress.show("first measurements", 0.6 + 0.2 * seen / all_, f"{seen} of {all_} devices")
        if seen == all_:
            live.note_what_is_read()
            return
        if time.monotonic() - begun > WARM_LIMIT_S:
            raise Unusable(f"only {seen} of {all_} devices were read within {WARM_LIMIT_S:.0f} s")
        time.sleep(0.5)


def _script(live: LiveCity, seconds: float, progress: Progress) -> dict[str, Any]:
    """Run the script once: at least `seconds`, and until everything is named or time is up."""
    begun = time.monotonic()
    failure = ""
    script = Script(live, live.client, write_script(live.parts))
    try:
        _warm_up(live, progress)
        broken_at = time.monotonic()
        least, deadline = begun + seconds, max(begun + seconds, broken_at + LIMIT_S)
        *first, last = script.faults
        for fault in first:
            script.inject(fault)
        while time.monotonic() < deadline:
            live.check()
            script.look()
            patient = time.monotonic() < broken_at + PATIENCE_S
            if last not in script.injected and not (script.open and patient):
                script.inject(last)
            progress.show(
                "things break",
                0.8 + 0.2 * script.detected / len(script.faults),
                f"{script.detected} of {len(script.faults)} named, {live.reports():,} reports",
            )
            if script.detected == len(script.faults) and time.monotonic() >= least:
                break
            time.sleep(0.4)
    except Unusable as error:
        failure = str(error)
    return live.summary() | {
        "faults_injected": [fault.name for fault in script.injected],
        "faults_detected": script.detected,
        "faults": [fault.as_json() for fault in script.faults],
        "wrongly_blamed": live.wrongly_blamed(script.injected),
        "failure": failure,
        "seconds": round(time.monotonic() - live.begun, 1),
    }


def _say(summary: dict[str, Any], as_json: bool) -> int:
    """Print the summary; the exit code."""
    problems = problems_of(summary)
    if as_json:
        print(json.dumps(summary, ensure_ascii=False))  # noqa: T201
    else:
        print(_text(summary))  # noqa: T201
    for problem in problems:
        sys.stderr.write(f"schoolops: {problem}\n")
    return 1 if problems else 0


def problems_of(summary: dict[str, Any]) -> list[str]:
    """What keeps the demo from being a success."""
    found = [summary["failure"]] if summary["failure"] else []
    if not summary["reports"]:
        found.append("no report arrived")
    if not summary["devices_seen_by_snmp"]:
        found.append("no device was read over SNMP")
    found += [
        f"fault not named: {fault['fault']} ({fault['name']})"
        for fault in summary["faults"]
        if fault["named_after_s"] is None
    ]
    found += [f"blamed without a fault: {name}" for name in summary["wrongly_blamed"]]
    return found


def _text(summary: dict[str, Any]) -> str:
    lines = [
        f"{summary['schools']:,} schools with {summary['devices']:,} devices; "
        f"{summary['agents']} real agents sent {summary['reports']:,} reports",
        f"{summary['devices_seen_by_snmp']} devices read over SNMP, "
        f"{summary['devices_seen_by_rest']} over a console's REST, "
        f"{summary['uplinks_measured']} lines measured, "
        f"{summary['devices_discovered']} unknown device found",
    ]
    for fault in summary["faults"]:
        if fault["named_after_s"] is None:
            lines.append(f"  ✗ {fault['fault']} at school {fault['school']}: not named")
        else:
            lines.append(
                f"  ✓ {fault['fault']}: {fault['name']} named after "
                f"{fault['named_after_s']:.0f} s ({fault['named_as']})"
            )
    lines.append(
        f"{summary['faults_detected']} of {len(summary['faults'])} faults detected "
        f"in {summary['seconds']:.0f} s altogether"
    )
    return "\n".join(lines)


# -- with a terminal -----------------------------------------------------------------------


def _on_screen(live: LiveCity) -> int:
    """Open the TUI; meanwhile things break, stay broken for a minute, and are mended."""
    ended = threading.Event()

    def play() -> None:
        with suppress(SchoolopsError, OSError), live.another_client() as client:
            while not ended.wait(PAUSE_S):
                script = Script(live, client, write_script(live.parts))
                for fault in script.faults:
                    script.inject(fault)
                    if ended.wait(MEND_AFTER_S):
                        return
                    live.mend(fault)
                    if ended.wait(PAUSE_S):
                        return

    player = threading.Thread(target=play, name="script", daemon=True)
    player.start()
    try:
        return live.open_tui()
    finally:
        ended.set()
        player.join(timeout=5)
