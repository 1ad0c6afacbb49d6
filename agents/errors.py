"""What can go wrong in an agent. Each error is one sentence that says what to do.

AgentError
├── WrongUse          the command line, a URL or a file given by a person
├── NotJoined         the state folder belongs to no agent yet
├── AlreadyRunning    another process uses the state folder
└── TransportError    no usable answer came; worth another try
    ├── Unreachable
    ├── TlsMismatch   the server is not the one that was pinned, or its certificate is bad
    └── BadAnswer     something answered that is not a schoolops server
"""

from __future__ import annotations


class AgentError(Exception):
    """Base of everything this package raises on purpose."""


class WrongUse(AgentError):
    """A person gave something that cannot be understood."""


class NotJoined(AgentError):
    """There is no identity in the state folder."""


class AlreadyRunning(AgentError):
    """Another process holds the state folder."""


class TransportError(AgentError):
    """No usable answer came from the server."""


class Unreachable(TransportError):
    """No connection, or it broke."""


class TlsMismatch(TransportError):
    """The peer's certificate is not the expected one."""


class BadAnswer(TransportError):
    """The answer is not HTTP, too large, or not from schoolops."""
