"""Agents, what they discovered, people's tokens, the audit's chain."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from inventory.kinds import KINDS
from schoolops.core.errors import SchoolopsError
from tui import cells
from tui.actions import Aim
from tui.backend import Json, NothingDone
from tui.commands.common import ask, backend, done, lookup_of, nothing, submit
from tui.frame import Frame
from tui.i18n import _
from tui.said import said

if TYPE_CHECKING:
    from schoolops.client import Way

LOOK_EVERY_S = 1.0
ANSWER_WITHIN_S = 180.0
"""So long an answer of an agent is waited for; most come with the second report."""


async def invite(screen: Frame, aim: Aim) -> None:
    """A one-time code with which a school's agent joins."""
    client = backend(screen)
    school = str(aim.values.get("school") or "")

    async def send(answer: dict[str, str]) -> tuple[Json, Way]:
        way = await _way(screen)
        if not way.url:  # an invitation that nobody can follow would wait in the list for ever
            raise NothingDone(said(way.warning()))
        return await client.invite(answer["school"], answer["name"]), way

    made = await submit(screen, "InviteDialog", lookup_of(screen), school, send=send)
    if made is None:
        return
    invited, way = made
    lines = [way.command(invited["code"]), "schoolops-agent run"]
    until = str(invited.get("expires") or "")
    await ask(screen, "ShowCode", invited["code"], lines, until, said(way.warning()))
    screen.reload()


async def _way(screen: Frame) -> Way:
    """How others reach this server."""
    from schoolops.client import way_of_agents

    public = str((await backend(screen).me()).get("public_url") or "")
    return await asyncio.to_thread(way_of_agents, backend(screen).endpoint, public)


async def ask_for(screen: Frame, aim: Aim) -> None:
    """Ask an agent for something, and say what it answers when it does."""
    if not aim.id:
        nothing(screen)
        return
    client, agent = backend(screen), aim.id
    name = str(aim.values.get("name") or aim.key)
    made = await submit(screen, "AskAgent", name, send=lambda new: client.ask_agent(agent, **new))
    if made is None:
        return
    screen.notify(_("{name} hears of it with its next report.").format(name=name), markup=False)
    # The application's work, not the screen's: the answer is told wherever one is by then.
    screen.app.run_worker(_tell_answer(screen, agent, name, made), exit_on_error=False)


async def _tell_answer(screen: Frame, agent: str, name: str, command: Json) -> None:
    client, app = backend(screen), screen.app
    end = time.monotonic() + ANSWER_WITHIN_S
    while command["state"] in ("waiting", "sent") and time.monotonic() < end:
        await asyncio.sleep(LOOK_EVERY_S)
        with suppress(OSError, SchoolopsError):  # the next look may find the server again
            asked = await client.commands(agent)
            command = next((one for one in asked if one["id"] == command["id"]), command)
    well = command["state"] == "done"
    if command["state"] in ("waiting", "sent"):
        told = _("no answer yet; schoolops agent asked {name} shows it").format(name=name)
    else:
        told = answer_of(command) or _("no answer came in time")
    app.notify(
        f"{name}: {told}", markup=False, timeout=30, severity="information" if well else "warning"
    )


def answer_of(command: Json) -> str:
    """What an agent answered; rates in the person's language, without those that nobody tested.
    Its other sentences are as the agent wrote them."""
    text, result = str(command["text"] or ""), command.get("result")
    if command.get("kind") != "line-test" or not isinstance(result, dict) or "(" in text:
        return text
    lines = []
    for name, rates in result.items():
        both = (("↓", rates.get("down_bps")), ("↑", rates.get("up_bps")))
        told = ", ".join(f"{arrow} {cells.rate(bps)}" for arrow, bps in both if bps is not None)
        lines.append(f"{name}: {told}")
    return "; ".join(lines)


async def revoke(screen: Frame, aim: Aim) -> None:
    """Shut an agent out; what it measured stays."""
    if not aim.id:
        nothing(screen)
        return
    name = str(aim.values.get("name") or aim.key)
    lines = [
        _("The agent {name} can report no more; it must be invited anew.").format(name=name),
        _("What it has measured stays."),
    ]
    if await ask(screen, "ConfirmPlan", _("Revoke {name}").format(name=name), lines, None):
        await backend(screen).revoke(aim.id, "")
        done(screen, _("{name} is revoked.").format(name=name))


async def adopt(screen: Frame, aim: Aim) -> None:
    """Make a device of the inventory of what an agent found."""
    if not aim.id:
        nothing(screen)
        return
    client = backend(screen)
    found = await client.get("discovered", aim.id)
    record = await submit(
        screen,
        "AdoptDialog",
        found,
        lookup=lookup_of(screen),
        kind=KINDS["device"],
        send=partial(client.adopt, aim.id),
    )
    if record is not None:
        done(screen, _("{key} is in the inventory.").format(key=record["key"]))


async def ignore(screen: Frame, aim: Aim) -> None:
    """Do not offer it again."""
    if not aim.id:
        nothing(screen)
        return
    await backend(screen).ignore(aim.id)
    done(screen, _("It will not be offered again."))


async def new_token(screen: Frame, aim: Aim) -> None:
    """A token for a person; it is shown once."""
    client = backend(screen)

    made = await submit(
        screen, "TokenDialog", lookup_of(screen), send=lambda answer: client.create_token(**answer)
    )
    if made is None:
        return
    way = await _way(screen)
    own = "SCHOOLOPS_CA=FILE " if way.pin or way.problem == "untrusted" else ""
    lines = [
        f"{own}schoolops token keep --server {way.url}",
        f"{own}schoolops tui --server {way.url}",
    ]
    warning = "" if way.problem == "untrusted" else said(way.warning())
    await ask(screen, "ShowToken", made, lines if way.url else (), warning)
    screen.reload()


async def revoke_token(screen: Frame, aim: Aim) -> None:
    """End a token at once."""
    if not aim.id:
        nothing(screen)
        return
    lines = [_("Whoever uses the token of {name} is signed out at once.").format(name=aim.key)]
    if await ask(screen, "ConfirmPlan", _("Revoke {name}").format(name=aim.key), lines, None):
        await backend(screen).revoke_token(aim.id)
        done(screen, _("{name} is revoked.").format(name=aim.key))


async def verify_audit(screen: Frame, aim: Aim) -> None:
    """Whether the chain of the audit is whole."""
    answer = await backend(screen).audit_verify()
    events = cells.number(answer.get("events") or 0)
    if answer.get("ok"):
        screen.notify(_("The chain of {events} events is whole.").format(events=events))
    else:
        screen.notify(
            _("The chain of {events} events is broken: somebody changed the audit.").format(
                events=events
            ),
            severity="error",
            timeout=30,
        )
