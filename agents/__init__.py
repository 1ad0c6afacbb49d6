"""What runs at a school: measures, spools, reports, and touches equipment. Standard library
alone, but for SNMP (extra `snmp`)."""

__version__ = "0.1.0"
