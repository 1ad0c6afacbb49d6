"""Object identifiers of the standard MIBs. Each block names its source."""

from __future__ import annotations

from agents.snmp.ber import parse_oid as oid

# SNMPv2-MIB (RFC 3418)
SYS_DESCR = oid("1.3.6.1.2.1.1.1.0")
SYS_OBJECT_ID = oid("1.3.6.1.2.1.1.2.0")
SYS_UPTIME = oid("1.3.6.1.2.1.1.3.0")
SYS_NAME = oid("1.3.6.1.2.1.1.5.0")
# SNMP-FRAMEWORK-MIB (RFC 3411): seconds since the engine's start, does not wrap after 497 days
SNMP_ENGINE_TIME = oid("1.3.6.1.6.3.10.2.1.3.0")

# IF-MIB (RFC 2863)
IF_TYPE = oid("1.3.6.1.2.1.2.2.1.3")
IF_OPER_STATUS = oid("1.3.6.1.2.1.2.2.1.8")
IF_IN_OCTETS = oid("1.3.6.1.2.1.2.2.1.10")
IF_IN_ERRORS = oid("1.3.6.1.2.1.2.2.1.14")
IF_OUT_OCTETS = oid("1.3.6.1.2.1.2.2.1.16")
IF_OUT_ERRORS = oid("1.3.6.1.2.1.2.2.1.20")
IF_HC_IN_OCTETS = oid("1.3.6.1.2.1.31.1.1.1.6")
IF_HC_OUT_OCTETS = oid("1.3.6.1.2.1.31.1.1.1.10")
ETHERNET, LOOPBACK = 6, 24  # IANAifType-MIB

# HOST-RESOURCES-MIB (RFC 2790)
HR_SYSTEM_UPTIME = oid("1.3.6.1.2.1.25.1.1.0")
HR_STORAGE_TYPE = oid("1.3.6.1.2.1.25.2.3.1.2")
HR_STORAGE_SIZE = oid("1.3.6.1.2.1.25.2.3.1.5")
HR_STORAGE_USED = oid("1.3.6.1.2.1.25.2.3.1.6")
HR_STORAGE_RAM = oid("1.3.6.1.2.1.25.2.1.2")
HR_PROCESSOR_LOAD = oid("1.3.6.1.2.1.25.3.3.1.2")

# UCD-SNMP-MIB (net-snmp)
UCD_MEM_TOTAL = oid("1.3.6.1.4.1.2021.4.5.0")
UCD_MEM_AVAILABLE = oid("1.3.6.1.4.1.2021.4.6.0")
UCD_MEM_BUFFER = oid("1.3.6.1.4.1.2021.4.14.0")
UCD_MEM_CACHED = oid("1.3.6.1.4.1.2021.4.15.0")
UCD_CPU_IDLE = oid("1.3.6.1.4.1.2021.11.11.0")  # ssCpuIdle: appears a minute after the start
UCD_CPU_RAW_BUSY = (  # ssCpuRawUser, ssCpuRawNice, ssCpuRawSystem: ticks
    oid("1.3.6.1.4.1.2021.11.50.0"),
    oid("1.3.6.1.4.1.2021.11.51.0"),
    oid("1.3.6.1.4.1.2021.11.52.0"),
)
UCD_CPU_RAW_IDLE = oid("1.3.6.1.4.1.2021.11.53.0")  # ssCpuRawIdle
# LM-SENSORS-MIB (net-snmp): thousandths of a degree
LM_TEMPERATURE = oid("1.3.6.1.4.1.2021.13.16.2.1.3")

# ENTITY-MIB (RFC 6933), ENTITY-SENSOR-MIB (RFC 3433)
ENT_MODEL = oid("1.3.6.1.2.1.47.1.1.1.1.13")
ENT_SERIAL = oid("1.3.6.1.2.1.47.1.1.1.1.11")
ENT_SENSOR_TYPE = oid("1.3.6.1.2.1.99.1.1.1.1")
ENT_SENSOR_SCALE = oid("1.3.6.1.2.1.99.1.1.1.2")
ENT_SENSOR_PRECISION = oid("1.3.6.1.2.1.99.1.1.1.3")
ENT_SENSOR_VALUE = oid("1.3.6.1.2.1.99.1.1.1.4")
ENT_SENSOR_STATUS = oid("1.3.6.1.2.1.99.1.1.1.5")
CELSIUS = 8

ENTERPRISES = (1, 3, 6, 1, 4, 1)
