"""What can go wrong between the agent and a device. No text here ever holds a secret.

SnmpError
├── SnmpTimeout       nothing came back: off, unreachable, or a wrong community
├── SnmpDenied        the device refused the version 3 user, its keys or its rights
├── SnmpBadAnswer     what came back is no valid answer
├── SnmpUnsupported   the target asks for a protocol or version this agent does not have
└── SnmpMissing       the extra `snmp` is not installed
"""

from __future__ import annotations


class SnmpError(Exception):
    """Base of all of them; `str(error)` is a sentence for the report's `error` column."""


class SnmpTimeout(SnmpError):
    """No answer within the time-out and its repetition."""


class SnmpDenied(SnmpError):
    """The device answered that it does not accept the user, the key or the request."""


class SnmpBadAnswer(SnmpError):
    """The answer could not be understood, or its order of OIDs does not increase."""


class SnmpUnsupported(SnmpError):
    """The target's settings name something unknown."""


class SnmpMissing(SnmpError):
    """pysnmp is not there."""
