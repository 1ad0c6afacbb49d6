"""Controllers read over SNMP: their access points, radios and clients.

| controller | tables | source |
|---|---|---|
| Cisco 9800, AireOS | bsnAPTable, bsnAPIfTable | AIRESPACE-WIRELESS-MIB |
| | cLApTable, cLApEthernetIfTable | CISCO-LWAPP-AP-MIB |
| Aruba mobility controller | wlsxWlanAPTable, wlsxWlanRadioTable | WLSX-WLAN-MIB |
| Aruba Instant cluster | aiAccessPointTable, aiRadioTable | AI-AP-MIB |

The Cisco and Aruba tables are indexed by the access point's MAC address (Cisco: that of its base
radio), radios by that address and a number.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.controllers import Point, mac_of
from agents.snmp import oids
from agents.snmp.ber import Oid
from agents.snmp.ber import parse_oid as oid
from agents.snmp.client import Value
from agents.snmp.errors import SnmpUnsupported
from agents.snmp.profiles import enterprise
from agents.snmp.reading import Reading, Session, band_of_channel, integer, text
from agents.snmp.serials import normal

MAX_POINTS = 8192
Rows = dict[Oid, dict[Oid, Value]]

# AIRESPACE-WIRELESS-MIB, enterprise 14179
BSN_STATUS = oid("1.3.6.1.4.1.14179.2.2.1.1.6")  # bsnAPOperationStatus: associated is 1
BSN_SERIAL = oid("1.3.6.1.4.1.14179.2.2.1.1.17")  # bsnAPSerialNumber
BSN_ETHERNET = oid("1.3.6.1.4.1.14179.2.2.1.1.33")  # bsnAPEthernetMacAddress
BSN_RADIO_TYPE = oid("1.3.6.1.4.1.14179.2.2.2.1.2")  # bsnAPIfType: dot11b is 1, dot11a is 2
BSN_RADIO_CHANNEL = oid("1.3.6.1.4.1.14179.2.2.2.1.4")  # bsnAPIfPhyChannelNumber
BSN_RADIO_USERS = oid("1.3.6.1.4.1.14179.2.2.2.1.15")  # bsnApIfNoOfUsers
# CISCO-LWAPP-AP-MIB
LWAPP_UPTIME = oid("1.3.6.1.4.1.9.9.513.1.1.1.1.6")  # cLApUpTime
LWAPP_RX = oid("1.3.6.1.4.1.9.9.513.1.2.2.1.13")  # cLApEthernetIfRxTotalBytes
LWAPP_TX = oid("1.3.6.1.4.1.9.9.513.1.2.2.1.14")  # cLApEthernetIfTxTotalBytes
# WLSX-WLAN-MIB
WLSX_SERIAL = oid("1.3.6.1.4.1.14823.2.2.1.5.2.1.4.1.6")  # wlanAPSerialNumber
WLSX_UPTIME = oid("1.3.6.1.4.1.14823.2.2.1.5.2.1.4.1.12")  # wlanAPUpTime
WLSX_STATUS = oid("1.3.6.1.4.1.14823.2.2.1.5.2.1.4.1.19")  # wlanAPStatus: up is 1
WLSX_RADIO_TYPE = oid("1.3.6.1.4.1.14823.2.2.1.5.2.1.5.1.2")  # wlanAPRadioType
WLSX_RADIO_CHANNEL = oid("1.3.6.1.4.1.14823.2.2.1.5.2.1.5.1.3")  # wlanAPRadioChannel
WLSX_RADIO_CLIENTS = oid("1.3.6.1.4.1.14823.2.2.1.5.2.1.5.1.7")  # …NumAssociatedClients
# AI-AP-MIB
AI_SERIAL = oid("1.3.6.1.4.1.14823.2.3.3.1.2.1.1.4")  # aiAPSerialNum
AI_CPU = oid("1.3.6.1.4.1.14823.2.3.3.1.2.1.1.7")  # aiAPCPUUtilization
AI_FREE = oid("1.3.6.1.4.1.14823.2.3.3.1.2.1.1.8")  # aiAPMemoryFree
AI_UPTIME = oid("1.3.6.1.4.1.14823.2.3.3.1.2.1.1.9")  # aiAPUptime
AI_TOTAL = oid("1.3.6.1.4.1.14823.2.3.3.1.2.1.1.10")  # aiAPTotalMemory
AI_STATUS = oid("1.3.6.1.4.1.14823.2.3.3.1.2.1.1.11")  # aiAPStatus: up is 1
AI_RADIO_CHANNEL = oid("1.3.6.1.4.1.14823.2.3.3.1.2.2.1.4")  # aiRadioChannel
AI_RADIO_CLIENTS = oid("1.3.6.1.4.1.14823.2.3.3.1.2.2.1.21")  # aiRadioClientNum


async def read_controller(session: Session) -> list[Point]:
    """All access points of a controller. Raises SnmpError; SnmpUnsupported for other makes."""
    answer = await session.get([oids.SYS_OBJECT_ID])
    sys_object_id = answer[oids.SYS_OBJECT_ID]
    maker = enterprise(sys_object_id) if isinstance(sys_object_id, tuple) else None
    if maker in (9, 14179):
        return await _cisco(session)
    if maker == 14823:
        return await _aruba(session)
    raise SnmpUnsupported("it is neither a Cisco nor an Aruba controller: check the address")


async def _cisco(session: Session) -> list[Point]:
    points = await session.walk([BSN_STATUS, BSN_SERIAL, BSN_ETHERNET], MAX_POINTS)
    radios = await session.walk([BSN_RADIO_TYPE, BSN_RADIO_CHANNEL, BSN_RADIO_USERS],
                                MAX_POINTS * 4)  # fmt: skip
    clocks = await session.walk([LWAPP_UPTIME], MAX_POINTS)
    ports = await session.walk([LWAPP_RX, LWAPP_TX], MAX_POINTS * 2)
    found = {}
    for index, row in points.items():
        serial = text(row.get(BSN_SERIAL))
        names = {mac_of(index), normal(serial)}
        ethernet = row.get(BSN_ETHERNET)
        if isinstance(ethernet, bytes) and len(ethernet) == 6:
            names.add(mac_of(ethernet))
        found[index[:6]] = Point(names, row.get(BSN_STATUS) == 1, serial=serial)
    for index, row in clocks.items():
        if index[:6] in found:
            found[index[:6]].reading.uptime_s = _seconds(row.get(LWAPP_UPTIME))
    for index, row in ports.items():
        if index[:6] in found:
            _add_octets(found[index[:6]].reading, row)
    for index, row in radios.items():
        users = integer(row.get(BSN_RADIO_USERS))
        if index[:6] in found and users is not None:
            band = {1: "24", 2: "5"}.get(integer(row.get(BSN_RADIO_TYPE)) or 0)
            band = band or band_of_channel(integer(row.get(BSN_RADIO_CHANNEL)))
            found[index[:6]].reading.add_clients(band, users)
    return list(found.values())


async def _aruba(session: Session) -> list[Point]:
    rows = await session.walk([WLSX_SERIAL, WLSX_UPTIME, WLSX_STATUS], MAX_POINTS)
    if rows:
        columns = (WLSX_RADIO_TYPE, WLSX_RADIO_CHANNEL, WLSX_RADIO_CLIENTS)
        radios = await session.walk(columns, MAX_POINTS * 4)
        found = _points(rows, WLSX_SERIAL, WLSX_STATUS, WLSX_UPTIME)
    else:
        rows = await session.walk(
            [AI_SERIAL, AI_STATUS, AI_UPTIME, AI_CPU, AI_FREE, AI_TOTAL], MAX_POINTS
        )
        columns = (WLSX_RADIO_TYPE, AI_RADIO_CHANNEL, AI_RADIO_CLIENTS)
        radios = await session.walk(columns[1:], MAX_POINTS * 4)
        found = _points(rows, AI_SERIAL, AI_STATUS, AI_UPTIME)
        for index, row in rows.items():
            reading, total = found[index[:6]].reading, integer(row.get(AI_TOTAL))
            reading.cpu_percent = integer(row.get(AI_CPU))
            if total:
                free = integer(row.get(AI_FREE)) or 0
                reading.memory_used_percent = 100 * (total - free) / total
    for index, row in radios.items():
        clients = integer(row.get(columns[2]))
        if index[:6] in found and clients is not None:
            # ArubaPhyType: dot11a is 1, dot11b 2, dot11g 3.
            band = {1: "5", 2: "24", 3: "24"}.get(integer(row.get(columns[0])) or 0)
            band = band or band_of_channel(integer(row.get(columns[1])))
            found[index[:6]].reading.add_clients(band, clients)
    return list(found.values())


def _points(rows: Rows, serial: Oid, status: Oid, uptime: Oid) -> dict[Oid, Point]:
    return {
        index[:6]: Point(
            {mac_of(index[:6]), normal(text(row.get(serial)))},
            row.get(status) == 1,
            Reading(uptime_s=_seconds(row.get(uptime))),
            text(row.get(serial)),
        )
        for index, row in rows.items()
    }


def _seconds(ticks: Value) -> float | None:
    number = integer(ticks)
    return None if number is None else number / 100


def _add_octets(reading: Reading, row: Mapping[Oid, Value]) -> None:
    rx, tx = integer(row.get(LWAPP_RX)), integer(row.get(LWAPP_TX))
    if rx is not None:
        reading.rx_bytes = (reading.rx_bytes or 0) + rx
    if tx is not None:
        reading.tx_bytes = (reading.tx_bytes or 0) + tx
