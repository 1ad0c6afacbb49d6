"""The models that can be simulated, by vendor: what a city's schools have on their walls."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """A product: `management` says how an agent reads it (snmp, controller or unifi)."""

    vendor: str
    model: str
    kind: str
    management: str = "snmp"
    ports: int = 1


MODELS: tuple[Model, ...] = (
    Model("Cisco", "C9120AXI-E", "access-point", "controller"),
    Model("Aruba", "AP-515", "access-point", "controller"),
    Model("Aruba", "AP-505 Instant", "access-point"),
    Model("MikroTik", "cAP ac", "access-point", ports=2),
    Model("MikroTik", "cAP ax", "access-point", ports=2),
    Model("LANCOM", "LW-600", "access-point"),
    Model("Ubiquiti", "U6-Pro", "access-point", "unifi"),
    Model("Ubiquiti", "UAP-AC-Pro", "access-point", ports=2),
    Model("OpenWrt", "NWA50AX", "access-point"),
    Model("Aruba", "2930F-24G-PoE+", "switch", ports=28),
    Model("Cisco", "C9200L-24P-4X", "switch", ports=28),
    Model("MikroTik", "CRS326-24G-2S+", "switch", ports=26),
    Model("LANCOM", "1900EF", "router", ports=6),
    Model("Cisco", "C1111-8P", "router", ports=10),
    Model("MikroTik", "RB5009", "router", ports=9),
    Model("OpenWrt", "x86 router", "router", ports=3),
    Model("Cisco", "C9800-40", "wlan-controller", ports=4),
    Model("Aruba", "A7010", "wlan-controller", ports=18),
    Model("Ubiquiti", "UniFi Console", "wlan-controller"),
)
BY_NAME: dict[tuple[str, str], Model] = {(m.vendor, m.model): m for m in MODELS}
