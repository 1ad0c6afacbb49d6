"""Whether a machine sent a mail: such a mail is filed where it belongs, and never answered, opens
nothing and wakes nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

REPORTS = ("multipart/report", "message/delivery-status", "message/disposition-notification")
_LISTS = ("list-id", "list-unsubscribe", "list-post", "list-help", "list-owner", "list-subscribe",
          "list-archive")  # fmt: skip
_DAEMONS = ("mailer-daemon@", "postmaster@")


def why(
    headers: Mapping[str, Sequence[str]], content_type: str, *, null_sender: bool = False
) -> str:
    """In a word why it is automatic; '' for a person's. `headers`: small name → values."""

    def values(name: str) -> list[str]:
        return [one.strip().lower() for one in headers.get(name, ())]

    if content_type in REPORTS:
        return "report"
    if any(
        one.split(";")[0].split("(")[0].strip() not in ("no", "")
        for one in values("auto-submitted")
    ):
        return "auto-submitted"
    if any(one in ("bulk", "list", "junk", "auto_reply") for one in values("precedence")):
        return "precedence"
    if "x-loop" in headers:
        return "x-loop"
    # What asks others to be silent is itself no person's; 'none' asks for nothing.
    if any(one not in ("none", "") for one in values("x-auto-response-suppress")):
        return "suppress"
    if null_sender or any(one in ("<>", "") for one in values("return-path")):
        return "null sender"
    if any(name in headers for name in _LISTS):
        return "list"
    if any(daemon in one for one in values("from") for daemon in _DAEMONS):
        return "report"
    return ""
