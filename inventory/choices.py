"""The words that fields choose from: stored word → its English label for people.

Screens translate the labels. A new device kind is one line in `DEVICE_KINDS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SCHOOL_FORMS: Mapping[str, str] = MappingProxyType({
    "02": "Grundschule", "04": "Hauptschule", "06": "Volksschule",
    "08": "Förderschule (Grund- und Hauptschule)", "10": "Realschule", "13": "PRIMUS-Schule",
    "14": "Sekundarschule", "15": "Gesamtschule", "16": "Gemeinschaftsschule",
    "17": "Freie Waldorfschule", "18": "Hiberniaschule", "19": "Förderschule (Waldorf)",
    "20": "Gymnasium", "25": "Weiterbildungskolleg", "30": "Berufskolleg",
    "81": "Schulischer Lernort",
    "83": "Klinikschule", "85": "Förderschule (Realschule)",
    "87": "Förderschule (Gymnasium)", "88": "Förderschule (Berufskolleg)",
})  # fmt: skip
"""School form key of the state → its name. Source: the state's key list 'Schulform'."""

INSTITUTION_KINDS: Mapping[str, str] = MappingProxyType({
    "kita": "Kita", "school": "School", "vocational": "Vocational college",
    "university": "University", "adult-education": "Adult education",
    "study-seminar": "Teacher training centre",
})  # fmt: skip

DEVICE_KINDS: Mapping[str, str] = MappingProxyType({
    "ipad": "iPad", "pc": "PC", "notebook": "Notebook", "access-point": "Access point",
    "wlan-controller": "WLAN controller", "switch": "Switch", "router": "Router",
    "board": "Interactive board", "apple-tv": "Apple TV", "printer": "Printer",
    "server": "Server", "agent-box": "Agent box",
})  # fmt: skip
"""Device kind → English label. Lists such as `ls access-points` are `devices` with a kind."""

NETWORK_KINDS = frozenset({"access-point", "wlan-controller", "switch", "router"})


UPLINK_STATES: Mapping[str, str] = MappingProxyType({
    "planned": "planned", "at-kerb": "fibre at the kerb", "active": "active",
    "ended": "ended",
})  # fmt: skip

UPLINK_MEDIA: Mapping[str, str] = MappingProxyType({
    "fibre": "fibre", "cable": "cable", "dsl": "DSL", "mobile": "mobile radio",
    "radio": "directional radio", "satellite": "satellite",
})  # fmt: skip

SITE_KINDS: Mapping[str, str] = MappingProxyType({
    "main": "Main site", "branch": "Branch site", "smart-school-centre": "Smart School Centre",
    "office": "Office",
})  # fmt: skip

ROOM_KINDS: Mapping[str, str] = MappingProxyType({
    "classroom": "Classroom", "science": "Science room", "computer-room": "Computer room",
    "staff-room": "Staff room", "office": "Office", "library": "Library", "hall": "Hall",
    "gym": "Gym", "workshop": "Workshop", "server-room": "Server room",
    "corridor": "Corridor", "other": "Other",
})  # fmt: skip

CONTACT_ROLES: Mapping[str, str] = MappingProxyType({
    "head": "Head teacher", "secretary": "Secretary", "media-coordinator": "Media coordinator",
    "caretaker": "Caretaker", "technician": "Technician", "other": "Other",
})  # fmt: skip

CREDENTIAL_KINDS: Mapping[str, str] = MappingProxyType({
    "snmp-v2c": "SNMP v2c community", "snmp-v3": "SNMP v3 user", "ssh": "SSH login",
    "http": "HTTP login", "token": "API token",
})  # fmt: skip

SNMP_AUTHENTICATION: Mapping[str, str] = MappingProxyType({
    "md5": "MD5", "sha": "SHA-1", "sha-224": "SHA-224", "sha-256": "SHA-256",
    "sha-384": "SHA-384", "sha-512": "SHA-512",
})  # fmt: skip
SNMP_PRIVACY: Mapping[str, str] = MappingProxyType({
    "des": "DES", "aes": "AES-128", "aes-192": "AES-192", "aes-256": "AES-256",
    "aes-192-c": "AES-192 (Cisco)", "aes-256-c": "AES-256 (Cisco)",
})  # fmt: skip
"""Keys of the 192 and 256 bits are stretched in two ways; Cisco's own is the one with -c."""

OPERATING: Mapping[str, str] = MappingProxyType({
    "open": "open", "founding": "being founded", "expiring": "phasing out",
    "closed": "closed", "special": "special",
})  # fmt: skip
SERVICE_LOCATIONS: Mapping[str, str] = MappingProxyType({
    "on-premises": "on premises", "cloud": "cloud", "hybrid": "hybrid",
})  # fmt: skip
MIGRATIONS: Mapping[str, str] = MappingProxyType({
    "none": "not planned", "planned": "planned", "running": "running", "done": "done",
})  # fmt: skip
GRANT_STATES: Mapping[str, str] = MappingProxyType({
    "active": "active", "ended": "ended", "revoked": "revoked",
})  # fmt: skip
GRANT_SOURCES: Mapping[str, str] = MappingProxyType({
    "delegation": "delegation", "emergency": "emergency access",
})  # fmt: skip
APPROVAL_STATES: Mapping[str, str] = MappingProxyType({
    "open": "open", "approved": "approved", "rejected": "rejected", "withdrawn": "withdrawn",
    "used": "used", "expired": "expired",
})  # fmt: skip
APPROVAL_ACTIONS: Mapping[str, str] = MappingProxyType({
    "emergency-access": "emergency access",
})  # fmt: skip
"""What needs a second person → its name for people."""
AUDIT_ACTIONS: Mapping[str, str] = MappingProxyType({word: word for word in (
    "accept mail", "access refused", "acknowledge incident", "answer reporters", "approved",
    "ask agent", "assign ticket", "backup", "bulk edit", "bulk retire", "claim incident",
    "close incident", "close ticket", "create", "create token", "delegate", "download link",
    "drop mail", "edit", "emergency access", "end maintenance", "end on-call", "end sessions",
    "enter day", "explain access", "first sign-in", "ignore discovered", "import",
    "import calendar", "import timetable", "invite agent", "issue proof", "join", "load",
    "make code", "make sign-in link", "move", "note incident", "offer release", "open ticket",
    "plan maintenance", "plan on-call", "propose", "reinstate", "rejected", "release incident",
    "remove day", "renew code", "reset passwords", "retire", "retire article", "retry mail",
    "revoke agent", "revoke code", "revoke delegation", "revoke emergency", "revoke token",
    "roles changed", "send test mail", "set bell times", "set secret", "sign in", "sign out",
    "sign-in refused", "solve ticket", "tell by mail", "use approval", "withdraw", "write article",
)})  # fmt: skip
"""What the audit says was done → its name for people. Stored words; screens translate them."""
SEVERITIES: Mapping[str, str] = MappingProxyType({
    "critical": "critical", "warning": "warning", "info": "info",
})  # fmt: skip
INCIDENT_STATES: Mapping[str, str] = MappingProxyType({
    "open": "open", "flapping": "flapping", "quiet": "quiet", "closed": "closed",
})  # fmt: skip
WINDOW_KINDS: Mapping[str, str] = MappingProxyType({
    "maintenance": "maintenance", "freeze": "freeze",
})  # fmt: skip
WINDOW_STATES: Mapping[str, str] = MappingProxyType({
    "planned": "planned", "active": "active", "ended": "ended",
})  # fmt: skip
TICKET_CATEGORIES: Mapping[str, str] = MappingProxyType({
    "network": "internet or WLAN", "device": "a device", "account": "account or password",
    "other": "something else", "wish": "a wish",
})  # fmt: skip
TICKET_STATES: Mapping[str, str] = MappingProxyType({
    "new": "new", "open": "open", "waiting": "waiting", "solved": "solved", "closed": "closed",
})  # fmt: skip
TICKET_PRIORITIES: Mapping[str, str] = MappingProxyType({
    "P1": "P1 school offline", "P2": "P2 room cannot teach", "P3": "P3 device broken",
    "P4": "P4 wish",
})  # fmt: skip
TICKET_WAYS: Mapping[str, str] = MappingProxyType({
    "qr": "QR code", "web": "web page", "mail": "e-mail", "tui": "terminal", "cli": "command",
    "phone": "telephone", "paper": "paper slip", "import": "import",
})  # fmt: skip
AGENT_STATES: Mapping[str, str] = MappingProxyType({
    "invited": "invited", "active": "active", "silent": "silent", "cloned": "cloned",
    "revoked": "revoked",
})  # fmt: skip
