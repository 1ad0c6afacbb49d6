"""Twelve everyday questions on the whole city, asked of the real terminal UI over a slow line.

    python benchmarks/bench_questions.py      one JSON object a line

The sample city (50,000 devices) is loaded, every school with a line gets an agent that reports
over the real interface, some things are broken. Then the real application asks the real server
over HTTPS; each request waits 50 ms, a new connection 100 ms more. A word, number or filter that
is typed counts as one key, because it is what the question itself contains; its letters are
counted beside it. The time is wall time from the last key to the painting with the answer,
median of three; `longest` is the longest wait after any key of the question, and `cold` the time
after 6 s without a key. A question whose answer does not appear ends the benchmark.

The peer is schoolops' own command line over the same line: start, import, one or two requests.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

RTT_S = 0.05
ROUNDS = 3
THINKING_S = 6.0
SIZE = (140, 45)
KEYS_LIMIT = 6
TIME_LIMIT_MS = 300
COMMAND = "python benchmarks/bench_questions.py"


class Step(NamedTuple):
    """A key, or a text that is typed, and what is on the screen before the next one."""

    press: str
    see: tuple[str, ...] = ()
    typed: bool = False


class Question(NamedTuple):
    """Asked on the screen that `begin` leads to; the last step's `see` is the answer. `commands`
    answer the same on the command line."""

    text: str
    steps: tuple[Step, ...]
    commands: tuple[tuple[str, ...], ...] = ()
    begin: str = "1"


def jump(word: str, *see: str) -> tuple[Step, ...]:
    """':', a word, and what the search shows."""
    return Step("colon", ("Jump to",)), Step(word, see, typed=True)


def filtered(digit: str, title: str, q: str, *see: str) -> tuple[Step, ...]:
    """A main list, '/', a filter, Enter."""
    return (
        Step(digit, (f"^ {title} ",)),
        Step("slash", ("Filter:",)),
        Step(q, typed=True),
        Step("enter", see),
    )


def short(name: str) -> str:
    """A school's name as narrow columns show it."""
    return name.partition(",")[2].strip() or name


def questions(facts: dict[str, Any]) -> list[Question]:
    """What an administrator asks on a Tuesday."""
    school, pad, tv, line = facts["school"], facts["pad"], facts["tv"], facts["line_down"]
    warranty = facts["warranty"]
    in_year = f"warranty_until:>={warranty['year']}-01-01 warranty_until:<={warranty['year']}-12-31"
    old = f"school:{school} firmware:*17.*"
    return [
        Question(
            "Which access points are down at school X?",
            (
                *jump("heinrich-hertz", facts["school_name"]),
                Step("enter", ("Not in order", *facts["point_names"], "does not answer")),
            ),
            (("ls", "access-points", f"school:{school} health:down"),),
        ),
        Question(
            "Whose iPad is serial Y?",
            (*jump(pad["serial"], pad["name"]), Step("enter", (pad["owner"],))),
            (("show", "device", pad["serial"]),),
        ),
        Question(
            "Which room is that device in, and whom do I call there?",
            (
                *jump(tv["serial"], tv["serial"], "Apple TV"),
                Step("enter", ("Serial number", tv["serial"])),
                Step("o", (f"Room {tv['room']}", "Whom to call", facts["call"]["phone"])),
            ),
            (
                ("show", "device", tv["serial"]),
                ("ls", "contacts", f"school:{tv['room_key'].partition('/')[0]}"),
            ),
        ),
        Question(
            "Which lines deliver less than is paid for?",
            filtered("6", "Uplinks", "health:warning", "/ health:warning", "31%",
                     *map(short, facts["slow_names"])),
            (("ls", "uplinks", "health:warning"),),
        ),
        Question(
            "Which lines are down, and what are hotline and circuit number?",
            filtered("6", "Uplinks", "health:down", "/ health:down",
                     short(line["short_name"]), line["hotline"],
                     line["circuit"], *map(short, facts["dark_names"])),
            (("ls", "uplinks", "health:down"),),
        ),
        Question(
            "Which schools are worst?",
            (Step("1", ("line main is down", *map(short, facts["dark_names"]))),),
            (("ls", "schools", "health:down"),),
            begin="5",
        ),
        Question(
            "What stands in room A0.04 of school X?",
            (
                *jump(facts["room_key"], facts["room_key"], "Heinrich-Hertz"),
                Step("enter", (f"Room {facts['room']}", facts["room_device"], "Devices")),
            ),
            (("ls", "devices", f'room:"{facts["room_key"]}"'),),
        ),
        Question(
            "Which agents are silent?",
            filtered("7", "Agents", "state:silent", f"{len(facts['dark'])}  / state",
                     *(f"agent-{number}" for number in facts["dark"])),
            (("ls", "agents", "state:silent"),),
        ),
        Question(
            "Who changed this device last?",
            (*jump(facts["changed"], facts["changed"], "Heinrich-Hertz"),
             Step("enter", ("Changed", "m.weber"))),
            (("show", "device", facts["changed"]),),
        ),
        Question(
            "Which iPads of school X have old firmware?",
            filtered("5", "iPads", old, f"{len(facts['old_pads'])}  / school",
                     *facts["old_pads"][:20]),
            (("ls", "ipads", old),),
        ),
        Question(
            "Whose warranty ends this year?",
            filtered("0", "All devices", in_year, f"{warranty['count']:,}  / warranty",
                     warranty["name"], warranty["serial"]),
            (("ls", "devices", in_year),),
        ),
        Question(
            "Which unknown devices were found?",
            (Step("8", ("HP LaserJet", *facts["discovered"])),),
            (("ls", "discovered"),),
        ),
    ]  # fmt: skip


# ---- the application, in a process of its own ---------------------------------------------


async def ask_all(address: str, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Every question `ROUNDS` times; what each took."""
    import slow_line
    from watched import WatchedApp

    from schoolops.client import connect_async
    from tui.settings import TuiSettings

    line = slow_line.delay(RTT_S)

    async def connect() -> Any:
        client = await connect_async(address, facts["token"])
        gc.freeze()  # as tui.run does
        return client

    app = WatchedApp(connect, TuiSettings(language="en"), server_url=address)
    asked = questions(facts)
    found: list[list[dict[str, Any]]] = [[] for _ in asked]
    async with app.run_test(size=SIZE):
        await app.until(lambda: app.shows("● live"))
        for number in range(ROUNDS):
            for question, times in zip(asked, found, strict=True):
                await _begin(app, line, question.begin)
                await asyncio.sleep(THINKING_S if number == 0 else 0.3)
                times.append(await _ask(app, line, question))
    return [_sum(question, times) for question, times in zip(asked, found, strict=True)]


async def _begin(app: Any, line: Any, key: str) -> None:
    """Go to the screen the question is asked on, and wait until it is at rest."""
    app.press(key, key)
    quiet = 0
    while quiet < 10:
        await asyncio.sleep(0.05)
        quiet = quiet + 1 if line.busy == 0 and len(app.screen_stack) == 2 else 0


async def _ask(app: Any, line: Any, question: Question) -> dict[str, Any]:
    from textual.widgets import Input

    requests, waits, cpu = line.requests, [], 0.0
    for step in question.steps:
        if step is question.steps[-1] and app.shows(*step.see):
            raise AssertionError(f"{question.text} was answered before:\n{app.text()}")
        begun, begun_cpu = time.perf_counter(), app.cpu()
        if step.typed:
            while not isinstance(app.focused, Input):  # noqa: ASYNC110 (until the cursor is there)
                await asyncio.sleep(0.002)
            for letter in step.press:
                app.press(_name(letter), letter)
            while app.focused.value != step.press:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        else:
            app.press(step.press, step.press if len(step.press) == 1 else None)
        if step.see:
            await app.until(lambda see=step.see: app.shows(*see))
            waits.append((app.painted_at - begun) * 1000)
            cpu = (app.painted_cpu - begun_cpu) * 1000
    return {"ms": waits[-1], "longest": max(waits), "cpu": cpu,
            "requests": line.requests - requests}  # fmt: skip


def _name(letter: str) -> str:
    from textual.keys import _character_to_key

    return letter if letter.isalnum() else _character_to_key(letter)


def _sum(question: Question, times: list[dict[str, Any]]) -> dict[str, Any]:
    def middle(name: str) -> float:
        return round(statistics.median(float(one[name]) for one in times), 1)

    return {
        "question": question.text,
        "keys": len(question.steps),
        "letters": sum(len(step.press) for step in question.steps if step.typed),
        "ms": middle("ms"),
        "longest_ms": middle("longest"),
        "cold_ms": round(times[0]["ms"], 1),
        "cpu_ms": middle("cpu"),
        "requests": times[-1]["requests"],
    }


# ---- the command line ---------------------------------------------------------------------


def command_line(question: Question, environment: dict[str, str]) -> float:
    """Wall milliseconds of the commands that answer a question; their output is checked by the
    answer that needs no columns chosen: it is there and not empty."""
    script = str(Path(__file__).with_name("slow_line.py"))
    begun = time.perf_counter()
    for words in question.commands:
        done = subprocess.run(
            [sys.executable, script, str(RTT_S), *words],
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        if not done.stdout.strip():
            raise AssertionError(f"schoolops {' '.join(words)} answered nothing")
    return (time.perf_counter() - begun) * 1000


# ---- all of it ----------------------------------------------------------------------------


def main() -> int:
    import served
    import slow_line
    import tuesday

    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        home = Path(folder) / "home"
        served.load_sample(home)
        certificate, key = slow_line.make_certificate(Path(folder))
        settings = tuesday.SETTINGS | {
            "SCHOOLOPS_SERVER__CERTIFICATE": str(certificate),
            "SCHOOLOPS_SERVER__CERTIFICATE_KEY": str(key),
        }
        with served.serve(home, **settings) as (address, _process):
            facts = tuesday.happen(home, address, certificate)
            person = served.environment(
                Path(folder) / "desk", SCHOOLOPS_SERVER=address, SCHOOLOPS_CA=str(certificate),
                SCHOOLOPS_TOKEN=facts["token"],
            )  # fmt: skip
            done = subprocess.run(
                [sys.executable, __file__, "ask", address],
                env=person,
                input=json.dumps(facts),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            found = json.loads(done.stdout.splitlines()[-1])
            for one, question in zip(found, questions(facts), strict=True):
                one["command_line_ms"] = round(command_line(question, person), 1)
    report(found)
    return 0


def report(found: list[dict[str, Any]]) -> None:
    """One line for the keys, one for the time."""
    slowest = max(found, key=lambda one: one["ms"])
    middle = round(statistics.median(one["ms"] for one in found), 1)
    peer = round(statistics.median(one["command_line_ms"] for one in found), 1)
    number = f"{len(found)} everyday questions on 50,000 devices"
    for line in (
        {
            "bar": f"{number}: keys, at most",
            "figure": max(one["keys"] for one in found),
            "unit": "keys",
            "limit": KEYS_LIMIT,
            "peer": "none: no other program answers them; a typed word counts as one key",
            "command": COMMAND,
        },
        {
            "bar": f"{number} over a line of 50 ms: last key to answer, slowest "
            f"(median {middle:.0f} ms, wall)",
            "figure": slowest["ms"],
            "unit": "ms",
            "limit": TIME_LIMIT_MS,
            "peer": {"name": "schoolops ls and show over the same line, median", "figure": peer},
            "command": COMMAND,
            "detail": found,
        },
    ):
        print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["ask"]:
        given = json.loads(sys.stdin.read())
        print(json.dumps(asyncio.run(ask_all(sys.argv[2], given)), ensure_ascii=False))
    else:
        os.environ.pop("SCHOOLOPS_HOME", None)
        sys.exit(main())
