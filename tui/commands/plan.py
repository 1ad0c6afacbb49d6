"""Maintenance, the on-call plan, and the alert rules."""

from __future__ import annotations

from tui.actions import Aim
from tui.commands.common import ask, backend, done, fresh, kind_of, lookup_of, nothing, submit
from tui.frame import Frame
from tui.i18n import _


async def plan_window(screen: Frame, aim: Aim) -> None:
    """Hold alerts, or freeze changes, at a school or at all."""
    client = backend(screen)
    made = await submit(
        screen, "PlanWindow", lookup_of(screen), str(aim.values.get("school") or ""),
        send=lambda new: client.plan("windows", new),
    )  # fmt: skip
    if made is not None:
        done(screen, _("It is planned."))


async def plan_on_call(screen: Frame, aim: Aim) -> None:
    """Enter who is told of incidents, and when."""
    client = backend(screen)
    made = await submit(
        screen, "PlanOnCall", lookup_of(screen), send=lambda new: client.plan("on-calls", new)
    )
    if made is not None:
        done(screen, _("It is planned."))


async def end(screen: Frame, aim: Aim) -> None:
    """End a window or an on-call time now; what has not begun is gone."""
    if not aim.id:
        nothing(screen)
        return
    values = (await fresh(screen, aim))["values"]
    if values["state"] == "ended":
        screen.notify(_("It is over already."), markup=False)
        return
    names = ("username", "school", "school_name", "room", "every", "reason")
    what = "  ".join(str(values[name]) for name in names if values.get(name))
    lines = [what, _("It ends now; what has not begun is taken away.")]
    if await ask(screen, "ConfirmPlan", _("End it now"), lines, None):
        await backend(screen).end_planned(kind_of(aim).plural, aim.id)
        done(screen, _("It is ended."))


async def try_rules(screen: Frame, aim: Aim) -> None:
    """What the rules in force would have told of a school's last hours."""
    client = backend(screen)
    await ask(screen, "TryRules", client.try_rules, lookup_of(screen))
