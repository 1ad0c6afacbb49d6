"""What a discovered device probably is, by its sysObjectID and sysDescr.

Answers a device kind of the inventory, or '' where nothing speaks for one. Enterprise numbers
are IANA's; words are those the makers put into sysDescr.
"""

from __future__ import annotations

import re

from agents.snmp.ber import Oid
from agents.snmp.oids import ENTERPRISES

# sysObjectID below enterprises → kind; the longest prefix wins.
_ARCS: dict[Oid, str] = {
    (14823, 1, 1): "wlan-controller",  # Aruba, ARUBA-MIB switchProducts
    (14823, 1, 2): "access-point",  # apProducts
    (2356, 11): "router",  # LANCOM LCOS
    (2356, 13): "access-point",  # LANCOM LCOS LX
    (2356, 14): "switch",  # LANCOM LCOS SX
    (11, 2, 3, 7, 11): "switch",  # HP ProCurve
    (11, 2, 3, 9): "printer",  # HP JetDirect
    (14179,): "wlan-controller",  # Airespace
    (41112,): "access-point",  # Ubiquiti
    (14988,): "router",  # MikroTik
    (2435,): "printer",  # Brother
    (1347,): "printer",  # Kyocera
    (367,): "printer",  # Ricoh
    (641,): "printer",  # Lexmark
    (18334,): "printer",  # Konica Minolta
    (1602,): "printer",  # Canon
    (1248,): "printer",  # Epson
    (253,): "printer",  # Xerox
    (4526,): "switch",  # Netgear
    (171,): "switch",  # D-Link
    (311,): "server",  # Microsoft
    (6574,): "server",  # Synology
    (24681,): "server",  # QNAP
}
_WORDS: tuple[tuple[str, str], ...] = (
    (r"wireless (lan )?controller|\bC?9800\b|\bWLC\b|UniFi (Console|OS)|Cloud ?Key",
     "wlan-controller"),
    (r"\b(UAP|U6|U7|cAP|wAP|hAP|mAP)\b|access ?point|\bIAP\b|\bAP-?\d{3}", "access-point"),
    (r"\b(CRS|CSS)\d|\bUSW\b|catalyst|\bC9[23]\d\d|switch", "switch"),
    (r"printer|laserjet|jetdirect|officejet|multifunction|\bMFP\b", "printer"),
    (r"\bISR\b|router|gateway|OpenWrt|\bRB\d{3,4}", "router"),
    (r"windows|hyper-v|vmware|\bNAS\b", "server"),
)  # fmt: skip


def guess_kind(sys_object_id: Oid, description: str) -> str:
    """The kind, from the most telling sign: words of the description before the vendor's arc,
    but where the arc names a kind of product, the arc."""
    below = sys_object_id[6:] if sys_object_id[:6] == ENTERPRISES else ()
    by_arc = next(
        (kind for arc, kind in sorted(_ARCS.items(), key=lambda item: -len(item[0]))
         if below[: len(arc)] == arc),
        "",
    )  # fmt: skip
    specific = by_arc and any(len(arc) > 1 and below[: len(arc)] == arc for arc in _ARCS)
    if specific:
        return by_arc
    for pattern, kind in _WORDS:
        if re.search(pattern, description, re.IGNORECASE):
            return kind
    if by_arc:
        return by_arc
    return "server" if re.search(r"\blinux\b", description, re.IGNORECASE) else ""
