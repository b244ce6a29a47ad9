"""Letters go through a real mail server; what goes wrong there is said in words."""

from __future__ import annotations

import dataclasses
import socket

import pytest

from tests.channels.conftest import MailServer, free_port
from webapp import config
from webapp.channels import email
from webapp.channels.email import Letter
from webapp.config import Settings
from webapp.errors import Invalid

LETTER = Letter(
    to="ann@firm.example",
    name="沈一鸣",
    subject="设置新密码\r\nBcc: evil@example.com",
    before=["你好 <沈一鸣>，"],
    link="https://crm.example.com/x?a=1&b=2",
    press="设置新密码",
    after=["链接只能用一次。"],
)


def test_a_letter_arrives_as_text_and_as_html(mail: MailServer) -> None:
    email.send(config.MailServer.of(mail.url), LETTER, firm="岚川装备")
    (letter,) = mail.letters
    assert letter["From"] == "岚川装备 <crm@lanchuan.example>" and letter["To"] == "沈一鸣 <ann@firm.example>"
    assert letter["Subject"] == "设置新密码 Bcc: evil@example.com" and letter["Bcc"] is None
    assert letter["Date"] and letter["Message-ID"].endswith("@lanchuan.example>")
    text, html = (part.get_content() for part in letter.iter_parts())
    assert text.replace("\r\n", "\n") == "你好 <沈一鸣>，\n\nhttps://crm.example.com/x?a=1&b=2\n\n链接只能用一次。\n"
    assert "你好 &lt;沈一鸣&gt;，" in html and 'href="https://crm.example.com/x?a=1&amp;b=2"' in html


def test_user_and_password_are_given(mail: MailServer) -> None:
    url = mail.url.replace("//", "//crm%40firm.example:good@")
    email.send(config.MailServer.of(url), LETTER, firm="x")
    assert mail.users == [("crm@firm.example", "good")] and len(mail.letters) == 1


@pytest.mark.parametrize(("answer", "kind"), [("550 no such user", "mail_refused"), ("450 try later", "mail")])
def test_a_refused_address_is_told_from_one_that_waits(mail: MailServer, answer: str, kind: str) -> None:
    mail.says[LETTER.to] = answer
    with pytest.raises(email.MailFailed) as refused:
        email.send(config.MailServer.of(mail.url), LETTER, firm="x")
    assert refused.value.code == kind and answer in str(refused.value)


def test_an_address_that_is_none_is_refused(mail: MailServer) -> None:
    for to in ("no at sign", "a@b@c", "ann@", "x\r\nBcc: evil@example.com"):
        with pytest.raises(email.MailRefused):
            email.send(config.MailServer.of(mail.url), dataclasses.replace(LETTER, to=to), firm="x")
    assert mail.letters == []


def test_trouble_with_the_server_is_said(mail: MailServer) -> None:
    wrong = {
        "does not take the user": mail.url.replace("//", "//crm:bad@"),
        "does not answer": f"smtp://127.0.0.1:{free_port()}?from=a@b.c",
        "cannot do this": mail.url + "&starttls=yes",
    }
    for said, url in wrong.items():
        with pytest.raises(email.MailFailed, match=said):
            email.probe(config.MailServer.of(url))
    email.probe(config.MailServer.of(mail.url))


def test_a_server_that_says_nothing_is_not_waited_for_long() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}?from=a@b.c"
        with pytest.raises(email.MailFailed, match="does not answer"):
            email.probe(config.MailServer.of(url), patience=0.2)


@pytest.mark.parametrize(
    ("url", "host", "port", "is_tls", "starttls", "sender"),
    [
        ("smtp://mail.example.com?from=crm@x.example", "mail.example.com", 25, False, True, "crm@x.example"),
        ("smtp://crm%40x.example:p%2Fw@mail.example.com", "mail.example.com", 587, False, True, "crm@x.example"),
        ("smtps://mail.example.com?from=crm@x.example", "mail.example.com", 465, True, False, "crm@x.example"),
        ("smtp://localhost:1025?from=a@b.c", "localhost", 1025, False, False, "a@b.c"),
        ("smtp://mail.example.com?from=a@b.c&starttls=no", "mail.example.com", 25, False, False, "a@b.c"),
    ],
)
def test_the_address_of_the_server_is_read(url, host, port, is_tls, starttls, sender) -> None:
    server = config.MailServer.of(url)
    found = (server.host, server.port, server.is_tls, server.starttls, server.sender)
    assert found == (host, port, is_tls, starttls, sender)
    assert "p/w" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com?from=a@b.c",
        "smtp://mail.example.com",
        "smtp://?from=a@b.c",
        "smtp://mail.example.com?from=a@b.c&form=x",
        "smtp://mail.example.com?from=a@b.c&starttls=maybe",
        "smtp://mail.example.com:port?from=a@b.c",
        "smtp://mail.example.com?from=Firm <a@b.c>",
    ],
)
def test_a_bad_address_of_the_server_is_said_at_the_start(tmp_path, url: str) -> None:
    with pytest.raises(Invalid) as refused:
        Settings.from_env({"MORTISE_DATA_DIR": str(tmp_path), "MORTISE_SECRET_KEY": "x", "MORTISE_MAIL_URL": url})
    assert [p.path for p in refused.value.problems] == ["MORTISE_MAIL_URL"]
