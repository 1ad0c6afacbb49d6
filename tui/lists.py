"""The lists a person can go to, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping

from tui.actions import N_

TITLES: Mapping[str, str] = {
    "schools": N_("Schools"),
    "sites": N_("Sites"),
    "buildings": N_("Buildings"),
    "rooms": N_("Rooms"),
    "devices": N_("All devices"),
    "uplinks": N_("Uplinks"),
    "services": N_("Cloud services"),
    "contacts": N_("Contacts"),
    "credentials": N_("Credentials"),
    "agents": N_("Agents"),
    "discovered": N_("Discovered devices"),
    "audit": N_("Audit"),
    "incidents": N_("Incidents"),
    "tickets": N_("Tickets"),
    "windows": N_("Maintenance"),
    "on-calls": N_("On-call plan"),
    "accounts": N_("People and roles"),
    "delegations": N_("Delegations"),
    "approvals": N_("Approvals"),
    "access-points": N_("Access points"),
    "switches": N_("Switches"),
    "ipads": N_("iPads"),
    "pcs": N_("PCs"),
    "notebooks": N_("Notebooks"),
    "routers": N_("Routers"),
    "boards": N_("Interactive boards"),
    "apple-tvs": N_("Apple TVs"),
    "printers": N_("Printers"),
    "servers": N_("Servers"),
    "wlan-controllers": N_("WLAN controllers"),
    "agent-boxes": N_("Agent boxes"),
}
