"""The one tree of errors. Each carries an HTTP status, a stable code and a sentence for people.

SchoolopsError
├── Unauthenticated      401 auth.required
├── Forbidden            403 auth.forbidden
├── NotFound             404 estate.unknown
├── Conflict             409 (estate.stale, estate.duplicate, estate.count_changed, …)
├── Invalid              422 (estate.invalid, filter.invalid, import.refused, report.…)
├── TooMany              429 *.busy
├── ProviderDown         503 auth.provider_down (Keycloak does not answer)
├── DatabaseDown         503 database.… (away, read_only, full: nothing was written, come again)
└── Unusable             500 setup.… (settings, database, files: the operator must act)
"""

from __future__ import annotations

from typing import Any


class SchoolopsError(Exception):
    """Base of every error that a user may see; `str()` is the sentence that says what to do."""

    status = 500
    code = "internal.error"
    retry_after_s = 5
    """Told with 429 and 503."""

    def __init__(self, detail: str, *, code: str | None = None, **extra: Any) -> None:
        """`detail` is English: plain text, or an `inventory.sentences.Sentence`."""
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.extra = extra

    def problem(self) -> dict[str, Any]:
        """The body of an RFC 9457 answer.

        `detail` is English; `message` is its id in the catalogues and `params` what stands in its
        places, from which a client makes the sentence in another language.
        """
        return {
            "type": f"about:blank#{self.code}",
            "title": self.code.replace(".", " ").replace("_", " "),
            "status": self.status,
            "code": self.code,
            "detail": str(self.detail),
            "message": str(getattr(self.detail, "message", self.detail)),
            "params": dict(getattr(self.detail, "params", {})),
            **self.extra,
        }


class Unauthenticated(SchoolopsError):
    status, code = 401, "auth.required"


class Forbidden(SchoolopsError):
    status, code = 403, "auth.forbidden"


class NotFound(SchoolopsError):
    status, code = 404, "estate.unknown"


class Conflict(SchoolopsError):
    status, code = 409, "estate.conflict"


class TooLarge(SchoolopsError):
    status, code = 413, "request.too_large"


class Invalid(SchoolopsError):
    status, code = 422, "estate.invalid"


class TooMany(SchoolopsError):
    status, code = 429, "server.busy"


class ProviderDown(SchoolopsError):
    status, code = 503, "auth.provider_down"


class DatabaseDown(SchoolopsError):
    status, code = 503, "database.away"
    retry_after_s = 30


class Unusable(SchoolopsError):
    status, code = 500, "setup.unusable"
