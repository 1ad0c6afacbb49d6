"""Going somewhere."""

from __future__ import annotations

from inventory.kinds import BY_PLURAL, KINDS, find_kind
from tui import lists
from tui.actions import ACTIONS, Aim
from tui.commands.common import ask, lookup_of, nothing, open_record
from tui.frame import Frame
from tui.i18n import _
from tui.screens.listing import ListScreen

MAIN = "main."
"""How the ids of actions begin that lead to a screen of the first floor."""


def open_row(screen: Frame, aim: Aim) -> None:
    """The record under the cursor; for the audit, the record an event is about."""
    if not aim.id:
        nothing(screen)
    elif aim.id == getattr(screen, "record", {}).get("id"):
        screen.notify(_("That is what you see; e edits it."), markup=False)
    elif aim.plural == "audit":
        kind, record = KINDS.get(str(aim.values.get("kind"))), aim.values.get("record")
        if record and kind is not None and kind.editable:
            open_record(screen, kind.plural, str(record))
    elif aim.plural in {*BY_PLURAL, *lists.TITLES} - {"discovered"}:
        # A school's screen asks by its number: known, it needs one round trip less.
        open_record(screen, aim.plural, aim.key if aim.plural == "schools" else aim.id)


def back(screen: Frame, aim: Aim) -> None:
    """To the screen before; on a list first without marks, then without filter."""
    if isinstance(screen, ListScreen):
        if screen.table.marks or screen.table.all_marked:
            screen.table.unmark()
            screen.show_state()
            return
        if screen.q and screen.ops.depth == 1:
            screen.apply_filter("")
            return
    if screen.ops.depth > 1:
        screen.app.pop_screen()


async def jump(screen: Frame, aim: Aim) -> None:
    """To any school, room, device or list by typing."""
    names = [(plural, _(title)) for plural, title in lists.TITLES.items()]
    names += [
        (action.id.removeprefix(MAIN), _(action.label))
        for action in ACTIONS
        if action.id.startswith(MAIN)
        and action.id.removeprefix(MAIN) not in lists.TITLES
        and screen.offers(action.id)
    ]
    chosen = await ask(screen, "JumpDialog", lookup_of(screen, wide=True), lists=names)
    if chosen is None:
        return
    kind, key = chosen
    if kind == "list" and key not in lists.TITLES:
        await screen.action_run(MAIN + key)
    elif kind == "list":
        await screen.ops.show_main(lambda: ListScreen(key))
    else:
        open_record(screen, find_kind(kind)[0].plural, key)


def open_place(screen: Frame, aim: Aim) -> None:
    """The room of a device, else its school."""
    school = aim.values.get("school")
    if (room := aim.values.get("room")) and aim.plural != "rooms":
        # A ticket names its room as the school does.
        key = room if str(room).startswith(f"{school}/") else f"{school}/{room}"
        open_record(screen, "rooms", str(key) if school else str(room))
    else:
        open_school(screen, aim)


def open_school(screen: Frame, aim: Aim) -> None:
    """The school a record belongs to."""
    if school := aim.values.get("school"):
        open_record(screen, "schools", str(school))
    else:
        nothing(screen)


def its_devices(screen: Frame, aim: Aim) -> None:
    """All devices of the school or room under the cursor."""
    if not aim.key:
        nothing(screen)
        return
    word = "room" if aim.plural == "rooms" else "school"
    key = aim.key if aim.plural in ("rooms", "schools") else aim.values.get("school")
    quoted = f'"{key}"' if "/" in str(key) or " " in str(key) else key
    screen.app.push_screen(ListScreen("devices", f"{word}:{quoted}"))


async def _list(screen: Frame, plural: str) -> None:
    await screen.ops.show_main(lambda: ListScreen(plural))


async def main_overview(screen: Frame, aim: Aim) -> None:
    from tui.screens.overview import Overview

    await screen.ops.show_main(Overview)


async def main_schools(screen: Frame, aim: Aim) -> None:
    await _list(screen, "schools")


async def main_rooms(screen: Frame, aim: Aim) -> None:
    await _list(screen, "rooms")


async def main_access_points(screen: Frame, aim: Aim) -> None:
    await _list(screen, "access-points")


async def main_ipads(screen: Frame, aim: Aim) -> None:
    await _list(screen, "ipads")


async def main_uplinks(screen: Frame, aim: Aim) -> None:
    await _list(screen, "uplinks")


async def main_agents(screen: Frame, aim: Aim) -> None:
    await _list(screen, "agents")


async def main_discovered(screen: Frame, aim: Aim) -> None:
    await _list(screen, "discovered")


async def main_audit(screen: Frame, aim: Aim) -> None:
    await _list(screen, "audit")


async def main_devices(screen: Frame, aim: Aim) -> None:
    await _list(screen, "devices")


async def main_switches(screen: Frame, aim: Aim) -> None:
    await _list(screen, "switches")


async def main_contacts(screen: Frame, aim: Aim) -> None:
    await _list(screen, "contacts")


async def main_services(screen: Frame, aim: Aim) -> None:
    await _list(screen, "services")


async def main_sites(screen: Frame, aim: Aim) -> None:
    await _list(screen, "sites")


async def main_buildings(screen: Frame, aim: Aim) -> None:
    await _list(screen, "buildings")


async def main_credentials(screen: Frame, aim: Aim) -> None:
    await _list(screen, "credentials")


async def main_people(screen: Frame, aim: Aim) -> None:
    await _list(screen, "accounts")


async def main_delegations(screen: Frame, aim: Aim) -> None:
    await _list(screen, "delegations")


async def main_approvals(screen: Frame, aim: Aim) -> None:
    await _list(screen, "approvals")


async def main_incidents(screen: Frame, aim: Aim) -> None:
    await _list(screen, "incidents")


async def main_tickets(screen: Frame, aim: Aim) -> None:
    await _list(screen, "tickets")


async def main_windows(screen: Frame, aim: Aim) -> None:
    await _list(screen, "windows")


async def main_on_calls(screen: Frame, aim: Aim) -> None:
    await _list(screen, "on-calls")


async def main_rules(screen: Frame, aim: Aim) -> None:
    from tui.screens.rules import RulesScreen

    await screen.ops.show_main(RulesScreen)


async def main_contracts(screen: Frame, aim: Aim) -> None:
    from tui.screens.contracts import ContractsScreen

    await screen.ops.show_main(ContractsScreen)


async def main_tokens(screen: Frame, aim: Aim) -> None:
    from tui.screens.tokens import TokensScreen

    await screen.ops.show_main(TokensScreen)
