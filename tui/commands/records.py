"""Changing records: edit, new, move, retire, bulk. A plan comes before what cannot be undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.kinds import DEVICE_KINDS, EDITABLE, KINDS, Kind, device_plural
from tui import cells
from tui.actions import BY_ID as ACTION
from tui.actions import Aim, permission_of
from tui.backend import Json, code_of, extra_of
from tui.commands.common import (
    ask,
    backend,
    done,
    field_errors,
    fresh,
    kind_of,
    lookup_of,
    nothing,
)
from tui.dialogs.record_form import Place
from tui.frame import Frame
from tui.i18n import _, ngettext
from tui.said import translated

SHOWN_IN_PLAN = 200


async def edit(screen: Frame, aim: Aim) -> None:
    """Change fields; a stale edit shows who changed what, a refused one keeps what was typed."""
    if not aim.id:
        nothing(screen)
        return
    client, kind = backend(screen), kind_of(aim)
    record = await client.get(kind.plural, aim.id)
    changed: Json = {}
    errors: Mapping[str, str] = {}
    place = Place()
    write_again = False
    while True:
        if not write_again:
            answer = await ask(
                screen,
                "RecordForm",
                kind,
                record["values"],
                title=_("Edit {key}").format(key=cells.clean(str(record["key"]))),
                lookup=lookup_of(screen),
                draft=changed,
                errors=errors,
                place=place,
                closed=record.get("closed") or (),
            )
            if not answer:
                return
            changed = answer
        write_again, errors = False, {}
        try:
            record = await client.edit(kind.plural, aim.id, record["version"], changed)
        except Exception as error:
            if code_of(error) == "estate.stale":
                choice = await ask(screen, "StaleEdit", extra_of(error))
                record = extra_of(error).get("current") or await fresh(screen, aim)
                if choice == "theirs":
                    name = extra_of(error).get("changed_by", "")
                    done(screen, _("Kept what {name} wrote.").format(name=name))
                    return
                write_again = choice == "mine"
                continue
            if not (errors := field_errors(error, kind)):
                raise
            continue
        done(screen, _("{key} is saved.").format(key=record["key"]))
        return


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
    draft = _presets(screen, kind, aim)
    errors: Mapping[str, str] = {}
    place = Place()
    while True:
        values = await ask(
            screen,
            "RecordForm",
            kind,
            draft,
            title=_("New: {kind}").format(kind=_(kind.label)),
            lookup=lookup_of(screen),
            errors=errors,
            place=place,
            new=True,
        )
        if not values:
            return
        try:
            record = await client.create(kind.plural, values)
        except Exception as error:
            if not (found := field_errors(error, kind)):
                raise
            draft, errors = dict(values), found
            continue
        done(screen, _("{key} is created.").format(key=record["key"]))
        return


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
    target = await ask(screen, "MoveDevice", record, lookup_of(screen))
    if target is None:
        return
    moved = await backend(screen).move(
        record["id"], record["version"], target["room"], target.get("school"), target["note"]
    )
    where = moved["values"].get("room") or moved["values"].get("school")
    done(screen, _("{key} now stands in {room}.").format(key=moved["key"], room=where))


async def retire(screen: Frame, aim: Aim) -> None:
    """Take records out of use: the reason, then the plan, then the number is typed."""
    if not aim.id:
        nothing(screen)
        return
    client, kind = backend(screen), kind_of(aim)
    number = aim.count or len(aim.ids)
    key = aim.keys[0] if number == 1 else ""
    reason = await ask(screen, "RetireDialog", key, number, kind.name)
    if not reason:
        return
    plan = await client.bulk(aim.plural, **_which(aim), retire=True, reason=reason, dry_run=True)
    number = plan["changed"]
    title = ngettext("Retire {count} record", "Retire {count} records", number)
    if not await _confirmed(screen, kind, title.format(count=cells.number(number)), plan, reason):
        return
    if number == 1 and len(aim.ids) == 1 and not aim.matching:
        record = await fresh(screen, aim)
        await client.retire(kind.plural, record["id"], record["version"], reason)
    else:
        await client.bulk(
            aim.plural, **_which(aim), retire=True, reason=reason, expect=_expect(plan)
        )
    _unmark(screen)
    done(screen, ngettext("{count} record is retired.", "{count} records are retired.", number)
         .format(count=cells.number(number)))  # fmt: skip


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
    client, kind = backend(screen), kind_of(aim)
    answer = await ask(screen, "BulkEdit", kind, aim.count or len(aim.ids), lookup_of(screen))
    if answer is None:
        return
    values = {answer["field"]: answer["value"]}
    plan = await client.bulk(aim.plural, **_which(aim), values=values, dry_run=True)
    field = kind.field(answer["field"])
    shown = cells.shown(field, answer["value"]) or _("empty")
    title = _("Set {field} to {value}").format(field=_(field.label), value=shown)
    if not await _confirmed(screen, kind, title, plan):
        return
    result = await client.bulk(aim.plural, **_which(aim), values=values, expect=_expect(plan))
    _unmark(screen)
    done(screen, _("{changed} changed, {same} were so already, {refused} refused.").format(
        changed=cells.number(result["changed"]), same=cells.number(result["same"]),
        refused=cells.number(result["refused"])))  # fmt: skip


async def secret(screen: Frame, aim: Aim) -> None:
    """Set the secret of a credential; nobody can read it again."""
    if not aim.id:
        nothing(screen)
        return
    record = await fresh(screen, aim)
    answer = await ask(screen, "SecretDialog", record)
    if answer is None:
        return
    await backend(screen).set_secret(record["id"], answer["secret"], answer.get("secret2") or "")
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
        screen.notify("\n".join(lines[:6]), severity="warning", markup=False)
        return False
    number = plan["changed"] if plan["changed"] > 1 else None
    return bool(await ask(screen, "ConfirmPlan", title, lines, number))
