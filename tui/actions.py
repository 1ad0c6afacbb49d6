"""The one registry of what a person can do: keys, `?`, palette, key docs and permissions.

An action says where it works (`places` of a screen), what permission it needs, whether it
writes, and the dotted path of the function that does it, imported on first use. The function
gets the screen and the `Aim`: what lay under the cursor when the key was pressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from textual.binding import Binding

from tui.i18n import _

N_ = str
"""Marks a message for extraction; it is translated where it is shown."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do. `key` may list several, split by commas."""

    id: str
    key: str
    label: str
    run: str
    places: frozenset[str] = frozenset({"any"})
    permission: str = ""
    writes: bool = False
    show: bool = False
    tooltip: str = ""

    @property
    def group(self) -> str:
        """The heading in the help under which it stands."""
        return _GROUPS.get(self.id.partition(".")[0], "")


@dataclass(frozen=True, slots=True)
class Aim:
    """What an action acts on, taken at the key press.

    `ids` are the marked rows, or the one under the cursor; with `matching` the action means
    all that match `q`, `count` of them.
    """

    plural: str = ""
    id: str = ""
    key: str = ""
    version: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    matching: bool = False
    marked: bool = False
    q: str = ""
    count: int | None = None


_GROUPS = {
    "row": N_("Moving about"), "column": N_("Moving about"),
    "go": N_("Going somewhere"), "school": N_("Going somewhere"), "main": N_("Main screens"),
    "list": N_("Looking"), "view": N_("Looking"), "overview": N_("Looking"), "mark": N_("Marks"),
    "record": N_("Changing"), "device": N_("Changing"), "credential": N_("Changing"),
    "agent": N_("Changing"), "discovered": N_("Changing"), "token": N_("Changing"),
    "audit": N_("Looking"), "file": N_("Files and clipboard"), "copy": N_("Files and clipboard"),
    "account": N_("People and rights"), "delegation": N_("People and rights"),
    "approval": N_("People and rights"), "access": N_("People and rights"),
    "incident": N_("Incidents and maintenance"), "window": N_("Incidents and maintenance"),
    "rule": N_("Incidents and maintenance"), "ticket": N_("Tickets"),
    "help": N_("The program"), "palette": N_("The program"), "app": N_("The program"),
}  # fmt: skip


def _in(*places: str) -> frozenset[str]:
    return frozenset(places)


_RECORDS = _in("list", "record", "school", "room")
_EDITABLE = _in("editable")
_GO = "tui.commands.go:"
_VIEW = "tui.commands.view:"
_EDIT = "tui.commands.records:"
_FILES = "tui.commands.files:"
_FLEET = "tui.commands.fleet:"
_RIGHTS = "tui.commands.rights:"
_PLAN = "tui.commands.plan:"
_INCIDENTS = "tui.commands.incidents:"
_TICKETS = "tui.commands.tickets:"

ACTIONS: tuple[Action, ...] = (
    # moving about
    Action("row.down", "j,down", N_("Down"), _VIEW + "step_down"),
    Action("row.up", "k,up", N_("Up"), _VIEW + "step_up"),
    Action("row.top", "g,home", N_("First row"), _VIEW + "step_top"),
    Action("row.bottom", "G,end", N_("Last row"), _VIEW + "step_bottom"),
    Action("row.half_down", "ctrl+d", N_("Half a page down"), _VIEW + "step_half_down"),
    Action("row.half_up", "ctrl+u", N_("Half a page up"), _VIEW + "step_half_up"),
    Action("row.page_down", "pagedown,ctrl+f", N_("A page down"), _VIEW + "step_page_down"),
    Action("row.page_up", "pageup", N_("A page up"), _VIEW + "step_page_up"),
    Action("column.left", "h,left", N_("Column to the left"), _VIEW + "step_left", _in("table")),
    Action("column.right", "l,right", N_("Column to the right"), _VIEW + "step_right",
           _in("table")),
    Action("row.open", "enter", N_("Open"), _GO + "open_row", _in("table", "lines"), show=True),
    Action("go.back", "escape", N_("Back"), _GO + "back"),
    # people and rights
    Action("account.end_sessions", "d", N_("Sign person out"), _RIGHTS + "end_sessions",
           _in("accounts"), "accounts.write", True, True, N_("Sign a person out everywhere")),
    Action("delegation.new", "n", N_("Hand on"), _RIGHTS + "delegate",
           _in("delegations", "accounts"), "delegations.write", True, True,
           N_("Hand own rights on to somebody, at a school, for a time")),
    Action("delegation.revoke", "d", N_("Revoke"), _RIGHTS + "revoke", _in("delegations"),
           writes=True, show=True, tooltip=N_("What you gave, what you have, or at your school")),
    Action("approval.approve", "a", N_("Approve"), _RIGHTS + "approve", _in("approvals"),
           "approvals.decide", True, True),
    Action("approval.reject", "d", N_("Reject"), _RIGHTS + "reject", _in("approvals"),
           "approvals.decide", True, True),
    Action("approval.withdraw", "W", N_("Withdraw"), _RIGHTS + "withdraw", _in("approvals"),
           writes=True, show=True, tooltip=N_("Take an own proposal back")),
    # incidents
    Action("incident.claim", "C", N_("Take"), _INCIDENTS + "claim", _in("incidents"),
           "incidents.write", True, True, N_("One person alone looks after it")),
    Action("incident.acknowledge", "a", N_("Acknowledge"), _INCIDENTS + "acknowledge",
           _in("incidents"), "incidents.write", True, True,
           N_("Somebody has seen it; it is told no further")),
    Action("incident.note", "n", N_("Note"), _INCIDENTS + "note", _in("incidents"),
           "incidents.write", True, True, N_("Write down what was found out or done")),
    Action("incident.report", "f", N_("Fault report"), _INCIDENTS + "report", _in("incidents"),
           show=True, tooltip=N_("To the provider, with what was measured")),
    Action("incident.release", "R", N_("Give back"), _INCIDENTS + "release", _in("incidents"),
           "incidents.write", True, True, N_("Or take it from somebody who is away")),
    Action("incident.update", "U", N_("Answer all"), _TICKETS + "tell_all", _in("incidents"),
           "tickets.write", True, True, N_("One update goes to all who reported the fault")),
    Action("incident.tickets", "v", N_("Its tickets"), _TICKETS + "of_incident",
           _in("incidents"), "tickets.open", show=True),
    # tickets
    Action("ticket.reply", "a", N_("Answer"), _TICKETS + "reply", _in("tickets"), "tickets.open",
           True, True, N_("To the reporter, and to all that joined it")),
    Action("ticket.note", "n", N_("Note"), _TICKETS + "note", _in("tickets"), "tickets.write",
           True, True, N_("Among colleagues; no reporter reads it")),
    Action("ticket.take", "C", N_("Take"), _TICKETS + "take", _in("tickets"), "tickets.write",
           True, True),
    Action("ticket.solve", "f", N_("Solved"), _TICKETS + "solve", _in("tickets"),
           "tickets.write", True, True, N_("The reporter is asked whether it works")),
    Action("ticket.close", "d", N_("Close"), _TICKETS + "close", _in("tickets"), "tickets.open",
           True, True, N_("Done for good; what joined it is closed with it")),
    Action("ticket.wait", "W", N_("Wait"), _TICKETS + "wait", _in("tickets"), "tickets.write",
           True, True, N_("For the school or a vendor: its clocks stand still")),
    Action("ticket.reopen", "D", N_("Open again"), _TICKETS + "reopen", _in("tickets"),
           "tickets.open", True, True),
    Action("ticket.whose", "z", N_("Whose"), _TICKETS + "whose", _in("ticket-list"), show=True,
           tooltip=N_("One's own tickets, those that nobody has, and all again")),
    Action("ticket.give", "m", N_("Give to"), _TICKETS + "give", _in("tickets"), "tickets.write",
           True, True, N_("To somebody, or to nobody")),
    Action("ticket.priority", "p", N_("Priority"), _TICKETS + "prioritise", _in("tickets"),
           "tickets.write", True, True),
    Action("ticket.open_incident", "i", N_("Its incident"), _TICKETS + "open_incident",
           _in("tickets"), show=True),
    Action("ticket.open_device", "v", N_("Its device"), _TICKETS + "open_device",
           _in("tickets"), show=True),
    Action("ticket.open_other", "enter", N_("Tickets with it"), _TICKETS + "open_other",
           _in("ticket"), "tickets.open", tooltip=N_("What joined it, and what it has to do with")),
    Action("ticket.join", "J", N_("About the same as"), _TICKETS + "join", _in("tickets"),
           "tickets.write", True, tooltip=N_("What is answered there is answered here")),
    Action("ticket.leave", "U", N_("Take out"), _TICKETS + "leave", _in("tickets"),
           "tickets.write", True, tooltip=N_("Out of the ticket that it joined")),
    Action("ticket.link", "B", N_("Has to do with"), _TICKETS + "link", _in("tickets"),
           "tickets.write", True, tooltip=N_("Another ticket")),
    Action("ticket.incident", "F", N_("Belongs to the incident"), _TICKETS + "fault",
           _in("tickets"), "tickets.write", True, tooltip=N_("Or to none")),
    Action("ticket.new", "N", N_("New ticket"), _TICKETS + "new", permission="tickets.open",
           writes=True, tooltip=N_("About what is under the cursor, or anything")),
    # maintenance, on call, rules
    Action("window.new", "n", N_("Plan maintenance"), _PLAN + "plan_window", _in("windows"),
           "incidents.write", True, True),
    Action("on-call.new", "n", N_("Plan an on-call time"), _PLAN + "plan_on_call",
           _in("on-calls"), "incidents.write", True, True),
    Action("window.end", "d", N_("End now"), _PLAN + "end", _in("windows", "on-calls"),
           "incidents.write", True, True),
    Action("rule.try", "T", N_("Try them"), _PLAN + "try_rules", _in("rules"), show=True,
           tooltip=N_("What the rules would have told of the last hours of a school")),
    # finding
    Action("list.filter", "slash", N_("Filter"), _VIEW + "open_filter", _in("list"), show=True),
    Action("go.jump", "colon", N_("Jump"), _GO + "jump", show=True,
           tooltip=N_("Jump to a school, room or device, or to another list")),
    Action("help.show", "question_mark", N_("Help"), _VIEW + "show_help", show=True),
    Action("palette.show", "ctrl+p", N_("Palette"), _VIEW + "show_palette"),
    Action("list.sort", "s", N_("Sort by this column"), _VIEW + "sort_up", _in("list")),
    Action("list.sort_down", "S", N_("Sort downwards"), _VIEW + "sort_down", _in("list")),
    Action("list.columns", "c", N_("Columns"), _VIEW + "choose_columns", _in("list"), show=True),
    Action("view.reload", "r", N_("Reload"), _VIEW + "reload"),
    Action("graph.span", "z", N_("Longer time"), "tui.commands.graphs:next_span", _in("measured"),
           show=True, tooltip=N_("Graphs over 6 hours, 24 hours, 7 days, 30 days, and again")),
    Action("overview.counts", "tab", N_("Numbers"), _VIEW + "focus_counts", _in("overview"),
           show=True, tooltip=N_("Choose a number with the arrows; Enter shows what it counts")),
    # marks
    Action("mark.toggle", "space", N_("Mark"), _VIEW + "mark", _in("list")),
    Action("mark.all", "asterisk", N_("Mark all matching"), _VIEW + "mark_all", _in("list")),
    Action("mark.none", "u", N_("Unmark"), _VIEW + "unmark", _in("list")),
    # records
    Action("record.edit", "e", N_("Edit"), _EDIT + "edit", _EDITABLE, "estate.write", True, True),
    Action("record.new", "n", N_("New"), _EDIT + "new", _in("editable", "overview"),
           "estate.write", True, True),
    Action("device.move", "m", N_("Move"), _EDIT + "move", _in("device"), "estate.write", True,
           True, N_("Put a device into another room or school")),
    Action("record.retire", "d", N_("Retire"), _EDIT + "retire", _EDITABLE, "estate.write", True,
           True, N_("Shows the plan first; retired records stay in the history")),
    Action("record.reinstate", "D", N_("Reinstate"), _EDIT + "reinstate", _EDITABLE,
           "estate.write", True),
    Action("record.bulk", "b", N_("Bulk edit"), _EDIT + "bulk", _in("editable-list"),
           "estate.write", True, True, N_("Set one field of all marked or matching records")),
    Action("credential.secret", "p", N_("Set the secret"), _EDIT + "secret", _in("credential"),
           "credentials.write", True, True),
    # files
    Action("list.export", "x", N_("Export"), _FILES + "export", _in("list"), show=True),
    Action("file.import", "i", N_("Import"), _FILES + "import_file", _in("editable-list",
           "overview"), "estate.write", True),
    Action("copy.cell", "y", N_("Copy"), _FILES + "copy", _in("table", "record", "lines"),
           tooltip=N_("Copy to the clipboard of your own computer (OSC 52)")),
    # neighbours
    Action("go.room", "o", N_("Room or school"), _GO + "open_place", _RECORDS,
           tooltip=N_("Open the room of a device, else the school")),
    Action("go.school", "O", N_("School"), _GO + "open_school", _RECORDS),
    Action("school.devices", "v", N_("Its devices"), _GO + "its_devices", _in("school", "room",
           "school-list", "room-list")),
    # agents, discovered devices, tokens
    Action("agent.invite", "n", N_("Invite an agent"), _FLEET + "invite", _in("agents"),
           "agents.write", True, True),
    Action("agent.ask", "a", N_("Ask the agent"), _FLEET + "ask_for", _in("agents"),
           "agents.write", True, True,
           N_("For a line test, diagnostics, a device's values, or an upgrade")),
    Action("agent.revoke", "d", N_("Revoke"), _FLEET + "revoke", _in("agents"), "agents.write",
           True, True),
    Action("discovered.adopt", "a", N_("Adopt"), _FLEET + "adopt", _in("discovered"),
           "estate.write", True, True, N_("Make a device of the inventory of it")),
    Action("discovered.ignore", "d", N_("Ignore"), _FLEET + "ignore", _in("discovered"),
           "estate.write", True, True),
    Action("token.new", "n", N_("New token"), _FLEET + "new_token", _in("tokens"),
           "tokens.write", True, True),
    Action("token.revoke", "d", N_("Revoke"), _FLEET + "revoke_token", _in("tokens"),
           "tokens.write", True, True),
    Action("audit.verify", "v", N_("Check the chain"), _FLEET + "verify_audit", _in("audit"),
           "audit.read", show=True),
    # rights, from wherever one is
    Action("access.explain", "w", N_("Explain a permission"), _RIGHTS + "explain",
           tooltip=N_("Who may do what where, and why or why not")),
    Action("access.emergency", "exclamation_mark", N_("Ask for emergency access"),
           _RIGHTS + "emergency", permission="access.emergency", writes=True,
           tooltip=N_("For some hours at a school; a second person decides")),
    # the main screens
    Action("main.overview", "1", N_("Overview"), _GO + "main_overview"),
    Action("main.schools", "2", N_("Schools"), _GO + "main_schools"),
    Action("main.rooms", "3", N_("Rooms"), _GO + "main_rooms"),
    Action("main.access-points", "4", N_("Access points"), _GO + "main_access_points"),
    Action("main.ipads", "5", N_("iPads"), _GO + "main_ipads"),
    Action("main.uplinks", "6", N_("Uplinks"), _GO + "main_uplinks"),
    Action("main.agents", "7", N_("Agents"), _GO + "main_agents"),
    Action("main.discovered", "8", N_("Discovered devices"), _GO + "main_discovered"),
    Action("main.audit", "9", N_("Audit"), _GO + "main_audit", permission="audit.read"),
    Action("main.devices", "0", N_("All devices"), _GO + "main_devices"),
    Action("main.switches", "", N_("Switches"), _GO + "main_switches"),
    Action("main.contacts", "", N_("Contacts"), _GO + "main_contacts",
           permission="contacts.read"),
    Action("main.services", "", N_("Cloud services"), _GO + "main_services"),
    Action("main.sites", "", N_("Sites"), _GO + "main_sites"),
    Action("main.buildings", "", N_("Buildings"), _GO + "main_buildings"),
    Action("main.credentials", "", N_("Credentials"), _GO + "main_credentials"),
    Action("main.people", "P", N_("People and roles"), _GO + "main_people",
           permission="accounts.read"),
    Action("main.delegations", "", N_("Delegations"), _GO + "main_delegations"),
    Action("main.approvals", "A", N_("Approvals"), _GO + "main_approvals"),
    Action("main.incidents", "I", N_("Incidents"), _GO + "main_incidents"),
    Action("main.tickets", "K", N_("Tickets"), _GO + "main_tickets", permission="tickets.open"),
    Action("main.windows", "M", N_("Maintenance"), _GO + "main_windows"),
    Action("main.on-calls", "", N_("On-call plan"), _GO + "main_on_calls",
           permission="incidents.write"),
    Action("main.rules", "", N_("Alert rules"), _GO + "main_rules"),
    Action("main.contracts", "L", N_("Contracts"), _GO + "main_contracts"),
    Action("main.tokens", "", N_("Tokens"), _GO + "main_tokens", permission="tokens.write"),
    # the frame
    Action("app.theme", "t", N_("Theme"), _VIEW + "choose_theme"),
    Action("app.language", "", N_("Language: German or English"), _VIEW + "switch_language"),
    Action("app.quit", "q", N_("Quit"), _VIEW + "quit_app", show=True),
)  # fmt: skip

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}

_PERMISSION_OF_KIND = {"contact": "contacts.write", "credential": "credentials.write"}


def permission_of(action: Action, kind: str) -> str:
    """The permission for a kind: contacts and credentials have their own."""
    if action.permission == "estate.write":
        return _PERMISSION_OF_KIND.get(kind, action.permission)
    return action.permission


def here(action: Action, places: frozenset[str]) -> bool:
    """Whether an action works on a screen with these places."""
    return "any" in action.places or not action.places.isdisjoint(places)


def keys_of(action: Action, keymap: Mapping[str, str]) -> list[str]:
    """The keys of an action in Textual's names, as the person mapped them."""
    text = keymap.get(action.id, action.key)
    return [key if key else "comma" for key in text.split(",")] if text else []


def bindings(places: frozenset[str], keymap: Mapping[str, str]) -> list[Binding]:
    """What a screen with these places binds; the narrower action wins a shared key."""
    found = []
    for action in sorted(ACTIONS, key=lambda a: "any" in a.places):
        if here(action, places):
            found += [
                Binding(key.strip(), f"run('{action.id}')", action.label, show=action.show,
                        id=action.id)
                for key in keys_of(action, keymap)
            ]  # fmt: skip
    return list(Binding.make_bindings(found))


def check_keymap(keymap: Mapping[str, str]) -> list[str]:
    """Sentences about a keymap that cannot work: unknown ids, two actions on one key."""
    problems = []
    for id in keymap:
        if id.startswith("dialog."):
            continue
        if id not in BY_ID:
            text = _("{id}: there is no such action; docs/keys.md names them")
            problems.append(text.format(id=repr(id)))
            continue
        mine = set(keys_of(BY_ID[id], keymap))
        for other in ACTIONS:
            if other.id == id or not _meet(BY_ID[id], other):
                continue
            for key in sorted(mine & set(keys_of(other, keymap))):
                text = _("{id} and {other} are both on {key}")
                problems.append(text.format(id=repr(id), other=repr(other.id), key=repr(key)))
    return problems


def _meet(one: Action, other: Action) -> bool:
    return "any" in one.places or "any" in other.places or not one.places.isdisjoint(other.places)


_DISPLAY = {
    "slash": "/", "colon": ":", "question_mark": "?", "asterisk": "*",
    "exclamation_mark": "!", "escape": "Esc", "enter": "Enter", "tab": "Tab",
    "space": N_("Space"), "delete": N_("Del"), "pagedown": N_("PgDn"), "pageup": N_("PgUp"),
    "home": N_("Home"), "end": N_("End"),
    "down": "↓", "up": "↑", "left": "←", "right": "→", "comma": ",",
}  # fmt: skip


def key_label(key: str) -> str:
    """A key as it stands on the keyboard: '/', 'Esc', '^d'."""
    key = key.strip()
    if key.startswith("ctrl+"):
        return "^" + key[5:]
    return _(_DISPLAY[key]) if key in _DISPLAY else key
