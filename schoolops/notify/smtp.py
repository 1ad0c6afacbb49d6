"""One conversation with the mail server, by the standard library, with an end to every wait.

Three ways to fail: the server cannot be used at present (`ServerDown`: all mails wait), it does not
take this mail now (`Delayed`), or never (`Refused`).
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from schoolops.core import paths
from schoolops.core.errors import Unusable
from schoolops.core.secretfiles import read_secret
from schoolops.core.settings import MailSettings

WHOLE = 4
"""A mail, or a sign-in, may take so many times `mail.timeout_s`."""


class NotSent(Exception):
    """Why a mail did not go out; `str()` may hold addresses."""


class ServerDown(NotSent):
    """Nothing can be sent: no connection, no TLS, no sign-in."""


class Delayed(NotSent):
    """Not this mail, not now; another try may succeed."""


class Refused(NotSent):
    """Not this mail, and not later either."""


def secret_path(settings: MailSettings) -> Path:
    given = settings.secret_file
    return Path(given) if given else paths.home() / "keys" / "mail.secret"


class Conversation:
    """A connection that is greeted, encrypted and signed in. Use it in a `with`."""

    def __init__(self, settings: MailSettings) -> None:
        self.settings = settings
        self._smtp: smtplib.SMTP | None = None
        self._was_cut = False

    def __enter__(self) -> Conversation:
        self._smtp = self._make()
        try:
            with self._limit():
                self._open(self._smtp)
        except TimeoutError as error:
            self._smtp.close()
            raise ServerDown(str(error)) from None
        except BaseException:
            self._smtp.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._smtp is not None
        with contextlib.suppress(OSError, smtplib.SMTPException), self._limit():
            self._smtp.quit()
        self._smtp.close()

    def send(self, sender: str, to: str, message: EmailMessage) -> str:
        """Hand a message over; answers what the server said. Raises `Delayed` or `Refused`.

        After `Delayed` the conversation may be over: see `is_open`.
        """
        smtp, data = self._smtp, message.as_bytes()
        assert smtp is not None
        try:
            with self._limit():
                # Our own address is nothing that a receiver can mend: it counts as 'not now'.
                _check(smtp.mail(sender), never=False)
                _check(smtp.rcpt(to))
                answer = smtp.data(data)
            return _check(answer)
        except smtplib.SMTPResponseException as error:
            _check((error.smtp_code, _as_bytes(error.smtp_error)))
            raise Delayed(str(error)) from None
        except (OSError, smtplib.SMTPException) as error:
            smtp.close()
            raise Delayed(f"the connection broke: {_told(error)}") from None
        finally:
            self._reset()

    @property
    def is_open(self) -> bool:
        return self._smtp is not None and self._smtp.sock is not None

    def _reset(self) -> None:
        """Let the next mail begin anew, whatever became of this one."""
        smtp = self._smtp
        if smtp is None or smtp.sock is None:
            return
        try:
            with self._limit():
                code, _ = smtp.rset()
        except (OSError, smtplib.SMTPException):
            code = 421
        if code != 250:
            smtp.close()

    def _make(self) -> smtplib.SMTP:
        if self.settings.tls == "tls":
            return smtplib.SMTP_SSL(timeout=self.settings.timeout_s, context=self._context())
        return smtplib.SMTP(timeout=self.settings.timeout_s)

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.settings.ca_file or None)
        except (OSError, ssl.SSLError) as error:
            raise ServerDown(f"mail.ca_file cannot be used: {_told(error)}") from None

    def _open(self, smtp: smtplib.SMTP) -> None:
        settings = self.settings
        where = f"{settings.host}:{settings.port}"
        # smtplib names the certificate's host by what its constructor was told, which would
        # connect at once, before the limit can end it.
        smtp._host = settings.host  # type: ignore[attr-defined]
        try:
            code, said = smtp.connect(settings.host, settings.port)
            if code != 220:
                raise ServerDown(f"{where} answered {code} {said.decode('utf-8', 'replace')}")
            if settings.tls == "starttls":
                smtp.starttls(context=self._context())
            smtp.ehlo_or_helo_if_needed()
            if settings.username:
                self._sign_in(smtp)
        except ssl.SSLCertVerificationError as error:
            raise ServerDown(
                f"the certificate of {where} is not trusted ({error.verify_message}); see "
                "mail.host and mail.ca_file"
            ) from None
        except smtplib.SMTPNotSupportedError as error:
            raise ServerDown(f"{where}: {error} See mail.tls and mail.username") from None
        except (OSError, smtplib.SMTPException) as error:
            raise ServerDown(f"{where}: {_told(error)}") from None

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        try:
            secret = read_secret(
                secret_path(self.settings), "put the password of mail.username there", "setup.mail"
            )
            smtp.login(self.settings.username, secret)
        except Unusable as error:
            raise ServerDown(str(error)) from None
        except UnicodeError:
            raise ServerDown(
                "the mail account's name or password has letters beyond ASCII, which the sign-in "
                "cannot send; choose another password"
            ) from None

    @contextlib.contextmanager
    def _limit(self) -> Iterator[None]:
        """Cut the connection after the longest time: a server that trickles is never silent.

        What it had said of a line by then is no answer, though smtplib takes it for one.
        """
        timer = threading.Timer(self.settings.timeout_s * WHOLE, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        if self._was_cut:
            raise TimeoutError("the mail server took too long")

    def _cut(self) -> None:
        self._was_cut = True
        sock = self._smtp.sock if self._smtp is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own: that one takes its state away under whoever reads.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _check(answer: tuple[int, bytes], *, never: bool = True) -> str:
    """What the server said if it agreed."""
    code, raw = answer
    said = f"{code} {raw.decode('utf-8', 'replace')}".strip()
    if 200 <= code < 300:
        return said
    if never and 500 <= code < 600:
        raise Refused(said)
    raise Delayed(said)


def _as_bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_as_bytes(error.smtp_error).decode('utf-8', 'replace')}"
    return str(error) or type(error).__name__
