"""What can go wrong in a call.

SchoolopsError
├── ApiError    the server said no; `status`, `code`, `detail`, `extra`
└── Offline     no server answered; `detail` says which and what to do
    └── Stopped   somebody stopped this computer's server on purpose
"""

from __future__ import annotations

from typing import Any

from schoolops.core.errors import SchoolopsError


class ApiError(SchoolopsError):
    """An answer with a problem.

    `code` is stable (`estate.stale`), `detail` is a sentence for people, `extra` holds the other
    members of the problem: `errors` of `estate.invalid`, `current`, `changes` and
    `since` of `estate.stale`.
    """

    def __init__(self, status: int, code: str, detail: str, extra: dict[str, Any] | None = None):
        super().__init__(detail, code=code, **(extra or {}))
        self.status = status


class Offline(SchoolopsError):
    """No server answered, or the connection broke before the answer was complete.

    After a call that writes, the write may or may not have happened.
    """

    status, code = 503, "client.offline"


class Stopped(Offline):
    """This computer's server was stopped on purpose and has not been started since."""

    code = "client.stopped"
