"""The check 'agents' of `schoolops doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from schoolops.cli.db import status_of
from schoolops.db.engine import Store
from schoolops.fleet.models import agent

if TYPE_CHECKING:
    from schoolops.core.settings import Settings

CLOCK_OFF_MS = 60_000
"""An agent whose clock is further off is told."""


def check_agents(settings: Settings) -> tuple[str, str]:
    """Whether an identity is used by two machines at once (a router that was cloned), and whose
    clock is wrong."""
    if not status_of(settings)["up_to_date"]:
        return "ok", "none are known yet"
    store = Store.open(settings)
    try:
        with store.read() as connection:
            rows = connection.execute(
                select(agent.c.name, agent.c.machines)
                .where(agent.c.state == "active", agent.c.cloned_until > store.clock.now())
                .order_by(agent.c.name)
            ).all()
            wrong = connection.execute(
                select(agent.c.name, agent.c.clock_offset_ms)
                .where(agent.c.state == "active")
                .where(func.abs(agent.c.clock_offset_ms) > CLOCK_OFF_MS)
                .order_by(agent.c.name)
            ).all()
    finally:
        store.close()
    if rows:
        told = "; ".join(f"{row.name} by {row.machines}" for row in rows)
        return "fail", (
            f"two machines report as one agent: {told}; revoke it (schoolops agent revoke NAME), "
            "invite two, and let each machine join anew with --replace"
        )
    if wrong:
        clocks = "; ".join(f"{row.name} {_off(row.clock_offset_ms)}" for row in wrong[:5])
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        return "warn", (
            f"the clocks of {len(wrong)} agents are wrong: {clocks}{more}; their reports are dated "
            "by ours, but turn NTP on there"
        )
    return "ok", "each is one machine"


def _off(offset_ms: int) -> str:
    """How an agent's clock is set, from the server's less its own."""
    return f"{abs(offset_ms) // 1000} s {'slow' if offset_ms > 0 else 'fast'}"
