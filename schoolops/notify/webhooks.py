"""Telling other people's systems: a POST of JSON, signed, tried again until it is taken.

`Schoolops-Signature: t=SECONDS,v1=HEX`: the HMAC-SHA256, keyed with the webhook's secret, of the
time, a full stop and the body. A receiver refuses what is older than some minutes, and knows a
repetition by `Schoolops-Delivery`. What is told is written in the transaction of what it tells of.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from pathlib import Path
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update

from schoolops.core.errors import SchoolopsError, Unusable
from schoolops.core.ids import uuid7
from schoolops.core.settings import Webhook
from schoolops.db.engine import Store, UnitOfWork
from schoolops.notify.models import webhook_call

log = logging.getLogger("schoolops.notify")

DELAYS_S = (30, 60, 300, 900, 1800, 3600)
"""Until the next try, after each that failed; the last goes on."""
GIVE_UP_US = 48 * 3600 * 1_000_000
KEEP_US = 14 * 86_400 * 1_000_000
TIMEOUT_S = 15.0
CLAIM_US = 120_000_000
A_ROUND = 50


def post(unit: UnitOfWork, event: str, content: str) -> int:
    """Put a call to each system of `alerts.webhooks` into the outbox; answers how many."""
    hooks = unit.store.settings.alerts.webhooks
    for hook in hooks:
        unit.connection.execute(
            insert(webhook_call).inline(),
            {"uid": uuid7(), "url": hook.url, "event": event, "content": content,
             "state": "waiting", "created_at": unit.now, "due_at": unit.now},
        )  # fmt: skip
    return len(hooks)


def send_due(store: Store) -> None:
    """Make the calls that are due; each once, from whichever server takes it first."""
    if not store.settings.alerts.webhooks:
        return
    hooks = {hook.url: hook for hook in store.settings.alerts.webhooks}
    for _ in range(A_ROUND):
        with store.read() as connection:
            if connection.execute(_next(store.clock.now()).limit(1)).first() is None:
                return
        with store.write() as unit:
            row = unit.connection.execute(
                _next(unit.now).limit(1).with_for_update(skip_locked=True)
            ).one_or_none()
            if row is None:
                return
            _set(unit, row.id, claimed_until=unit.now + CLAIM_US)
        problem = _call(hooks.get(row.url), row)
        with store.write() as unit:
            _noted(unit, row, problem)


def _next(now: int) -> Any:
    c = webhook_call.c
    free = or_(c.claimed_until.is_(None), c.claimed_until < now)
    due = and_(c.state == "waiting", c.due_at <= now, free)
    return select(webhook_call).where(due).order_by(c.id)


def _set(unit: UnitOfWork, row_id: int, **values: Any) -> None:
    unit.connection.execute(update(webhook_call).where(webhook_call.c.id == row_id).values(values))


def _noted(unit: UnitOfWork, row: Any, problem: str) -> None:
    if not problem:
        _set(unit, row.id, state="sent", error="", attempts=row.attempts + 1)
        return
    over = unit.now - row.created_at > GIVE_UP_US
    wait = DELAYS_S[min(row.attempts, len(DELAYS_S) - 1)]
    later = unit.now + wait * 1_000_000
    state = "failed" if over else "waiting"
    _set(unit, row.id, state=state, error=problem, attempts=row.attempts + 1, due_at=later,
         claimed_until=None)  # fmt: skip
    log.warning("webhook %s: %s", _place(row.url), problem)


def _place(url: str) -> str:
    """The address without what may be a secret in its path."""
    import httpx

    return httpx.URL(url).host


def _call(hook: Webhook | None, row: Any) -> str:
    """Make one call; answers what is wrong, '' when it was taken."""
    import httpx

    if hook is None:
        return "it is not in alerts.webhooks any more"
    try:
        body = row.content.encode()
        headers = {
            "content-type": "application/json",
            "schoolops-event": row.event,
            "schoolops-delivery": row.uid,
            "schoolops-signature": signature(secret_of(hook), body, int(time.time())),
        }
        answer = httpx.post(
            hook.url, content=body, headers=headers, timeout=TIMEOUT_S, follow_redirects=False
        )
    except SchoolopsError as error:
        return str(error)
    except httpx.HTTPError as error:
        return f"cannot be reached ({type(error).__name__})"
    return "" if answer.is_success else f"answered {answer.status_code}"


def secret_of(hook: Webhook) -> bytes:
    """The secret of a webhook; `Unusable` when its file is not there or too short."""
    try:
        secret = Path(hook.secret_file).expanduser().read_bytes().strip()
    except OSError as error:
        raise Unusable(
            f"the secret file {hook.secret_file} cannot be read: {error.strerror}"
        ) from None
    if len(secret) < 16:
        raise Unusable(f"the secret in {hook.secret_file} has less than 16 characters")
    return secret


def signature(secret: bytes, body: bytes, at: int) -> str:
    """What the header says for a body sent at that time (Unix seconds)."""
    made = hmac.new(secret, b"%d.%s" % (at, body), hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"


def forget_old(store: Store) -> None:
    """Delete calls that are over."""
    c = webhook_call.c
    with store.write() as unit:
        unit.connection.execute(
            delete(webhook_call).where(c.state != "waiting", c.created_at < unit.now - KEEP_US)
        )
