"""SNMP: the client, what vendors' MIBs say, and a small codec of its own for version 2c.

`client` polls known devices through pysnmp (extra `snmp`, imported on first use). `ber` needs
the standard library alone: the discovery sweep and the simulated equipment use it.
"""
