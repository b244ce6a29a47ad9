"""A real mail server on this machine, which keeps what it is given and refuses what it is told to."""

from __future__ import annotations

import dataclasses
import email
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from webapp.db import Database


class MailServer:
    """`letters` are what came; `says` maps an address to the answer it gets instead of 250."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.says: dict[str, str] = {}
        self.users: list[tuple[str, str]] = []
        self.url = ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.says:
            return self.says[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.letters.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        self.users.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=given.password == b"good", handled=False)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A running mail server; `mail.url` for `MORTISE_MAIL_URL`."""
    kept = MailServer()
    options = {"authenticator": kept.authenticate, "auth_require_tls": False}
    controller = Controller(kept, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    kept.url = f"smtp://127.0.0.1:{controller.port}?from=crm@lanchuan.example"
    yield kept
    controller.stop()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def with_mail(database: Database, url: str | None) -> Database:
    """The same database with this mail server."""
    database.settings = dataclasses.replace(database.settings, mail_url=url, base_url="http://crm.example.com")
    return database
