"""Agents, what they discovered, people's tokens, the audit's chain."""

from __future__ import annotations

from typing import Any

from inventory.kinds import KINDS
from tui import cells
from tui.actions import Aim
from tui.backend import code_of
from tui.commands.common import ask, backend, done, field_errors, lookup_of, nothing
from tui.frame import Frame
from tui.i18n import _


async def invite(screen: Frame, aim: Aim) -> None:
    """A one-time code with which a school's agent joins."""
    client = backend(screen)
    school = str(aim.values.get("school") or "")
    answer = await ask(screen, "InviteDialog", lookup_of(screen), school)
    if answer is None:
        return
    invited = await client.invite(answer["school"], answer.get("name") or "")
    server = invited.get("server") or screen.ops.server_url or "https://SERVER"
    lines = [
        f"schoolops-agent join {server} {invited['code']}",
        "schoolops-agent run",
    ]
    await ask(screen, "ShowCode", invited["code"], lines, str(invited.get("expires") or ""))
    screen.reload()


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
    errors: dict[str, str] = {}
    draft: dict[str, Any] = {}
    while True:
        extra = {"errors": errors, "draft": draft} if errors else {}
        values = await ask(screen, "AdoptDialog", found, lookup=lookup_of(screen), **extra)
        if values is None:
            return
        try:
            record = await client.adopt(aim.id, values)
        except Exception as error:
            if code_of(error) not in ("estate.invalid", "estate.duplicate"):
                raise
            errors = field_errors(error, KINDS["device"])
            draft = dict(values)
            continue
        done(screen, _("{key} is in the inventory.").format(key=record["key"]))
        return


async def ignore(screen: Frame, aim: Aim) -> None:
    """Do not offer it again."""
    if not aim.id:
        nothing(screen)
        return
    await backend(screen).ignore(aim.id)
    done(screen, _("It will not be offered again."))


async def new_token(screen: Frame, aim: Aim) -> None:
    """A token for a person; it is shown once."""
    answer = await ask(screen, "TokenDialog", lookup_of(screen))
    if answer is None:
        return
    made = await backend(screen).create_token(
        answer["name"],
        answer["role"],
        schools=answer.get("schools"),
        authority=answer.get("authority"),
        days=answer.get("days") or 365,
    )
    server = screen.ops.server_url or "https://SERVER"
    await ask(screen, "ShowToken", made, [f"SCHOOLOPS_TOKEN=… schoolops tui --server {server}"])
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
