"""Mail: a letter of plain paragraphs, as text and as simple HTML, handed to the firm's mail server."""

from __future__ import annotations

import contextlib
import html
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from webapp import clock
from webapp.config import MailServer
from webapp.errors import MortiseError
from webapp.i18n import N_

#: Seconds for each answer of the mail server.
PATIENCE = 20.0


class MailFailed(MortiseError):
    """The mail server did not take it this time; trying again may help."""

    code, status = "mail", 503


class MailRefused(MailFailed):
    """It will never be taken for this address."""

    code = "mail_refused"


@dataclass(frozen=True)
class Letter:
    """`paragraphs` before and after the `link`, which stands alone; `press` says what it does."""

    to: str
    name: str
    subject: str
    before: Sequence[str]
    link: str = ""
    press: str = ""
    after: Sequence[str] = ()

    @property
    def text(self) -> str:
        return "\n\n".join([*self.before, *([self.link] if self.link else []), *self.after]) + "\n"

    @property
    def html(self) -> str:
        parts = [_paragraph(text) for text in self.before]
        if self.link:
            url = html.escape(self.link, quote=True)
            parts.append(f'<p><a href="{url}"><b>{html.escape(self.press)}</b></a></p><p><small>{url}</small></p>')
        parts += [_paragraph(text) for text in self.after]
        return f'<!doctype html><meta charset="utf-8">{"".join(parts)}'


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def send(server: MailServer, letter: Letter, *, firm: str) -> None:
    """Hand `letter` over, sent in the name of `firm`; raises `MailFailed` or `MailRefused`."""
    message = _message(server, letter, firm)
    with _connected(server) as connection:
        connection.send_message(message)


def probe(server: MailServer, *, patience: float = 5.0) -> None:
    """Whether the server answers and takes the user and password; raises `MailFailed`."""
    with _connected(server, patience) as connection:
        connection.noop()


def _message(server: MailServer, letter: Letter, firm: str) -> EmailMessage:
    message = EmailMessage()
    try:
        message["From"] = Address(_line(firm), addr_spec=server.sender)
        message["To"] = Address(_line(letter.name), addr_spec=letter.to)
    except (MessageError, ValueError, IndexError) as error:
        raise MailRefused(N_("{address} is no address that mail can go to.", address=letter.to)) from error
    message["Subject"] = _line(letter.subject)
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def _line(text: str) -> str:
    """Header lines hold no breaks."""
    return " ".join(text.split())


@contextlib.contextmanager
def _connected(server: MailServer, patience: float = PATIENCE) -> Iterator[smtplib.SMTP]:
    """A connection over which mail may be sent; what goes wrong there is said in words."""
    at = f"{server.host}:{server.port}"
    try:
        with _open(server, patience) as connection:
            yield connection
    except smtplib.SMTPRecipientsRefused as error:
        ((address, (code, said)), *_) = error.recipients.items()
        kind = MailRefused if code >= 500 else MailFailed
        raise kind(N_("{address} is refused: {reason}", address=address, reason=_said(code, said))) from error
    except smtplib.SMTPAuthenticationError as error:
        raise MailFailed(N_("The mail server {server} does not take the user and password.", server=at)) from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailFailed(
            N_("The mail server {server} cannot do this: {reason}", server=at, reason=str(error))
        ) from error
    except smtplib.SMTPResponseException as error:
        reason = _said(error.smtp_code, error.smtp_error)
        raise MailFailed(N_("The mail server {server} refuses it: {reason}", server=at, reason=reason)) from error
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        reason = str(error) or type(error).__name__
        raise MailFailed(N_("The mail server {server} does not answer: {reason}", server=at, reason=reason)) from error


def _open(server: MailServer, patience: float) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.is_tls:
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=patience, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=patience)
    try:
        if server.starttls:
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password or "")
    except BaseException:
        connection.close()
        raise
    return connection


def _said(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return _line(f"{code} {text}")[:200]
