"""The commands: name → (module, what it does). A module is imported when its command runs.

Each has `configure(parser)`, which adds its arguments, and `run(args)`, which does it and gives
the exit code.
"""

from __future__ import annotations

GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "Look": {
        "ls": ("schoolops.cli.ls", "list records"),
        "show": ("schoolops.cli.show", "show one record, its state and whom to call"),
        "proof": ("schoolops.cli.proof", "what a line delivered in a month, signed"),
        "readiness": ("schoolops.cli.readiness", "whether teaching works, now or on a morning"),
        "history": ("schoolops.cli.history", "what a record was before, who changed it"),
        "room": ("schoolops.cli.room", "a room's QR code, what was measured in the room"),
        "device": ("schoolops.cli.device", "a device's QR code, for reports of faults"),
        "school": ("schoolops.cli.school", "the board of a school's staff room"),
        "audit": ("schoolops.cli.audit", "who did what; check that nothing was altered, export"),
        "tui": ("schoolops.cli.tui", "the terminal UI"),
    },
    "Incidents": {
        "incidents": ("schoolops.cli.incidents", "what is broken, and who looks after it"),
        "alerts": ("schoolops.cli.alerts", "the rules, and what they would have done"),
        "maintenance": ("schoolops.cli.maintenance", "when alerts or changes are held"),
        "oncall": ("schoolops.cli.oncall", "who is told of incidents, and when"),
    },
    "Support": {
        "tickets": ("schoolops.cli.tickets", "reports of faults and wishes, until they are done"),
    },
    "Change": {
        "new": ("schoolops.cli.new", "create a record"),
        "edit": ("schoolops.cli.edit", "change fields of one record or of many"),
        "move": ("schoolops.cli.move", "put a device into another room"),
        "retire": ("schoolops.cli.retire", "take records out of use"),
        "reinstate": ("schoolops.cli.reinstate", "take a retired record into use again"),
        "calendar": ("schoolops.cli.calendar", "bell times, holidays, exams of a school"),
        "credential": ("schoolops.cli.credential", "set the secret of an equipment credential"),
    },
    "Files": {
        "import": ("schoolops.cli.import_", "read records from CSV, XLSX or JSON"),
        "export": ("schoolops.cli.export", "write records to CSV, XLSX or JSON"),
    },
    "Agents": {
        "agent": ("schoolops.cli.agent", "invite, list and revoke the agents at schools"),
        "discovered": ("schoolops.cli.discovered", "devices that agents found: adopt or ignore"),
    },
    "Sign in": {
        "login": ("schoolops.cli.login", "sign in at another computer's server"),
        "logout": ("schoolops.cli.logout", "end that sign-in"),
        "whoami": ("schoolops.cli.whoami", "who the server takes me for"),
    },
    "People": {
        "access": ("schoolops.cli.access", "who may do what: explain, delegate, ask, approve"),
        "token": ("schoolops.cli.token", "access of colleagues to this server"),
    },
    "Operate": {
        "serve": ("schoolops.cli.serve", "run the server"),
        "portal": ("schoolops.cli.portal", "open the web pages, and the city's own texts"),
        "notify": ("schoolops.cli.notify", "outgoing mail: try it, what waits, send it again"),
        "identity": ("schoolops.cli.identity", "sign-in with Keycloak: its realm, its accounts"),
        "doctor": ("schoolops.cli.doctor", "check this installation and say what to do"),
        "db": ("schoolops.cli.db", "the database's version and upgrade"),
        "backup": ("schoolops.cli.backup", "make a backup that is proven good"),
        "restore": ("schoolops.cli.restore", "restore a backup"),
    },
    "Try": {
        "demo": ("schoolops.cli.demo", "a live sample city"),
        "sample": ("schoolops.cli.sample", "fill the inventory with the sample city"),
        "completion": ("schoolops.cli.completion", "completion for bash, zsh and fish"),
    },
}

COMMANDS: dict[str, tuple[str, str]] = {
    name: entry for group in GROUPS.values() for name, entry in group.items()
}


def overview() -> str:
    """The text of `schoolops --help`."""
    lines = ["usage: schoolops COMMAND …", "", "Runs the digital side of a city's schools."]
    for title, group in GROUPS.items():
        lines += ["", f"{title}:"]
        lines += [f"  {name:<12}{summary}" for name, (_, summary) in group.items()]
    lines += [
        "",
        "'schoolops COMMAND --help' explains a command. The server is this computer's own, or the",
        "one in SCHOOLOPS_SERVER or --server. SCHOOLOPS_HOME is where schoolops keeps its files.",
        "",
        "Exit codes: 0 done, 1 refused with a reason, 2 wrong use.",
    ]
    return "\n".join(lines)
