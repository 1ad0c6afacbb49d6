"""What an agent is told to do, made from the inventory of its school."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from agents import protocol
from inventory.choices import NETWORK_KINDS
from schoolops.core.errors import SchoolopsError
from schoolops.db.engine import Store
from schoolops.estate.models import TABLES
from schoolops.fleet.models import agent_command
from schoolops.fleet.releases import public_key

USUAL_AUTHENTICATION, USUAL_PRIVACY = "sha", "aes"
"""What an SNMP v3 user has whose credential does not say it: all equipment knows these."""

Part = Callable[[Connection, int, int], Any]
"""Makes a field of an agent's config from (connection, id of its school, now in micros)."""
PARTS: dict[str, Part] = {}
"""Field of the config → who makes it: what capabilities that know more put into it."""

devices = TABLES["device"]
uplinks = TABLES["uplink"]
schools = TABLES["school"]
credentials = TABLES["credential"]


def config_of(store: Store, connection: Connection, agent_row: Any) -> protocol.Config:
    """The config of an agent. Its ETag is a hash of the content."""
    settings = store.settings.agent
    school = connection.execute(
        select(schools.c.number).where(schools.c.id == agent_row.school_id)
    ).one()
    targets, known = _targets(store, connection, agent_row.school_id)
    config = protocol.Config(
        etag="",
        agent=agent_row.uid,
        school=school.number,
        interval_s=settings.interval_s,
        look_every_s=settings.look_every_s,
        discover_every_s=settings.discover_every_s,
        networks=_networks(connection, agent_row.school_id),
        uplinks=_uplinks(store, connection, agent_row.school_id),
        targets=targets,
        known_addresses=known,
        discovery_community=settings.discovery_community,
        services=[protocol.ServiceTarget(*one) for one in sorted(settings.services.items())],
        services_every_s=settings.services_every_s,
        snmp_client=settings.snmp_client,
        release_key=_release_key(store),
    )
    now = store.clock.now()
    config = config._replace(
        **{name: make(connection, agent_row.school_id, now) for name, make in PARTS.items()}
    )
    data = json.dumps(protocol.config_to_json(config), sort_keys=True)
    return config._replace(etag=hashlib.sha256(data.encode()).hexdigest()[:24])


def _release_key(store: Store) -> str:
    """'' when there is none that can be used: agents go on measuring without upgrades."""
    try:
        return public_key(store.settings.home)
    except (SchoolopsError, OSError):
        return ""


def _stamp() -> Select[Any]:
    parts: list[Any] = []
    for table in (devices, uplinks, TABLES["site"], credentials):
        for measure in (func.max(table.c.updated_at), func.sum(table.c.version), func.count()):
            found = select(measure).select_from(table)
            if table is not credentials:
                found = found.where(table.c.school_id == bindparam("school"))
            parts.append(found.scalar_subquery())
    asked = select(func.max(agent_command.c.id))
    parts.append(asked.where(agent_command.c.school_id == bindparam("school")).scalar_subquery())
    return select(*parts)


_STAMP = _stamp()


def stamp_of(connection: Connection, school_id: int) -> tuple[Any, ...]:
    """Changes when a record that the config of the school's agents is made of has changed, or
    somebody asks one of them for something."""
    return tuple(connection.execute(_STAMP, {"school": school_id}).one())


def _networks(connection: Connection, school_id: int) -> list[str]:
    """The networks of the school's sites that are written rightly."""
    sites = TABLES["site"]
    texts = connection.scalars(
        select(sites.c.networks).where(
            sites.c.school_id == school_id,
            sites.c.networks.is_not(None),
            sites.c.retired_at.is_(None),
        )
    )
    found = []
    for word in " ".join(text or "" for text in texts).replace(",", " ").split():
        try:
            found.append(str(ipaddress.ip_network(word, strict=False)))
        except ValueError:
            continue
    return found


def _uplinks(store: Store, connection: Connection, school_id: int) -> list[protocol.UplinkTarget]:
    settings = store.settings.agent
    rows = connection.execute(
        select(uplinks.c.key, uplinks.c.name)
        .where(
            uplinks.c.school_id == school_id,
            uplinks.c.retired_at.is_(None),
            uplinks.c.state == "active",
        )
        .order_by(uplinks.c.key)
    ).all()
    found = []
    for row in rows:
        targets = settings.uplink_targets.get(row.key, settings.targets)
        first = targets[0] if targets else ""
        found.append(
            protocol.UplinkTarget(
                uplink=row.name,
                targets=targets,
                dns_names=settings.dns_names,
                download_url=settings.download_url.replace("{target}", first),
                upload_url=settings.upload_url.replace("{target}", first),
                test_every_s=settings.test_every_s if settings.download_url else 0,
            )
        )
    return found


def _targets(
    store: Store, connection: Connection, school_id: int
) -> tuple[list[protocol.Target], list[str]]:
    rows = connection.execute(
        select(
            devices.c.id, devices.c.key, devices.c.kind, devices.c.address, devices.c.vendor,
            devices.c.management, devices.c.credential_id, devices.c.parent_id, devices.c.macs,
            devices.c.serial,
        )
        .where(devices.c.school_id == school_id, devices.c.retired_at.is_(None))
        .where(devices.c.kind.in_(NETWORK_KINDS))
        .order_by(devices.c.key)
    ).all()  # fmt: skip
    secrets = _secrets(store, connection, {row.credential_id for row in rows} - {None})
    doors = _controllers(rows)
    # Printers and servers are known, too: a sweep must not offer them as new.
    known = connection.scalars(
        select(devices.c.address)
        .where(
            devices.c.school_id == school_id,
            devices.c.address.is_not(None),
            devices.c.retired_at.is_(None),
        )
        .order_by(devices.c.address)
    ).all()
    targets = []
    for row in rows:
        if row.management in (None, "none"):
            continue
        door = row if row.management == "snmp" else doors.get(row.id, row)
        if not door.address:
            continue
        # An access point may have an own credential, for its controller's other way in.
        secret = secrets.get(row.credential_id or 0) or secrets.get(door.credential_id or 0, {})
        targets.append(_target(store, row, door, secret))
    return targets, list(known)


def _controllers(rows: Sequence[Any]) -> dict[int, Any]:
    """Device → the controller that is asked about it, with its address and credential.

    The one it is connected to; else the school's of the same vendor. A controller is its own.
    """
    found = {row.id: row for row in rows if row.kind == "wlan-controller"}
    by_vendor = {row.vendor: row for row in reversed(found.values())}
    for row in rows:
        controller = found.get(row.parent_id) or by_vendor.get(row.vendor)
        if row.id not in found and controller is not None:
            found[row.id] = controller
    return found


def _target(store: Store, row: Any, door: Any, secret: dict[str, str]) -> protocol.Target:
    identifiers = [*(row.macs or "").split(), *([row.serial.lower()] if row.serial else [])]
    target = protocol.Target(
        device=row.key,
        kind=row.kind,
        address=door.address,
        port=store.settings.agent.snmp_port,
        method=row.management,
        vendor=row.vendor or "",
        identifiers=identifiers,
        serial=row.serial or "",
    )
    match secret.get("kind"):
        case "snmp-v3":
            return target._replace(
                snmp_version="3",
                username=secret["username"],
                auth_protocol=secret["auth"],
                auth_key=secret["secret"],
                privacy_protocol=secret["privacy"] if secret["secret2"] else "",
                privacy_key=secret["secret2"],
            )
        case "http" | "token":
            url = store.settings.agent.console_url.replace("{address}", door.address)
            return target._replace(url=url, username=secret["username"], password=secret["secret"])
        case "snmp-v2c":
            return target._replace(community=secret["secret"])
    return target._replace(community="public")


def _secrets(store: Store, connection: Connection, ids: set[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    rows = connection.execute(select(credentials).where(credentials.c.id.in_(ids)))
    for row in rows:
        try:
            found[row.id] = {
                "kind": row.kind,
                "username": row.username or "",
                "auth": (row.auth_protocol or USUAL_AUTHENTICATION).upper(),
                "privacy": (row.privacy_protocol or USUAL_PRIVACY).upper(),
                "secret": _open(store, row.secret, f"credential:{row.uid}"),
                "secret2": _open(store, row.secret2, f"credential:{row.uid}:2"),
            }
        except SchoolopsError:
            # A key file that does not fit is told by `doctor`; the devices answer 'no login'.
            continue
    return found


def _open(store: Store, sealed: bytes | None, belongs_to: str) -> str:
    return store.secrets.open(sealed, belongs_to) if sealed else ""
