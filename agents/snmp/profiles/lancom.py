"""LANCOM (enterprise 2356): LCOS routers (arc 11) and LCOS LX access points (arc 13).

LCOS-MIB: `lcsStatusHardwareInfoTemperatureDegrees`. LCOS-LX-MIB: a row for each associated
station, indexed by its MAC address; the rows are counted and the addresses dropped at once.
The station table does not say the radio in a column we could verify: the band stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.snmp.ber import Oid
from agents.snmp.ber import parse_oid as oid
from agents.snmp.client import Value
from agents.snmp.profiles.generic import Generic
from agents.snmp.reading import Reading, Session, integer

LCOS_TEMPERATURE = oid("1.3.6.1.4.1.2356.11.1.47.20.0")
LCOS_SERIAL = oid("1.3.6.1.4.1.2356.11.1.47.7.0")
LX_SERIAL = oid("1.3.6.1.4.1.2356.13.1.47.7.0")
LX_STATION_NETWORK = oid("1.3.6.1.4.1.2356.13.1.3.32.1.3")  # …WLANStationEntryNetworkName
LX_RADIO_BAND = oid("1.3.6.1.4.1.2356.13.1.3.57.1.2")  # …WLANRadiosEntryRadioBand
LX_RADIO_TEMPERATURE = oid("1.3.6.1.4.1.2356.13.1.3.57.1.50")  # …EntryTemperatureDegrees


class Lancom(Generic):
    """LCOS and LCOS LX."""

    name = "lancom"
    scalars = (LCOS_TEMPERATURE,)
    serials = (LCOS_SERIAL, LX_SERIAL)

    async def vendor(self, session: Session, reading: Reading, values: Mapping[Oid, Value]) -> None:
        warmest = integer(values.get(LCOS_TEMPERATURE)) or 0
        radios = await session.optional("lx-radio", [LX_RADIO_BAND, LX_RADIO_TEMPERATURE], 8)
        if radios:
            stations = await session.walk([LX_STATION_NETWORK], 1024)
            reading.add_clients("", len(stations))
            degrees = [integer(row.get(LX_RADIO_TEMPERATURE)) or 0 for row in radios.values()]
            warmest = max([warmest, *degrees])
        if 0 < warmest < 150:
            reading.temperature_c = float(warmest)
