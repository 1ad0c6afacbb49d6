"""Settings of support tickets."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from schoolops.core.settings_group import HOST, IS_ADDRESS, PORT, Group


class TicketSettings(Group):
    """Support tickets; without an address none comes by e-mail."""

    close_after_days: float = Field(default=7, ge=0)
    """A ticket that counts as solved is closed after so long, if nobody says that it is not."""

    forget_after_days: float = Field(default=365, ge=30)
    """Closed tickets lose names, addresses and all that was written after so long; what is left
    counts, and names nobody."""

    mail_address: str = ""
    """The address that reports are sent to, such as `helpdesk@city.example`; what is sent to
    `helpdesk+…@city.example` has to arrive there too. Empty: no tickets by e-mail."""

    mail_host: str = ""
    """The IMAP server with its mailbox, which is asked each 30 seconds; empty: none is."""

    mail_port: int = Field(default=993, ge=1, le=65535)
    """Its port: 993 with `tls`, 143 with `starttls` and `none`."""

    mail_tls: Literal["tls", "starttls", "none"] = "tls"
    """`tls`: encrypted from the first byte; `starttls`: after the greeting; `none`: not at all, for
    a server on the same machine."""

    mail_ca_file: str = ""
    """PEM file with the authority that vouches for the IMAP server, when the system has none."""

    mail_username: str = ""
    """As whom the server signs in there; empty for `tickets.mail_address`."""

    mail_secret_file: str = ""
    """File (0600) with that account's password; empty for `keys/tickets-mail.secret` under the home
    folder."""

    mail_folder: str = "INBOX"
    """The folder that is read."""

    mail_done_folder: str = ""
    """Where mails are moved that were booked; empty: they stay, and are marked as read."""

    mail_listen: str = ""
    """Where the server takes mails itself: `lmtp://127.0.0.1:2424` or `smtp://10.0.0.5:2525`, for
    a mail server that delivers there; needs the extra `mail-in`. Empty: it does not."""

    mail_keep_days: int = Field(default=365, ge=7)
    """Days for which mails are kept as they came, and those that belong to no ticket at all."""

    @model_validator(mode="after")
    def _usable(self) -> TicketSettings:
        if (self.mail_host or self.mail_listen) and not self.mail_address:
            raise ValueError("tickets.mail_address is needed with mail_host and mail_listen")
        if self.mail_address and (
            not IS_ADDRESS.fullmatch(self.mail_address) or "+" in self.mail_address
        ):
            raise ValueError("write tickets.mail_address as helpdesk@city.example, without a +")
        local = self.mail_host in ("", "localhost", "127.0.0.1", "::1")
        if self.mail_tls == "none" and not local:
            raise ValueError(
                "a password goes to another machine over TLS only; set tickets.mail_tls to tls"
            )
        if self.mail_listen and not _IS_LISTENER.fullmatch(self.mail_listen):
            raise ValueError("write tickets.mail_listen as lmtp://127.0.0.1:2424")
        return self


_IS_LISTENER = re.compile(rf"(lmtp|smtp)://{HOST}:{PORT}")
