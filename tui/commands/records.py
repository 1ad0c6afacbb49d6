"""Changing records: edit, new, move, retire, bulk. A plan comes before what cannot be undone."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from inventory.choices import DEVICE_KINDS
from inventory.kinds import EDITABLE, KINDS, Kind, device_plural
from tui import cells
from tui.actions import BY_ID as ACTION
from tui.actions import Aim, permission_of
from tui.backend import Json, NothingDone, code_of, extra_of
from tui.commands.common import (
    ask,
    backend,
    done,
    fresh,
    kind_of,
    lookup_of,
    nothing,
    submit,
)
from tui.dialogs.record_form import Place
from tui.frame import Frame
from tui.i18n import _, ngettext
from tui.said import translated

SHOWN_IN_PLAN = 200
SHOWN_ON_FORM = 6


async def edit(screen: Frame, aim: Aim) -> None:
    """Change fields; a stale edit shows who changed what, a refused one keeps what was typed."""
    if not aim.id:
        nothing(screen)
        return
    kind = kind_of(aim)
    record = await backend(screen).get(kind.plural, aim.id)
    changed: Json = {}
    place = Place()
    while True:
        saved = await submit(
            screen,
            "RecordForm",
            kind,
            record["values"],
            title=_("Edit {key}").format(key=cells.clean(str(record["key"]))),
            lookup=lookup_of(screen),
            draft=changed,
            place=place,
            closed=record.get("closed") or (),
            kind=kind,
            send=partial(_save, screen, kind, record),
        )
        if saved is None:
            return
        if saved.says:
            done(screen, saved.says)
            return
        record, changed = saved.record, saved.changed


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of an edit: what to say, or the record by somebody else, on which the form
    opens again with what was typed."""

    says: str = ""
    record: Json = field(default_factory=dict)
    changed: Json = field(default_factory=dict)


async def _save(screen: Frame, kind: Kind, record: Json, changed: Json) -> Saved:
    while True:
        try:
            saved = await backend(screen).edit(
                kind.plural, record["id"], record["version"], changed
            )
            return Saved(_("{key} is saved.").format(key=saved["key"]))
        except Exception as error:
            if code_of(error) != "estate.stale":
                raise
            stale = extra_of(error)
        choice = await ask(screen, "StaleEdit", stale)
        if choice == "theirs":
            return Saved(_("Kept what {name} wrote.").format(name=stale.get("changed_by", "")))
        record = stale.get("current") or await backend(screen).get(kind.plural, record["id"])
        if choice != "mine":
            return Saved(record=record, changed=changed)


async def new(screen: Frame, aim: Aim) -> None:
    """A new record of the list's kind; the school and device kind at hand are filled in."""
    client = backend(screen)
    kind = KINDS.get(screen.kind_name)
    if kind is None or screen.places & {"school", "room"}:
        action = ACTION["record.new"]
        allowed = [k for k in EDITABLE if screen.ops.may(permission_of(action, k.name))]
        name = await ask(screen, "ChooseKind", allowed)
        if name is None:
            return
        kind = KINDS[name]
    record = await submit(
        screen,
        "RecordForm",
        kind,
        _presets(screen, kind, aim),
        title=_("New: {kind}").format(kind=_(kind.label)),
        lookup=lookup_of(screen),
        new=True,
        kind=kind,
        send=partial(client.create, kind.plural),
    )
    if record is not None:
        done(screen, _("{key} is created.").format(key=record["key"]))


def _presets(screen: Frame, kind: Kind, aim: Aim) -> Json:
    found: Json = {}
    names = kind.by_name()
    if "school" in names and aim.values.get("school"):
        found["school"] = aim.values["school"]
    if kind.name == "device":
        if screen.kind_name == "room" and aim.values.get("room"):
            found["room"] = aim.values["room"]
        for name in DEVICE_KINDS:
            if getattr(screen, "plural", "") == device_plural(name):
                found["kind"] = name
    return found


async def move(screen: Frame, aim: Aim) -> None:
    """Put one device into another room or school; its history keeps where it stood."""
    if not aim.id:
        nothing(screen)
        return
    if len(aim.ids) > 1 or aim.matching:
        screen.notify(
            _("Several devices are marked; use bulk edit with the field 'room'."), markup=False
        )
        return
    record = await fresh(screen, aim)

    async def send(target: Json) -> Json:
        nonlocal record
        room, school, note = target["room"], target["school"], target["note"]
        try:
            return await backend(screen).move(record["id"], record["version"], room, school, note)
        except Exception as error:
            if code_of(error) == "estate.stale":  # it is read; who moves it now knows
                record = extra_of(error).get("current") or await fresh(screen, aim)
            raise

    moved = await submit(
        screen, "MoveDevice", record, lookup_of(screen), kind=kind_of(aim), send=send
    )
    if moved is not None:
        where = moved["values"].get("room") or moved["values"].get("school")
        done(screen, _("{key} now stands in {room}.").format(key=moved["key"], room=where))


async def retire(screen: Frame, aim: Aim) -> None:
    """Take records out of use: the reason, then the plan, then the number is typed."""
    if not aim.id:
        nothing(screen)
        return
    number = aim.count or len(aim.ids)
    key = aim.keys[0] if number == 1 else ""
    retired = await submit(
        screen, "RetireDialog", key, number, kind_of(aim).name, send=partial(_retire, screen, aim)
    )
    if retired is not None:
        _unmark(screen)
        done(screen, ngettext("{count} record is retired.", "{count} records are retired.", retired)
             .format(count=cells.number(retired)))  # fmt: skip


async def _retire(screen: Frame, aim: Aim, reason: str) -> int | None:
    """The plan, and when that is agreed to the deed; answers how many."""
    client = backend(screen)
    plan = await client.bulk(aim.plural, **_which(aim), retire=True, reason=reason, dry_run=True)
    number = int(plan["changed"])
    title = ngettext("Retire {count} record", "Retire {count} records", number)
    title = title.format(count=cells.number(number))
    if not await _confirmed(screen, kind_of(aim), title, plan, reason):
        return None
    if number == 1 and len(aim.ids) == 1 and not aim.matching:
        record = await fresh(screen, aim)
        await client.retire(kind_of(aim).plural, record["id"], record["version"], reason)
    else:
        await client.bulk(
            aim.plural, **_which(aim), retire=True, reason=reason, expect=_expect(plan)
        )
    return number


async def reinstate(screen: Frame, aim: Aim) -> None:
    """Take a retired record into use again (lists show them with the filter retired:yes)."""
    if not aim.id:
        nothing(screen)
        return
    record = await fresh(screen, aim)
    if not record.get("retired"):
        screen.notify(_("{key} is not retired.").format(key=record["key"]), markup=False)
        return
    await backend(screen).reinstate(kind_of(aim).plural, record["id"], record["version"])
    done(screen, _("{key} is in use again.").format(key=record["key"]))


async def bulk(screen: Frame, aim: Aim) -> None:
    """Set one field of all marked or matching records: a dry run is the plan."""
    if not aim.id:
        nothing(screen)
        return
    kind = kind_of(aim)
    result = await submit(
        screen,
        "BulkEdit",
        kind,
        aim.count or len(aim.ids),
        lookup_of(screen),
        kind=kind,
        send=partial(_set_field, screen, aim, kind),
    )
    if result is not None:
        _unmark(screen)
        done(screen, _("{changed} changed, {same} were so already, {refused} refused.").format(
            changed=cells.number(result["changed"]), same=cells.number(result["same"]),
            refused=cells.number(result["refused"])))  # fmt: skip


async def _set_field(screen: Frame, aim: Aim, kind: Kind, answer: Json) -> Json | None:
    client, name = backend(screen), answer["field"]
    values = {name: answer["value"]}
    plan = await client.bulk(aim.plural, **_which(aim), values=values, dry_run=True)
    shown = cells.shown(kind.field(name), answer["value"]) or _("empty")
    title = _("Set {field} to {value}").format(field=_(kind.field(name).label), value=shown)
    if not await _confirmed(screen, kind, title, plan):
        return None
    return await client.bulk(aim.plural, **_which(aim), values=values, expect=_expect(plan))


async def secret(screen: Frame, aim: Aim) -> None:
    """Set the secret of a credential; nobody can read it again."""
    if not aim.id:
        nothing(screen)
        return
    record = await fresh(screen, aim)

    async def send(answer: Json) -> bool:
        await backend(screen).set_secret(record["id"], answer["secret"], answer["secret2"])
        return True

    if await submit(screen, "SecretDialog", record, send=send):
        done(screen, _("The secret of {key} is set.").format(key=record["key"]))


def _which(aim: Aim) -> dict[str, Any]:
    return {"q": aim.q} if aim.matching else {"ids": list(aim.ids)}


def _expect(plan: Json) -> int:
    return int(plan["changed"]) + int(plan["same"]) + int(plan["refused"])


def _unmark(screen: Frame) -> None:
    from tui.screens.listing import ListScreen

    if isinstance(screen, ListScreen):
        screen.table.unmark()


def _told(kind: Kind, row: Json) -> str:
    """What changes in a record, as `Room 2.14 → 2.15`."""
    known = kind.by_name()
    return ", ".join(
        f"{_(known[name].label)} {cells.shown(known[name], pair[0]) or _('empty')} → "
        f"{cells.shown(known[name], pair[1]) or _('empty')}"
        for name, pair in (row.get("changes") or {}).items()
        if pair is not None and not known[name].protected
    )


async def _confirmed(screen: Frame, kind: Kind, title: str, plan: Json, reason: str = "") -> bool:
    """Show what a dry run found; several records want their number typed."""
    lines = [_("{changed} change, {same} stay as they are, {refused} are refused.").format(
        changed=cells.number(plan["changed"]), same=cells.number(plan["same"]),
        refused=cells.number(plan["refused"]))]  # fmt: skip
    if reason:
        lines.append(_("Reason: {reason}").format(reason=reason))
    words = {"changed": "→", "same": "=", "refused": "✖", "retired": "→"}
    for row in plan.get("rows", [])[:SHOWN_IN_PLAN]:
        mark = words.get(row.get("outcome"), row.get("outcome", ""))
        why = translated(row, str(row.get("reason") or "")) or _told(kind, row)
        lines.append(f"{mark} {row.get('key', '')}  {why}".rstrip())
    if not plan["changed"]:
        raise NothingDone("\n".join(lines[:SHOWN_ON_FORM]))
    number = plan["changed"] if plan["changed"] > 1 else None
    return bool(await ask(screen, "ConfirmPlan", title, lines, number))
