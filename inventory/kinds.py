"""The kinds of records in the inventory and their fields: the vocabulary of schoolops.

This is the one description from which tables, the HTTP API, import mappings, forms, columns
and filter keys are made. A new field is one line here and one database migration; a new
device kind is one line in `inventory/choices.py`.

Every record also has the system fields of `SYSTEM_FIELDS`, and kinds with `health` those of
`HEALTH_FIELDS`; both can be filtered, sorted and shown like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from inventory import plausible
from inventory.choices import (
    AGENT_STATES,
    APPROVAL_ACTIONS,
    APPROVAL_STATES,
    CONTACT_ROLES,
    CREDENTIAL_KINDS,
    DEVICE_KINDS,
    GRANT_SOURCES,
    GRANT_STATES,
    INCIDENT_STATES,
    INSTITUTION_KINDS,
    MIGRATIONS,
    OPERATING,
    ROOM_KINDS,
    SCHOOL_FORMS,
    SERVICE_LOCATIONS,
    SEVERITIES,
    SITE_KINDS,
    SNMP_AUTHENTICATION,
    SNMP_PRIVACY,
    TICKET_CATEGORIES,
    TICKET_PRIORITIES,
    TICKET_STATES,
    TICKET_WAYS,
    UPLINK_MEDIA,
    UPLINK_STATES,
    WINDOW_KINDS,
    WINDOW_STATES,
)
from inventory.fields import Field, Type
from inventory.kind import HEALTH as HEALTH
from inventory.kind import HEALTH_FIELDS as HEALTH_FIELDS
from inventory.kind import SYSTEM_FIELDS as SYSTEM_FIELDS
from inventory.kind import Kind as Kind
from inventory.sentences import say

T = Type

_SCHOOL = Field("school", T.REFERENCE, "School", ("schulnummer", "schulnr", "school", "schule",
                "snr"), reference="school", required=True, column=True, width=8)  # fmt: skip

SCHOOL = Kind(
    "school", "schools", "school", "schools", key=("number",), health=True,
    default_sort="name", published=True,
    retire_reasons=("closed", "merged with another school", "moved away", "entered by mistake"),
    fields=(
        Field("number", T.TEXT, "School number", ("schulnummer", "schulnr", "snr", "number"),
              required=True, column=True, searchable=True, width=8,
              judge=plausible.school_number),
        Field("name", T.TEXT, "Name", ("name", "schulname", "schule", "schulbezeichnung"),
              required=True, searchable=True, width=44),
        Field("short_name", T.TEXT, "Short name", ("kurzbezeichnung", "kurzbez", "kurzname"),
              column=True, searchable=True, width=36),
        Field("institution", T.CHOICE, "Institution", ("einrichtungsart", "institution"),
              choices=INSTITUTION_KINDS, width=12),
        Field("form", T.CHOICE, "School form", ("schulform", "sf", "form"),
              choices=SCHOOL_FORMS, column=True, width=6),
        Field("ownership", T.CHOICE, "Ownership", ("rechtsform", "oeffpri", "ownership"),
              choices={"public": "public", "private": "private"}, width=9),
        Field("authority", T.TEXT, "School authority", ("traegernummer", "schultraegernr",
              "traeger", "authority"), width=10),
        Field("operator", T.TEXT, "Operator", ("schultraeger", "traegername", "operator"),
              searchable=True, width=24),
        Field("operating", T.CHOICE, "Operation", ("schulbetriebsschluessel", "schbetrschl",
              "betrieb"), choices=OPERATING, width=9),
        Field("operating_since", T.DATE, "Operation since", ("schulbetriebsdatum",
              "schbetrschldatum"), width=10,
              judge=plausible.day(since=1000, years_ahead=20, usual_years_ahead=3)),
        Field("street", T.TEXT, "Street", ("strasse", "street", "anschrift", "adresse"),
              searchable=True, width=24),
        Field("postcode", T.TEXT, "Postcode", ("plz", "postleitzahl", "postcode"), width=8,
              judge=plausible.postcode),
        Field("city", T.TEXT, "City", ("ort", "stadt", "city"), column=True, searchable=True,
              width=16),
        Field("municipality", T.TEXT, "Municipality key", ("gemeindeschluessel", "regschl",
              "municipality"), width=12),
        Field("phone", T.TEXT, "Telephone", ("telefon", "phone", "tel"), width=18,
              judge=plausible.telephone),
        Field("fax", T.TEXT, "Fax", ("fax",), width=18, judge=plausible.telephone),
        Field("email", T.EMAIL, "E-mail", ("email", "emailadresse", "mail"), width=28),
        Field("website", T.TEXT, "Website", ("homepage", "url", "website"), width=28),
        Field("utm_easting", T.INTEGER, "UTM easting", ("kore", "utmrechtswert"), unit="m",
              judge=plausible.utm(plausible.UTM_EASTING)),
        Field("utm_northing", T.INTEGER, "UTM northing", ("koho", "utmhochwert"), unit="m",
              judge=plausible.utm(plausible.UTM_NORTHING)),
        Field("latitude", T.DECIMAL, "Latitude", ("latitude", "lat", "breite"), unit="°",
              judge=plausible.within(-90, 90, plausible.GERMAN_LATITUDE)),
        Field("longitude", T.DECIMAL, "Longitude", ("longitude", "lon", "laenge"), unit="°",
              judge=plausible.within(-180, 180, plausible.GERMAN_LONGITUDE)),
        Field("pupils", T.INTEGER, "Pupils", ("schueler", "schuelerzahl", "pupils"),
              column=True, width=7, judge=plausible.within(0, 200_000, (0, 6_000))),
        Field("classes", T.INTEGER, "Classes", ("klassen", "klassenzahl", "classes"), width=7,
              judge=plausible.within(0, 10_000, (0, 300))),
        Field("opening_hours", T.TEXT, "Opening hours", ("oeffnungszeiten",), width=24),
        Field("keys", T.TEXT, "Keys", ("schluessel", "keys"), width=24),
        Field("notes", T.TEXT, "Notes", ("bemerkung", "notizen", "notes"), width=24,
              sortable=False),
    ),
)  # fmt: skip

SITE = Kind(
    "site", "sites", "site", "sites", key=("school", "name"),
    retire_reasons=("given up", "handed back to the owner", "entered by mistake"),
    fields=(
        _SCHOOL,
        Field("name", T.TEXT, "Name", ("standort", "name", "site"), required=True, column=True,
              searchable=True, width=24),
        Field("kind", T.CHOICE, "Kind", ("art", "kind", "standortart"), choices=SITE_KINDS,
              column=True, width=16),
        Field("street", T.TEXT, "Street", ("strasse", "street", "adresse"), column=True,
              searchable=True, width=24),
        Field("postcode", T.TEXT, "Postcode", ("plz", "postcode"), width=8,
              judge=plausible.postcode),
        Field("city", T.TEXT, "City", ("ort", "city"), width=16),
        Field("latitude", T.DECIMAL, "Latitude", ("latitude", "lat"), unit="°",
              judge=plausible.within(-90, 90, plausible.GERMAN_LATITUDE)),
        Field("longitude", T.DECIMAL, "Longitude", ("longitude", "lon"), unit="°",
              judge=plausible.within(-180, 180, plausible.GERMAN_LONGITUDE)),
        Field("networks", T.TEXT, "Networks (CIDR)", ("netze", "subnetz", "networks"),
              searchable=True, sortable=False, width=20, judge=plausible.networks),
        Field("notes", T.TEXT, "Notes", ("bemerkung", "notes"), sortable=False),
    ),
)  # fmt: skip

BUILDING = Kind(
    "building", "buildings", "building", "buildings", key=("school", "name"),
    retire_reasons=("torn down", "given up", "handed back to the owner", "entered by mistake"),
    fields=(
        _SCHOOL,
        Field("site", T.REFERENCE, "Site", ("standort", "site"), reference="site", column=True,
              width=24),
        Field("name", T.TEXT, "Name", ("gebaeude", "name", "building", "bauteil"),
              required=True, column=True, searchable=True, width=24),
        Field("built", T.INTEGER, "Year built", ("baujahr", "built"), width=6,
              judge=plausible.within(800, 2200, (1500, 2050))),
        Field("notes", T.TEXT, "Notes", ("bemerkung", "notes"), sortable=False),
    ),
)  # fmt: skip

ROOM = Kind(
    "room", "rooms", "room", "rooms", key=("school", "name"), health=True,
    retire_reasons=("given up", "rebuilt or divided",
                    "has another number now", "entered by mistake"),
    fields=(
        _SCHOOL,
        Field("name", T.TEXT, "Name", ("raum", "raumnummer", "raumnr", "name", "room"),
              required=True, column=True, searchable=True, width=12),
        Field("kind", T.CHOICE, "Kind", ("art", "raumart", "nutzung", "kind"),
              choices=ROOM_KINDS, column=True, width=14),
        Field("building", T.REFERENCE, "Building", ("gebaeude", "building", "bauteil"),
              reference="building", column=True, width=16),
        Field("floor", T.TEXT, "Floor", ("etage", "geschoss", "floor"), width=6),
        Field("seats", T.INTEGER, "Seats", ("plaetze", "sitzplaetze", "seats"), column=True,
              width=6, judge=plausible.within(0, 100_000, (0, 1_500))),
        Field("notes", T.TEXT, "Notes", ("bemerkung", "notes"), sortable=False),
    ),
)  # fmt: skip

DEVICE = Kind(
    "device", "devices", "device", "devices", key=("serial",), alternative_keys=("asset_tag",),
    health=True,
    retire_reasons=("broken", "lost", "stolen",
                    "returned to the lender", "sold or scrapped", "entered by mistake"),
    orders=(("purchased", "warranty_until"),),
    fields=(
        Field("kind", T.CHOICE, "Kind", ("geraeteart", "geraetetyp", "art", "kind", "typ"),
              choices=DEVICE_KINDS, required=True, column=True, width=14),
        Field("name", T.TEXT, "Name", ("geraetename", "hostname", "name"), column=True,
              searchable=True, width=18),
        Field("serial", T.TEXT, "Serial number", ("seriennummer", "sn", "serial",
              "serialnumber", "seriennr"), column=True, searchable=True, width=14),
        Field("asset_tag", T.TEXT, "Asset tag", ("inventarnummer", "inventarnr", "assettag"),
              searchable=True, width=12),
        Field("vendor", T.TEXT, "Vendor", ("hersteller", "vendor"), searchable=True, width=12),
        Field("model", T.TEXT, "Model", ("modell", "model", "modellbezeichnung"), column=True,
              searchable=True, width=20),
        Field("school", T.REFERENCE, "School", ("schulnummer", "schulnr", "school", "schule",
              "snr"), reference="school", required=True, column=True, width=8),
        Field("room", T.REFERENCE, "Room", ("raum", "raumnummer", "raumnr", "room"),
              reference="room", column=True, width=14),
        Field("owner", T.TEXT, "Owner", ("besitzer", "eigentuemer", "ausgeliehenan", "owner",
              "nutzer"), searchable=True, width=20, personal="core"),
        Field("macs", T.MACS, "MAC addresses", ("mac", "macadresse", "macaddress", "macs",
              "wifimac"), searchable=True, sortable=False, width=18, judge=plausible.macs),
        Field("address", T.ADDRESS, "Management address", ("ip", "ipadresse", "ipaddress",
              "managementip", "address"), searchable=True, width=15,
              judge=plausible.address),
        Field("firmware", T.TEXT, "Firmware or OS", ("firmware", "betriebssystem", "os",
              "osversion", "version"), width=14),
        Field("parent", T.REFERENCE, "Connected to", ("angeschlossenan", "switch", "parent",
              "uplinkgeraet"), reference="device", width=16),
        Field("management", T.CHOICE, "Read by", ("abfrage", "management"), width=12,
              choices={"none": "not read", "snmp": "SNMP", "controller": "its controller",
                       "unifi": "UniFi controller"}),
        Field("credential", T.REFERENCE, "Credential", ("zugang", "credential"),
              reference="credential", width=14),
        Field("purchased", T.DATE, "Purchased", ("kaufdatum", "anschaffung", "purchased",
              "anschaffungsdatum"), width=10,
              judge=plausible.day(since=1980, years_ahead=1, usual_years_ahead=0)),
        Field("warranty_until", T.DATE, "Warranty until", ("garantiebis", "garantie",
              "warrantyuntil", "garantieende"), width=10,
              judge=plausible.day(since=1980, years_ahead=30, usual_years_ahead=12)),
        Field("notes", T.TEXT, "Notes", ("bemerkung", "notizen", "notes"), sortable=False),
    ),
)  # fmt: skip

UPLINK = Kind(
    "uplink", "uplinks", "uplink", "uplinks", key=("school", "name"), health=True,
    retire_reasons=("contract ended", "replaced by another line", "entered by mistake"),
    fields=(
        _SCHOOL,
        Field("name", T.TEXT, "Name", ("leitung", "anschluss", "name", "uplink"),
              required=True, column=True, searchable=True, width=10),
        Field("site", T.REFERENCE, "Site", ("standort", "site"), reference="site", width=20),
        Field("medium", T.CHOICE, "Medium", ("medium", "technik", "anschlussart"),
              choices=UPLINK_MEDIA, column=True, width=8),
        Field("provider", T.TEXT, "Provider", ("anbieter", "provider"), column=True,
              searchable=True, width=16),
        Field("circuit", T.TEXT, "Circuit number", ("leitungsnummer", "vertragsnummer",
              "circuit", "leitungsnr"), column=True, searchable=True, width=16),
        Field("hotline", T.TEXT, "Fault hotline", ("stoerungshotline", "hotline",
              "stoerungsnummer"), width=18, judge=plausible.telephone),
        Field("contract_down_bps", T.RATE, "Contracted down", ("download", "down",
              "downstream", "bandbreitedown"), column=True, unit="bit/s", width=12,
              judge=plausible.LINE_RATE),
        Field("contract_up_bps", T.RATE, "Contracted up", ("upload", "up", "upstream",
              "bandbreiteup"), unit="bit/s", width=12, judge=plausible.LINE_RATE),
        Field("contract_end", T.DATE, "Contract end", ("vertragsende", "contractend",
              "laufzeitende"), width=10,
              judge=plausible.day(since=1980, years_ahead=50, usual_years_ahead=20)),
        Field("state", T.CHOICE, "Build state", ("status", "state", "ausbaustand"),
              choices=UPLINK_STATES, column=True, width=10),
        Field("device", T.REFERENCE, "Router", ("router", "device"), reference="device",
              width=16),
        Field("notes", T.TEXT, "Notes", ("bemerkung", "notes"), sortable=False),
    ),
)  # fmt: skip

SERVICE = Kind(
    "service", "services", "cloud service", "cloud services", key=("name",),
    retire_reasons=("switched off", "replaced by another service", "entered by mistake"),
    fields=(
        Field("name", T.TEXT, "Name", ("dienst", "name", "service"), required=True,
              column=True, searchable=True, width=24),
        Field("school", T.REFERENCE, "School", ("schulnummer", "school"), reference="school",
              column=True, width=8),
        Field("location", T.CHOICE, "Runs", ("betriebsort", "location"),
              choices=SERVICE_LOCATIONS, column=True, width=12),
        Field("migration", T.CHOICE, "Migration", ("migration", "migrationsstand"),
              choices=MIGRATIONS, column=True, width=12),
        Field("provider", T.TEXT, "Provider", ("anbieter", "provider"), column=True,
              searchable=True, width=20),
        Field("owner", T.TEXT, "Owner", ("verantwortlich", "owner"), column=True,
              searchable=True, width=20, personal="core"),
        Field("url", T.TEXT, "Address", ("url", "adresse"), width=28),
        Field("notes", T.TEXT, "Notes", ("bemerkung", "notes"), sortable=False),
    ),
)  # fmt: skip

CONTACT = Kind(
    "contact", "contacts", "contact", "contacts", key=("school", "role", "name"),
    retire_reasons=("left the school", "has other duties now", "entered by mistake"),
    fields=(
        _SCHOOL,
        Field("role", T.CHOICE, "Role", ("rolle", "funktion", "role"), choices=CONTACT_ROLES,
              required=True, column=True, width=18),
        Field("name", T.TEXT, "Name", ("name", "ansprechpartner", "person"), required=True,
              column=True, searchable=True, width=24, personal="core"),
        Field("phone", T.TEXT, "Telephone", ("telefon", "phone", "tel", "durchwahl"),
              column=True, width=18, personal="contact", judge=plausible.telephone),
        Field("email", T.EMAIL, "E-mail", ("email", "mail", "emailadresse"), column=True,
              searchable=True, width=28, personal="contact"),
        Field("notes", T.TEXT, "Notes", ("bemerkung", "notes"), sortable=False),
    ),
)  # fmt: skip

CREDENTIAL = Kind(
    "credential", "credentials", "credential", "credentials", key=("name",),
    retire_reasons=("replaced by another credential", "no longer used", "entered by mistake"),
    fields=(
        Field("name", T.TEXT, "Name", ("name", "zugang"), required=True, column=True,
              searchable=True, width=20),
        Field("kind", T.CHOICE, "Kind", ("art", "kind"), choices=CREDENTIAL_KINDS,
              required=True, column=True, width=14),
        Field("school", T.REFERENCE, "School", ("schulnummer", "school"), reference="school",
              column=True, width=8),
        Field("username", T.TEXT, "User name", ("benutzer", "benutzername", "username"),
              column=True, width=16),
        Field("auth_protocol", T.CHOICE, "SNMP v3 authentication", ("authentifizierung", "auth"),
              choices=SNMP_AUTHENTICATION),
        Field("privacy_protocol", T.CHOICE, "SNMP v3 privacy", ("verschlüsselung", "privacy"),
              choices=SNMP_PRIVACY),
        Field("notes", T.TEXT, "Notes", ("bemerkung", "notes"), sortable=False),
    ),
)  # fmt: skip
"""The secret itself is no field: it is written by its own call, encrypted, and never shown."""

AGENT = Kind(
    "agent", "agents", "agent", "agents", key=("id",), editable=False, default_sort="name",
    fields=(
        Field("name", T.TEXT, "Name", column=True, searchable=True, width=20),
        Field("school", T.REFERENCE, "School", reference="school", column=True, width=8),
        Field("school_name", T.TEXT, "School name", width=28, sortable=False, column=True),
        Field("state", T.CHOICE, "State", choices=AGENT_STATES, column=True, width=8),
        Field("version", T.TEXT, "Version", column=True, width=8),
        Field("last_seen", T.TEXT, "Last report", column=True, width=20),
        Field("reports", T.INTEGER, "Reports", column=True, width=8),
        Field("dropped", T.INTEGER, "Dropped", width=8),
        Field("implausible", T.INTEGER, "Implausible values", width=8),
        Field("clock_offset_ms", T.INTEGER, "Clock offset", unit="ms", width=10),
        Field("machines", T.TEXT, "Two machines", width=40),
    ),
)  # fmt: skip

DISCOVERED = Kind(
    "discovered", "discovered", "discovered device", "discovered devices", key=("id",),
    editable=False, default_sort="-last_seen",
    fields=(
        Field("school", T.REFERENCE, "School", reference="school", column=True, width=8),
        Field("school_name", T.TEXT, "School name", width=28, sortable=False),
        Field("address", T.ADDRESS, "Address", column=True, searchable=True, width=15),
        Field("mac", T.TEXT, "MAC address", column=True, searchable=True, width=17),
        Field("name", T.TEXT, "Name", column=True, searchable=True, width=20),
        Field("description", T.TEXT, "Description", column=True, searchable=True, width=32),
        Field("kind", T.CHOICE, "Probably", choices=DEVICE_KINDS, column=True, width=14),
        Field("serial", T.TEXT, "Serial number", searchable=True, width=14),
        Field("first_seen", T.TEXT, "First seen", width=20),
        Field("last_seen", T.TEXT, "Last seen", column=True, width=20),
    ),
)  # fmt: skip

AUDIT = Kind(
    "event", "audit", "event", "audit", key=("id",), editable=False, default_sort="-id",
    fields=(
        Field("at", T.TEXT, "When", column=True, width=20, sortable=False),
        Field("actor", T.TEXT, "Who", column=True, searchable=True, width=20),
        Field("action", T.TEXT, "What", column=True, searchable=True, width=16),
        Field("kind", T.TEXT, "Kind", column=True, width=12),
        Field("record", T.TEXT, "Record", column=True, searchable=True, width=20),
        Field("detail", T.TEXT, "Detail", column=True, sortable=False, width=44),
    ),
)  # fmt: skip

ACCOUNT = Kind(
    "account", "accounts", "person", "people", key=("username",), editable=False,
    default_sort="username",
    fields=(
        Field("username", T.TEXT, "User name", column=True, searchable=True, width=20),
        Field("name", T.TEXT, "Name", column=True, searchable=True, width=24, personal="core"),
        Field("email", T.TEXT, "E-mail", searchable=True, width=28, personal="contact"),
        Field("roles", T.TEXT, "Roles", column=True, width=36, sortable=False),
        Field("passkey", T.BOOLEAN, "Passkey", column=True, width=8),
        Field("first_seen", T.TEXT, "First sign-in", width=20),
        Field("last_seen", T.TEXT, "Last sign-in", column=True, width=20),
    ),
)  # fmt: skip
"""Somebody who has signed in at least once; roles and names come from the identity provider."""

DELEGATION = Kind(
    "delegation", "delegations", "delegation", "delegations", key=("id",), editable=False,
    default_sort="-until",
    fields=(
        Field("receiver", T.TEXT, "Receiver", column=True, searchable=True, width=18),
        Field("permissions", T.TEXT, "May", column=True, searchable=True, width=28),
        Field("school", T.REFERENCE, "School", reference="school", column=True, width=8),
        Field("school_name", T.TEXT, "School name", width=28, sortable=False),
        Field("class", T.TEXT, "Class", column=True, width=8),
        Field("until", T.TEXT, "Until", column=True, width=20),
        Field("state", T.CHOICE, "State", choices=GRANT_STATES, column=True, width=8),
        Field("giver", T.TEXT, "Given by", column=True, searchable=True, width=18),
        Field("source", T.CHOICE, "Kind", choices=GRANT_SOURCES, width=12),
        Field("reason", T.TEXT, "Reason", searchable=True, width=32),
        Field("since", T.TEXT, "Since", width=20),
    ),
)  # fmt: skip

APPROVAL = Kind(
    "approval", "approvals", "proposal", "proposals", key=("id",), editable=False,
    default_sort="-waiting",
    fields=(
        Field("action", T.CHOICE, "What", choices=APPROVAL_ACTIONS, column=True, width=16),
        Field("subject", T.TEXT, "About", column=True, searchable=True, width=28),
        Field("school", T.REFERENCE, "School", reference="school", column=True, width=8),
        Field("school_name", T.TEXT, "School name", width=28, sortable=False),
        Field("state", T.CHOICE, "State", choices=APPROVAL_STATES, column=True, width=10),
        Field("proposed_by", T.TEXT, "Proposed by", column=True, searchable=True, width=18),
        Field("reason", T.TEXT, "Reason", column=True, searchable=True, width=32),
        Field("until", T.TEXT, "To be decided until", column=True, width=20),
        Field("waiting", T.BOOLEAN, "Waits for me", width=12),
        Field("mine", T.BOOLEAN, "Own", width=6, sortable=False),
        Field("proposed", T.TEXT, "Proposed at", width=20),
        Field("decided_by", T.TEXT, "Decided by", width=18),
        Field("decided", T.TEXT, "Decided at", width=20),
        Field("note", T.TEXT, "Note", width=28),
        Field("content", T.TEXT, "What exactly", sortable=False, width=44),
    ),
)  # fmt: skip

INCIDENT = Kind(
    "incident", "incidents", "incident", "incidents", key=("id",), editable=False,
    default_sort="-urgency",
    fields=(
        Field("severity", T.CHOICE, "Severity", choices=SEVERITIES, column=True, width=8),
        Field("title", T.TEXT, "What", column=True, searchable=True, width=40),
        Field("title_de", T.TEXT, "What, in German", width=40),
        Field("school", T.REFERENCE, "School", reference="school", column=True, width=8),
        Field("school_name", T.TEXT, "School name", width=28, sortable=False),
        Field("schools", T.INTEGER, "Schools", column=True, width=7),
        Field("devices", T.INTEGER, "Cut off", column=True, width=7),
        Field("state", T.CHOICE, "State", choices=INCIDENT_STATES, column=True, width=9),
        Field("open", T.BOOLEAN, "Open", width=6),
        Field("urgency", T.INTEGER, "Urgency", width=8),
        Field("began", T.TEXT, "Since", column=True, width=20),
        Field("ended", T.TEXT, "Until", width=20),
        Field("claimed_by", T.TEXT, "Taken by", column=True, searchable=True, width=14),
        Field("acknowledged_by", T.TEXT, "Acknowledged by", width=14),
        Field("provider", T.TEXT, "Provider", searchable=True, width=16),
        Field("circuit", T.TEXT, "Circuit number", searchable=True, width=16),
        Field("hotline", T.TEXT, "Fault hotline", width=18),
        Field("rule", T.TEXT, "Rule", width=18),
        Field("returns", T.INTEGER, "Came back", width=9),
    ),
)  # fmt: skip
"""One fault: what is wrong, where, since when, and who looks after it."""

TICKET = Kind(
    "ticket", "tickets", "ticket", "tickets", key=("number",), editable=False,
    default_sort="-urgency",
    fields=(
        Field("number", T.INTEGER, "Number", column=True, width=7),
        Field("title", T.TEXT, "What", column=True, searchable=True, width=40),
        Field("school", T.REFERENCE, "School", reference="school", column=True, width=8),
        Field("school_name", T.TEXT, "School name", width=28, sortable=False),
        Field("room", T.TEXT, "Room", column=True, width=8, sortable=False),
        Field("device", T.TEXT, "Device", width=16, sortable=False),
        Field("priority", T.CHOICE, "Priority", choices=TICKET_PRIORITIES, column=True, width=4),
        Field("state", T.CHOICE, "State", choices=TICKET_STATES, column=True, width=8),
        Field("waits_for", T.TEXT, "Waits for", width=8),
        Field("category", T.CHOICE, "Category", choices=TICKET_CATEGORIES, width=16),
        Field("assigned_to", T.TEXT, "Assigned to", column=True, searchable=True, width=14),
        Field("reporter", T.TEXT, "Reported by", width=18, sortable=False),
        Field("via", T.CHOICE, "Came by", choices=TICKET_WAYS, width=10),
        Field("opened", T.TEXT, "Since", column=True, width=20),
        Field("changed", T.TEXT, "Changed", width=20),
        Field("solved", T.TEXT, "Solved", width=20),
        Field("closed", T.TEXT, "Closed", width=20),
        Field("incident", T.TEXT, "Incident", width=36, sortable=False),
        Field("joined_to", T.INTEGER, "Joined to", width=7),
        Field("active", T.BOOLEAN, "To be done", width=6),
        Field("urgency", T.INTEGER, "Urgency", width=8),
    ),
)  # fmt: skip
"""A report of a fault or a wish, until it is done."""

WINDOW = Kind(
    "window", "windows", "maintenance window", "maintenance windows", key=("id",),
    editable=False, default_sort="-ends",
    fields=(
        Field("kind", T.CHOICE, "Kind", choices=WINDOW_KINDS, column=True, width=12),
        Field("school", T.REFERENCE, "School", reference="school", column=True, width=8),
        Field("school_name", T.TEXT, "School name", width=28, sortable=False),
        Field("room", T.TEXT, "Room", column=True, width=10, sortable=False),
        Field("begins", T.TEXT, "From", column=True, width=20),
        Field("ends", T.TEXT, "To", column=True, width=20),
        Field("every", T.TEXT, "Every", column=True, width=20),
        Field("reason", T.TEXT, "Reason", column=True, searchable=True, width=28),
        Field("state", T.CHOICE, "State", choices=WINDOW_STATES, column=True, width=8),
        Field("by", T.TEXT, "Planned by", width=14),
    ),
)  # fmt: skip
"""When alerts are held, or nothing is changed."""

ON_CALL = Kind(
    "on-call", "on-calls", "on-call time", "on-call plan", key=("id",), editable=False,
    default_sort="-ends",
    fields=(
        Field("username", T.TEXT, "Who", column=True, searchable=True, width=18),
        Field("level", T.INTEGER, "Level", column=True, width=6),
        Field("authority", T.TEXT, "School authority", column=True, width=10),
        Field("begins", T.TEXT, "From", column=True, width=20),
        Field("ends", T.TEXT, "To", column=True, width=20),
        Field("every", T.TEXT, "Every", column=True, width=20),
        Field("state", T.CHOICE, "State", choices=WINDOW_STATES, column=True, width=8),
        Field("by", T.TEXT, "Planned by", width=14),
    ),
)  # fmt: skip
"""Who is told of incidents, and when."""

KINDS: Mapping[str, Kind] = MappingProxyType({
    kind.name: kind
    for kind in (SCHOOL, SITE, BUILDING, ROOM, DEVICE, UPLINK, SERVICE, CONTACT, CREDENTIAL,
                 AGENT, DISCOVERED, AUDIT, ACCOUNT, DELEGATION, APPROVAL, INCIDENT, TICKET, WINDOW, ON_CALL)
})  # fmt: skip
EDITABLE: tuple[Kind, ...] = tuple(kind for kind in KINDS.values() if kind.editable)
BY_PLURAL: Mapping[str, Kind] = MappingProxyType({kind.plural: kind for kind in KINDS.values()})


def device_plural(kind: str) -> str:
    """'access-point' → 'access-points', 'switch' → 'switches'."""
    return kind + ("es" if kind.endswith(("s", "ch", "x")) else "s")


def find_kind(word: str) -> tuple[Kind, str]:
    """The kind a person means, and the filter that goes with it.

    Takes singular, plural, what people call it (`people`) or a device kind: `room`, `rooms`,
    `ipads` → (DEVICE, 'kind:ipad').
    Raises ValueError that names the known words.
    """
    word = word.casefold()
    for kind in KINDS.values():
        if word in (kind.name, kind.plural, kind.label, kind.label_plural):
            return kind, ""
    for name in DEVICE_KINDS:
        if word in (name, device_plural(name)):
            return DEVICE, f"kind:{name}"
    known = ", ".join([*BY_PLURAL, *(device_plural(name) for name in DEVICE_KINDS)])
    raise ValueError(say("there is no kind {word!r}; known are {known}", word=word, known=known))
