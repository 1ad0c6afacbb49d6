"""UniFi access points that answer SNMP themselves, by UBNT-UniFi-MIB (enterprise 41112).

`unifiVapTable` has a row for each SSID on each radio; `unifiVapRadio` is 'ng' on 2.4 GHz, 'na'
or 'ac' on 5 GHz, '6e' on 6 GHz. Older firmware answers net-snmp's sysObjectID, hence
`LinuxAccessPoint`, which looks for the table on any net-snmp once.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.snmp.ber import Oid
from agents.snmp.ber import parse_oid as oid
from agents.snmp.client import Value
from agents.snmp.profiles.generic import Generic
from agents.snmp.reading import Reading, Session, integer, text

STATIONS = oid("1.3.6.1.4.1.41112.1.6.1.2.1.8")  # unifiVapNumStations
RADIO = oid("1.3.6.1.4.1.41112.1.6.1.2.1.9")  # unifiVapRadio
BANDS = {"ng": "24", "na": "5", "ac": "5", "6e": "6"}


class Ubiquiti(Generic):
    """UniFi access points."""

    name = "ubiquiti"

    async def vendor(self, session: Session, reading: Reading, values: Mapping[Oid, Value]) -> None:
        for row in (await session.optional("vap", [STATIONS, RADIO], 64)).values():
            count = integer(row.get(STATIONS))
            if count is not None:
                reading.add_clients(BANDS.get(text(row.get(RADIO)).lower(), ""), count)


class LinuxAccessPoint(Ubiquiti):
    """Anything that runs net-snmp: OpenWrt, a Linux box, a UniFi access point.

    OpenWrt's snmpd has no table of WLAN clients of its own: their number stays unknown.
    """

    name = "linux"
