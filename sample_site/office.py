"""Contacts, cloud services and the names of credentials: the paper side of the sample city."""

from __future__ import annotations

from sample_site.dice import Dice
from sample_site.furnish import CONSOLE_CREDENTIAL, SNMP_CREDENTIAL
from sample_site.people import landline, mobile, person
from sample_site.premises import Row

CREDENTIALS: tuple[Row, ...] = (
    {"name": SNMP_CREDENTIAL, "kind": "snmp-v2c", "notes": "nur lesen"},
    {"name": CONSOLE_CREDENTIAL, "kind": "http", "username": "schoolops"},
    {"name": "Switche SSH", "kind": "ssh", "username": "netzbetrieb"},
    {"name": "Router SNMPv3", "kind": "snmp-v3", "username": "schulnetz",
     "notes": "Umstellung von v2c geplant"},
    {"name": "MDM-Schnittstelle", "kind": "token"},
)  # fmt: skip
SECRETS = {SNMP_CREDENTIAL: "schulnetz-lesen", CONSOLE_CREDENTIAL: "nur-zum-zeigen"}
"""What the simulated equipment wants to hear: invented like everything else."""
_CITY = "Schulverwaltungsamt"
SERVICES: tuple[Row, ...] = tuple(
    {"name": name, "location": location, "migration": migration, "provider": provider,
     "owner": owner, "url": f"https://{url}.example"}
    for name, location, migration, provider, owner, url in (
        ("Lernplattform", "cloud", "done", "Land", "Team Pädagogik", "lernen.stadt"),
        ("Videokonferenz", "cloud", "done", "Land", "Team Pädagogik", "konferenz.stadt"),
        ("Dateiablage Schulen", "hybrid", "running", "Eigenbetrieb", "Team Plattform",
         "dateien.stadt"),
        ("Geräteverwaltung iPads", "cloud", "done", "Apfelhof IT", "Team Endgeräte", "mdm.stadt"),
        ("Geräteverwaltung Windows", "on-premises", "planned", "Eigenbetrieb",
         "Team Endgeräte", "opsi.stadt"),
        ("Verzeichnisdienst", "on-premises", "running", "Eigenbetrieb", "Team Plattform",
         "verzeichnis.stadt"),
        ("Anmeldung (SSO)", "on-premises", "done", "Eigenbetrieb", "Team Plattform",
         "anmeldung.stadt"),
        ("E-Mail Lehrkräfte", "cloud", "done", "Land", "Team Plattform", "post.stadt"),
        ("E-Mail Sekretariate", "on-premises", "planned", "Stadt", _CITY, "sekretariat.stadt"),
        ("Jugendschutzfilter", "cloud", "done", "Siebwerk", "Team Netz", "filter.stadt"),
        ("WLAN-Steuerung Aruba", "on-premises", "none", "Eigenbetrieb", "Team Netz", "wlan.stadt"),
        ("Zertifikate und RADIUS", "on-premises", "none", "Eigenbetrieb", "Team Netz",
         "radius.stadt"),
        ("Schulverwaltung (SVWS)", "on-premises", "running", "Land", _CITY, "svws.stadt"),
        ("Stundenplan", "cloud", "running", "Planwerk", "Team Pädagogik", "plan.stadt"),
        ("Digitale Schulbücher", "cloud", "done", "Buchregal", "Team Pädagogik", "buch.stadt"),
        ("Mensa-Bestellung", "cloud", "done", "Tellerrand", _CITY, "mensa.stadt"),
        ("Ticketsystem", "on-premises", "planned", "Eigenbetrieb", "Servicedesk",
         "tickets.stadt"),
        ("Sicherung Schulserver", "hybrid", "planned", "Eigenbetrieb", "Team Plattform",
         "sicherung.stadt"),
        ("Softwareverteilung", "on-premises", "planned", "Eigenbetrieb", "Team Endgeräte",
         "software.stadt"),
        ("Medienkatalog", "cloud", "done", "Medienzentrum", "Team Pädagogik", "medien.stadt"),
    )
)  # fmt: skip


def contacts_of(dice: Dice, number: str, institution: str) -> list[Row]:
    """The people to call at a school: all invented, none can be reached."""
    domain = f"schule-{number.lower()}.example"
    roles = {
        "kita": ("head",),
        "university": ("technician", "secretary"),
    }.get(institution, ("head", "secretary", "media-coordinator", "caretaker"))
    rows: list[Row] = []
    for role in roles:
        who = person(dice)
        rows.append({
            "school": number, "role": role, "name": who.name,
            "phone": mobile(dice) if role == "caretaker" else landline(dice),
            "email": who.email(domain),
        })  # fmt: skip
    if len(roles) == 4 and dice.chance(0.25):
        who = person(dice)
        rows.append({
            "school": number, "role": "media-coordinator", "name": who.name,
            "phone": landline(dice), "email": who.email(domain), "notes": "Vertretung",
        })  # fmt: skip
    return rows


def own_services(dice: Dice, number: str, short_name: str, secondary: bool) -> list[Row]:
    """What a school runs for itself: school servers that are to go to the cloud."""
    if not secondary or not dice.chance(0.55):
        return []
    migration = dice.pick(("none", "planned", "planned", "running", "done"))
    return [{
        "name": f"Schulserver {number}", "school": number,
        "location": "cloud" if migration == "done" else "on-premises", "migration": migration,
        "provider": "Eigenbetrieb", "owner": f"Medienteam {short_name}",
    }]  # fmt: skip
