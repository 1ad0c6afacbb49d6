"""People's rights: explain them, hand own ones on, ask in an emergency, decide."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from schoolops.core.permissions import DELEGABLE
from tui import cells, rights
from tui.actions import Aim
from tui.backend import Json
from tui.commands.common import ask, backend, done, fresh, lookup_of, nothing, submit
from tui.frame import Frame
from tui.i18n import _


async def explain(screen: Frame, aim: Aim) -> None:
    """May somebody do that there, and why or why not."""
    client = backend(screen)

    async def answer(about: Json) -> Json:
        return await client.explain_access(about.pop("permission"), **about)

    await ask(
        screen,
        "ExplainDialog",
        answer,
        lookup_of(screen),
        others=screen.ops.may("access.explain"),
        who=_person(aim),
        school=str(aim.values.get("school") or ""),
    )


def _person(aim: Aim) -> str:
    return aim.key if aim.plural == "accounts" else str(aim.values.get("receiver") or "")


async def delegate(screen: Frame, aim: Aim) -> None:
    """Hand own rights on for a time; what the server refuses keeps what was typed."""
    client = backend(screen)
    mine = [name for name in DELEGABLE if screen.ops.may(name)]
    made = await submit(
        screen, "DelegateDialog", lookup_of(screen), mine, receiver=_person(aim),
        school=str(aim.values.get("school") or ""),
        send=lambda answer: client.delegate(**answer),
    )  # fmt: skip
    if made is not None:
        until = cells.when(made["until"], long=True)
        text = _("{name} has these rights until {time}.")
        done(screen, text.format(name=made["receiver"], time=until))


async def revoke(screen: Frame, aim: Aim) -> None:
    """Take a right for a time back, before its end."""
    if not aim.id:
        nothing(screen)
        return
    values = (await fresh(screen, aim))["values"]
    if values["state"] != "active":
        screen.notify(_("This right has ended already."), markup=False)
        return
    name = values["receiver"]
    lines = [
        _("{name} may no longer: {rights}").format(
            name=name, rights=rights.permissions(values["permissions"])
        ),
        _("This holds at once; it can be handed on anew."),
    ]
    if await ask(screen, "ConfirmPlan", _("Revoke {name}").format(name=name), lines, None):
        await backend(screen).revoke_delegation(aim.id)
        done(screen, _("{name} no longer has these rights.").format(name=name))


async def emergency(screen: Frame, aim: Aim) -> None:
    """Ask for emergency access at a school; a second person decides."""
    client = backend(screen)
    school = aim.key if aim.plural == "schools" else str(aim.values.get("school") or "")
    made = await submit(
        screen, "EmergencyDialog", lookup_of(screen), school,
        send=lambda answer: client.ask_emergency(**answer),
    )  # fmt: skip
    if made is not None:
        until = cells.when(made["until"], long=True)
        done(screen, _("Asked. Somebody else decides until {time}.").format(time=until))


async def approve(screen: Frame, aim: Aim) -> None:
    """Approve what somebody else proposed, after reading what exactly it is."""
    values = await _to_decide(screen, aim)
    if values is None:
        return
    title = _("Approve what {name} proposed").format(name=values["proposed_by"])
    if await ask(screen, "ConfirmPlan", title, _proposal(values), None):
        await backend(screen).decide(aim.id, True)
        done(screen, _("Approved."))


async def reject(screen: Frame, aim: Aim) -> None:
    """Reject what somebody else proposed; the reason is told."""
    values = await _to_decide(screen, aim)
    if values is None:
        return
    title = _("Reject what {name} proposed").format(name=values["proposed_by"])
    client = backend(screen)
    if await submit(
        screen, "NoteDialog", title, _proposal(values), _("Reject"),
        send=lambda note: client.decide(aim.id, False, note),
    ):  # fmt: skip
        done(screen, _("Rejected."))


async def withdraw(screen: Frame, aim: Aim) -> None:
    """Take an own proposal back."""
    if not aim.id:
        nothing(screen)
        return
    values = (await fresh(screen, aim))["values"]
    if not values["mine"]:
        screen.notify(_("Only whoever proposed it can withdraw it."), markup=False)
    elif values["state"] != "open":
        _say_state(screen, values)
    elif await ask(screen, "ConfirmPlan", _("Withdraw the proposal"), _proposal(values), None):
        await backend(screen).withdraw(aim.id)
        done(screen, _("Withdrawn."))


async def _to_decide(screen: Frame, aim: Aim) -> dict[str, Any] | None:
    """The proposal as it is now if this person may decide it; says why not otherwise."""
    if not aim.id:
        nothing(screen)
        return None
    values: dict[str, Any] = (await fresh(screen, aim))["values"]
    if values["waiting"]:
        return values
    if values["state"] != "open":
        _say_state(screen, values)
    elif values["mine"]:
        text = _("Somebody else must decide what you proposed: {roles}.")
        screen.notify(text.format(roles=rights.who_decides()), markup=False)
    else:
        screen.notify(_("You may see this proposal, not decide it."), markup=False)
    return None


def _say_state(screen: Frame, values: Json) -> None:
    state = _(str(values["state"]))
    screen.notify(_("This proposal is {state}.").format(state=state), markup=False)


def _proposal(values: Json) -> list[str]:
    """A proposal, read before it is decided."""
    where = " ".join(str(values[n]) for n in ("school", "school_name") if values.get(n))
    pairs = (
        (_("Who"), values["proposed_by"]),
        (_("What"), rights.action(values["action"])),
        (_("What exactly"), rights.content(values["content"])),
        (_("Where"), where or _("the whole city")),
        (_("Reason"), values["reason"]),
        (_("Would hold"), _held(values["content"])),
        (_("To be decided until"), cells.when(values["until"], long=True)),
    )
    return [f"{label}: {cells.clean(str(text))}" for label, text in pairs if text]


def _held(content: str) -> str:
    """From when to when a right would be held; '' for what is no right for a time."""
    hours = json.loads(content or "{}").get("hours")
    if not hours:
        return ""
    end = cells.now().astimezone(dt.UTC) + dt.timedelta(hours=hours)
    until = cells.when(end.strftime("%Y-%m-%dT%H:%M:%SZ"), long=True)
    return _("from the approval on; approved now, until {time}").format(time=until)


async def end_sessions(screen: Frame, aim: Aim) -> None:
    """Sign a person out everywhere."""
    if not aim.id:
        nothing(screen)
        return
    lines = [
        _("{name} is signed out everywhere and has to sign in again.").format(name=aim.key),
        _("An account that shall not come back is disabled in Keycloak."),
    ]
    if await ask(screen, "ConfirmPlan", _("Sign {name} out").format(name=aim.key), lines, None):
        await backend(screen).end_sessions(aim.id)
        done(screen, _("{name} is signed out.").format(name=aim.key))
