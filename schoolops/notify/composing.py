"""From a filled-in notice to the message that goes over the wire. Pure."""

from __future__ import annotations

import datetime as dt
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from schoolops.notify.addresses import usable
from schoolops.notify.texts import Text, one_line

POLICY = SMTP.clone(cte_type="7bit")
"""Lines end with CRLF, and no server on the way needs to take eight bits."""


def sender_address(sender: str) -> str:
    """The address of the setting `mail.sender`, as it goes over the wire."""
    address = parseaddr(sender)[1]
    return usable(address) or address


def compose(
    text: Text,
    *,
    sender: str,
    to: str,
    message_id: str,
    at: int,
    zone: ZoneInfo,
) -> EmailMessage:
    """The message. `to`: what `addresses.usable` made; `at`: UTC microseconds.

    No header can hold a line end: values are single lines, and the policy refuses others.
    """
    name = one_line(parseaddr(sender)[0])
    message = EmailMessage(policy=POLICY)
    message["From"] = Address(name, addr_spec=sender_address(sender))
    message["To"] = Address(addr_spec=to)
    message["Subject"] = one_line(text.subject)
    message["Date"] = dt.datetime.fromtimestamp(at // 1_000_000, zone)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    # Exchange answers 'out of office' to the header above all the same.
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = text.language
    message.set_content(text.plain, cte="quoted-printable")
    message.add_alternative(text.html, subtype="html", cte="quoted-printable")
    return message
