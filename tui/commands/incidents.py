"""Incidents: acknowledge, take, give back, write down, report to the provider."""

from __future__ import annotations

from tui import incidents
from tui.actions import Aim
from tui.commands.common import ask, backend, done, nothing, submit
from tui.frame import Frame
from tui.i18n import _, language


async def acknowledge(screen: Frame, aim: Aim) -> None:
    """Say that somebody has seen it."""
    await _act(screen, aim, "acknowledge", _("Acknowledged."))


async def claim(screen: Frame, aim: Aim) -> None:
    """Take it; refused when somebody else has it."""
    await _act(screen, aim, "claim", _("You have it now."))


async def release(screen: Frame, aim: Aim) -> None:
    """Give it back, or take it from somebody who is away."""
    await _act(screen, aim, "release", _("Nobody has it now."))


async def _act(screen: Frame, aim: Aim, what: str, says: str) -> None:
    if not aim.id:
        nothing(screen)
        return
    await backend(screen).act_on_incident(aim.id, what)
    done(screen, says)


async def note(screen: Frame, aim: Aim) -> None:
    """Write down what was found out or done, also when it is over."""
    if not aim.id:
        nothing(screen)
        return
    client = backend(screen)

    async def send(text: str) -> bool:
        await client.note_incident(aim.id, text)
        return True

    about = [incidents.title(aim.values)]
    if await submit(
        screen, "NoteDialog", _("Note to the incident"), about, _("Write down"), _("Note"),
        send=send,
    ):  # fmt: skip
        done(screen, _("Written down."))


async def report(screen: Frame, aim: Aim) -> None:
    """The fault report to the provider, to read out, copy or save."""
    if not aim.id:
        nothing(screen)
        return
    found = await backend(screen).fault_report(aim.id, language())
    await ask(screen, "FaultReport", found["subject"], found["text"])
