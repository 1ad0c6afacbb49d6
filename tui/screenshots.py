"""`python -m tui.screenshots --out docs/screens [--server URL]`: the screens as SVG.

Each at 80×24 and 140×45, in German and English, from a running server (this computer's own
unless told otherwise), read-only. The files are named `overview-80x24-de.svg` and so on. What
changes from run to run without meaning (Textual's generated ids) is taken out, so that two
runs over the same data differ only where the data does.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from textual.pilot import Pilot

from tui.app import SchoolopsApp
from tui.backend import Backend
from tui.dialogs.base import Dialog
from tui.frame import Frame
from tui.settings import TuiSettings

SIZES = ((80, 24), (140, 45))
LANGUAGES = ("de", "en")
PATIENCE_S = 20.0


def shown(pilot: Pilot[int]) -> str:
    """What one reads on the screen now."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


async def quiet(pilot: Pilot[int], ready: Callable[[], bool] | None = None) -> None:
    """Wait until the screen is complete and has not changed for half a second."""
    end = time.monotonic() + PATIENCE_S
    last, since = "", time.monotonic()
    while time.monotonic() < end:
        await pilot.pause(0.1)
        text = shown(pilot)
        if text != last or not text.strip() or (ready is not None and not ready()):
            last, since = text, time.monotonic()
        elif time.monotonic() - since > 0.5:
            return


async def _list(pilot: Pilot[int], action: str) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, Frame)
    await screen.action_run(action)
    await quiet(pilot)


DialogType = TypeVar("DialogType", bound=Dialog[Any])


async def _dialog(pilot: Pilot[int], action: str, kind: type[DialogType]) -> DialogType:
    """Open a dialog by its action and wait until it is there."""
    screen = pilot.app.screen
    assert isinstance(screen, Frame)
    await screen.action_run(action)
    await quiet(pilot, lambda: isinstance(pilot.app.screen, kind) and pilot.app.screen.is_mounted)
    dialog = pilot.app.screen
    assert isinstance(dialog, kind)
    return dialog


async def overview(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.overview")
    await quiet(pilot, lambda: "   …" not in shown(pilot))  # the numbers have come


async def access_points(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.access-points")


async def uplinks(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.uplinks")


async def uplink(pilot: Pilot[int]) -> None:
    await uplinks(pilot)
    await _list(pilot, "row.open")


async def school(pilot: Pilot[int]) -> None:
    await overview(pilot)
    await _list(pilot, "row.open")


async def room(pilot: Pilot[int]) -> None:
    """The room of the worst access point."""
    from tui.screens.listing import ListScreen

    await access_points(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, ListScreen)
    screen.set_sort("health")
    await quiet(pilot)
    await _list(pilot, "go.room")


async def device(pilot: Pilot[int]) -> None:
    await access_points(pilot)
    await _list(pilot, "row.open")


async def agents(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.agents")


async def discovered(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.discovered")


async def audit(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.audit")


async def help_(pilot: Pilot[int]) -> None:
    await access_points(pilot)
    await _list(pilot, "help.show")


async def filter_(pilot: Pilot[int]) -> None:
    await access_points(pilot)
    await _list(pilot, "list.filter")
    await pilot.press(*"health:")
    await quiet(pilot)


async def people(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.people")


async def person(pilot: Pilot[int]) -> None:
    """The last in the list, a teacher."""
    await people(pilot)
    await _list(pilot, "row.bottom")
    await _list(pilot, "row.open")


async def delegations(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.delegations")


async def approvals(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.approvals")


async def incidents(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.incidents")


async def _of_a_line(pilot: Pilot[int]) -> None:
    """The list, with the cursor on a fault that has a provider."""
    await incidents(pilot)
    await _list(pilot, "list.filter")
    await pilot.press(*"open:yes circuit:*", "enter")
    await quiet(pilot)


async def incident(pilot: Pilot[int]) -> None:
    await _of_a_line(pilot)
    await _list(pilot, "row.open")


async def fault_report(pilot: Pilot[int]) -> None:
    from tui.dialogs.fault_report import FaultReport

    await _of_a_line(pilot)
    await _dialog(pilot, "incident.report", FaultReport)


async def _waiting(pilot: Pilot[int]) -> None:
    """The list of tickets, one of a device that somebody works on."""
    await _list(pilot, "main.tickets")
    await _list(pilot, "list.filter")
    await pilot.press(*"state:open category:device assigned_to:*", "enter")
    await quiet(pilot)


async def tickets(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.tickets")


async def ticket(pilot: Pilot[int]) -> None:
    await _waiting(pilot)
    await _list(pilot, "row.open")


async def answer(pilot: Pilot[int]) -> None:
    """An answer from a ready-made text."""
    from tui.dialogs.answer import AnswerDialog

    await _waiting(pilot)
    dialog = await _dialog(pilot, "ticket.reply", AnswerDialog)
    assert dialog.ready is not None
    dialog.ready.value = "1"
    await quiet(pilot)


async def contracts(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.contracts")


async def rules(pilot: Pilot[int]) -> None:
    await _list(pilot, "main.rules")


async def plan_window(pilot: Pilot[int]) -> None:
    from tui.dialogs.plan_window import PlanWindow

    await _list(pilot, "main.windows")
    await _dialog(pilot, "window.new", PlanWindow)


async def approve(pilot: Pilot[int]) -> None:
    """A proposal, as it is read before it is approved."""
    from tui.dialogs.confirm_plan import ConfirmPlan

    await approvals(pilot)
    await _dialog(pilot, "approval.approve", ConfirmPlan)


async def explain(pilot: Pilot[int]) -> None:
    """Whether the person under the cursor may reset passwords at their school."""
    from textual.widgets import Input

    from tui.dialogs.explain import ExplainDialog
    from tui.rights import schools

    await people(pilot)
    await _list(pilot, "row.bottom")
    screen = pilot.app.screen
    assert isinstance(screen, Frame)
    roles = str(screen.aim().values.get("roles") or "")
    dialog = await _dialog(pilot, "access.explain", ExplainDialog)
    dialog.permission.value = "passwords.reset"
    dialog.school.set(next(iter(schools(roles)), ""))
    dialog.query_one("#class", Input).value = "5a"
    await quiet(pilot)
    await pilot.press("ctrl+s")
    await quiet(pilot)


async def emergency(pilot: Pilot[int]) -> None:
    from tui.dialogs.emergency import EmergencyDialog

    await school(pilot)
    dialog = await _dialog(pilot, "access.emergency", EmergencyDialog)
    dialog.query("Tick").first().focus()
    await pilot.press("down", "space")
    dialog.reason.value = "Router tot, Hotline nicht erreichbar"
    await quiet(pilot)


async def delegate(pilot: Pilot[int]) -> None:
    from tui.dialogs.delegate import DelegateDialog

    await people(pilot)
    await _list(pilot, "row.bottom")
    await _dialog(pilot, "delegation.new", DelegateDialog)


async def history(pilot: Pilot[int]) -> None:
    """What became of the worst access point."""
    await device(pilot)
    await _list(pilot, "row.bottom")


async def import_report(pilot: Pilot[int]) -> None:
    """A list of devices with all that a report can say; nothing of it is written."""
    from tui.dialogs.import_file import ImportDialog
    from tui.dialogs.import_report import ImportReport

    await _list(pilot, "main.devices")
    dialog = await _dialog(pilot, "file.import", ImportDialog)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "geraete.csv"
        path.write_text(LIST, "utf-8")
        dialog.path.set(str(path))
        await pilot.press("ctrl+s")
        await quiet(pilot, lambda: isinstance(pilot.app.screen, ImportReport))


LIST = """Seriennummer;Typ;Schule;Raum;Modell;Lieferschein
DMPX40010001;iPad;100286;100286/1.03;iPad (10th generation);L-17
DMPX40010002;iPad;100286;100286/1.03;iPad (10th generation);L-17
DMPX40010003;iPad;999999;;iPad (10th generation);L-17
DMPX40010004;Kühlschrank;100286;;;L-17
DMPX40010001;iPad;100286;;iPad (10th generation);L-17
"""
"""Three rows that go and three that do not."""

SCREENS = {
    "people": people, "person": person, "delegations": delegations, "delegate": delegate,
    "approvals": approvals, "approve": approve, "explain": explain, "emergency": emergency,
    "incidents": incidents, "incident": incident, "fault-report": fault_report,
    "tickets": tickets, "ticket": ticket, "answer": answer,
    "contracts": contracts, "rules": rules, "plan-window": plan_window,
    "history": history, "import-report": import_report,
    "overview": overview, "school": school, "room": room, "access-points": access_points,
    "device": device, "uplinks": uplinks, "uplink": uplink, "agents": agents,
    "discovered": discovered, "audit": audit, "filter": filter_, "help": help_,
}  # fmt: skip


def steady(svg: str) -> str:
    """Take out the ids that Rich makes anew for each picture."""
    return re.sub(r"terminal-\d+", "terminal", svg)


async def take(
    connect: Callable[[], object], out: Path, names: list[str], language: str, size: tuple[int, int]
) -> None:
    """All screens of one language and size."""
    for name in names:
        app = SchoolopsApp(
            connect,  # type: ignore[arg-type]
            TuiSettings(language=language),
        )
        async with app.run_test(size=size) as pilot:
            await quiet(pilot, lambda: app.client is not None)  # noqa: B023 (used at once)
            await SCREENS[name](pilot)
            svg = steady(app.export_screenshot(title="schoolops"))
        path = out / f"{name}-{size[0]}x{size[1]}-{language}.svg"
        path.write_text(svg + "\n", "utf-8")
        sys.stdout.write(f"{path}\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tui.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/screens"))
    parser.add_argument("--server", help="URL of a server; this computer's own without it")
    parser.add_argument("--only", choices=sorted(SCREENS), action="append")
    parser.add_argument("--language", choices=LANGUAGES, action="append")
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)

    async def connect() -> Backend:
        from schoolops.client import connect_async

        return await connect_async(args.server)

    for language in args.language or LANGUAGES:
        for size in SIZES:
            asyncio.run(take(connect, args.out, args.only or list(SCREENS), language, size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
