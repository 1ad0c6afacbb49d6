"""What the commands share: the connection, lookups for dialogs, opening records."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from inventory.fields import fold
from inventory.kinds import KINDS, Kind, find_kind
from tui import cells
from tui.actions import Aim
from tui.backend import Backend, Json, code_of, extra_of, sentence
from tui.dialogs import dialog
from tui.frame import Frame
from tui.i18n import _
from tui.said import translated
from tui.typeahead import Shown, show_dialog

Done = TypeVar("Done")

SLOW_S = 0.3
"""After so long a form says that it waits."""

MOST_FOUND = 12
MOST_READ = 100
_LABELS = {
    "school": ("short_name", "city"),
    "room": ("school_name", "kind"),
    "device": ("name", "school_name", "model"),
    "site": ("school_name", "street"),
    "building": ("school_name",),
    "credential": ("kind", "username"),
    "agent": ("name", "school_name"),
    "uplink": ("school_name", "provider"),
    "contact": ("name", "phone"),
    "account": ("name", "roles"),
    "ticket": ("title", "school_name", "room"),
}


class Unconnected(ConnectionError):
    """There is no server yet."""


def backend(screen: Frame) -> Backend:
    """The client; raises Unconnected before the first connection stands."""
    if screen.client is None:
        raise Unconnected
    return screen.client


def kind_of(aim: Aim) -> Kind:
    return find_kind(aim.plural)[0]


def lookup_of(screen: Frame, *, wide: bool = False) -> Any:
    """Searches records for a dialog: (kind, filter text) → [(key, label)].

    `wide`: words may be those of the school in which something stands.
    """
    client = backend(screen)

    async def lookup(kind_name: str, text: str) -> Sequence[tuple[str, str]]:
        kind = KINDS[kind_name]
        names = tuple(n for n in _LABELS.get(kind_name, ("name",)) if n in kind.by_name())
        words = f"number:{text}" if kind_name == "ticket" and text.isdecimal() else text
        page = await client.page(kind.plural, q=words, limit=MOST_READ, columns=names, wide=wide)
        found = [(str(row[1]), _label(kind, names, row[4:])) for row in page.rows]
        typed = [fold(word) for word in text.split() if ":" not in word]
        found.sort(key=lambda one: _distance(one, typed))
        return found[:MOST_FOUND]

    return lookup


def _distance(found: tuple[str, str], words: Sequence[str]) -> int:
    """How far a record is from what was typed: its key, a word of its name, anything else."""
    key, parts = fold(found[0]), fold(f"{found[0]} {found[1]}").replace("/", " ").split()
    if words and key.startswith(words[0]):
        return 0
    return sum(not any(part.startswith(word) for part in parts) for word in words) + 1


def _label(kind: Kind, names: Sequence[str], values: Sequence[Any]) -> str:
    texts = [
        cells.shown(kind.field(name), value) for name, value in zip(names, values, strict=True)
    ]
    return "  ".join(text for text in texts if text)


async def ask(screen: Frame, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Show a dialog and wait for its answer."""
    return await show_dialog(screen.ops, dialog(name, *args, **kwargs))


async def submit(
    screen: Frame,
    name: str,
    /,
    *args: Any,
    send: Callable[[Any], Awaitable[Done | None]],
    kind: Kind | None = None,
    **kwargs: Any,
) -> Done | None:
    """Show a form and carry its answer out by `send`; the form closes only when that is done.

    What is refused is said on the form, at the fields of `kind` that it is about, and all that was
    typed stands; so it does when `send` answers None (a plan nobody agreed to). Answers what
    `send` did, or None when the person gave up.
    """
    form = await Shown(screen.ops, dialog(name, *args, **kwargs)).open(stays=True)
    while True:
        answer = await form.answer()
        if form.closed:
            return None
        form.dialog.working = True
        waits = asyncio.get_running_loop().call_later(SLOW_S, form.dialog.wait)
        try:
            done = await send(answer)
        except Exception as error:
            if form.closed:
                raise
            form.dialog.refuse(field_errors(error, kind) or {"": screen.ops.explain(error)})
            screen.ops.look_at(error)
            continue
        finally:
            waits.cancel()
            form.dialog.working = False
        if done is not None or form.closed:
            await form.close()
            return done
        form.dialog.refuse({})


WITH_FIELDS = ("estate.invalid", "auth.field_closed")
"""Refusals that name fields and say what is wrong with each."""


def field_errors(error: Exception, kind: Kind | None) -> dict[str, str]:
    """Field → sentence (or '' → sentence) of a refusal; empty for an error nobody expected."""
    extra = extra_of(error)
    errors, params = extra.get("errors"), extra.get("params") or {}
    if not isinstance(errors, dict):
        errors = {}
    if code_of(error) in WITH_FIELDS and errors and kind is not None:
        known = kind.by_name()
        return {
            name: translated(
                params.get(name) or {},
                str(text),
                **({"field": _(known[name].label)} if name in known else {}),
            )
            for name, text in errors.items()
        }
    text = sentence(error)
    return {next(iter(errors), ""): text} if text else {}


def open_record(screen: Frame, plural: str, id: str) -> None:
    """Show a record on its own screen."""
    kind = find_kind(plural)[0].name
    made: Frame
    if kind == "school":
        from tui.screens.school import SchoolScreen

        made = SchoolScreen(id)
    elif kind == "room":
        from tui.screens.room import RoomScreen

        made = RoomScreen(id)
    elif kind == "account":
        from tui.screens.person import PersonScreen

        made = PersonScreen(plural, id)
    elif kind == "incident":
        from tui.screens.incident import IncidentScreen

        made = IncidentScreen(plural, id)
    elif kind == "ticket":
        from tui.screens.ticket import TicketScreen

        made = TicketScreen(plural, id)
    else:
        from tui.screens.record import RecordScreen

        made = RecordScreen(plural, id)
    screen.app.push_screen(made)


async def fresh(screen: Frame, aim: Aim) -> Json:
    """The record an action means, as the server has it now."""
    return await backend(screen).get(kind_of(aim).plural, aim.id)


def nothing(screen: Frame) -> None:
    """Say that there is nothing under the cursor."""
    screen.notify(_("There is nothing here to do that with."), markup=False)


def done(screen: Frame, text: str) -> None:
    """Say what happened and show it."""
    screen.notify(cells.clean(text), markup=False)
    screen.reload()
