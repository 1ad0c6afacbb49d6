"""Simulated equipment that speaks the real protocols on loopback addresses.

One process answers SNMP v2c for thousands of switches, access points, routers and controllers,
REST for UniFi controllers, and HTTP, TCP and DNS for the school lines that agents measure.
`SimDevice` and `SimLine` say what exists; `EquipmentProcess` starts it and injects faults.
"""
