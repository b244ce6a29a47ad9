"""A forgotten password: asked for on a page, sent by the worker, set behind a link that works once and for an hour."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.channels.conftest import MailServer, free_port, with_mail
from tests.web.conftest import csrf_of
from tests.world import World, make
from webapp import clock, create_app
from webapp.access import audit, members, passwords, resets
from webapp.access.tables import reset, session
from webapp.channels import password_mail  # noqa: F401  (registers the job)
from webapp.db import Database
from webapp.journal import due, work

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
GOOD = "seven grey geese"


@pytest.fixture
def firm(database: Database, mail: MailServer) -> World:
    return make(with_mail(database, mail.url))


def client(world: World):
    return create_app(world.database.settings, world.database).test_client()


def ask(world: World, email: str = "ann@firm.example", address: str = "203.0.113.9"):
    browser = client(world)
    at = {"environ_overrides": {"REMOTE_ADDR": address}}
    token = csrf_of(browser.get("/login/forgotten", **at).text)
    return browser.post("/login/forgotten", data={"email": email, "csrf_token": token}, **at)


def link_in(mail: MailServer) -> str:
    text = mail.letters[-1].get_body(("plain",)).get_content()
    found = re.search(r"http://crm\.example\.com(/login/password/\S+)", text)
    assert found, text
    return found[1]


def set_by(world: World, link: str, password: str = GOOD):
    browser = client(world)
    page = browser.get(link)
    if page.status_code != 200:
        return page
    return browser.post(link, data={"password": password, "csrf_token": csrf_of(page.text)})


def kept_password(world: World, who: str = "ann") -> str | None:
    from webapp.access.tables import member

    with world.database.read() as unit:
        return unit.execute(member.select().where(member.c.id == world.people[who])).one().password


def jobs(world: World) -> list[due.Job]:
    with world.database.read() as unit:
        return due.listed(unit, kind=resets.MAIL)


def test_a_link_comes_by_mail_and_sets_a_new_password(firm: World, mail: MailServer) -> None:
    old = firm.client("ann")
    assert old.get("/me").status_code == 200
    assert ask(firm).location == "/login/forgotten?sent=1"
    work.run_ready(firm.database)
    assert mail.letters[0]["To"].addresses[0].addr_spec == "ann@firm.example"
    link = link_in(mail)
    with firm.database.read() as unit:
        (row,) = unit.execute(reset.select())
    assert link.rsplit("/", 1)[1] not in str(tuple(row)) + str(jobs(firm)), "only a hash of it is kept"
    answer = set_by(firm, link)
    assert (answer.status_code, answer.location) == (303, "/login?set=1")
    assert passwords.is_right(firm.database.settings, kept_password(firm), GOOD)
    assert old.get("/me").status_code == 303, "signed out everywhere"
    with firm.database.read() as unit:
        (line,) = audit.listed(unit, firm.actor("admin"), action="password_reset")
        assert unit.execute(session.select().where(session.c.ended_at.is_(None))).all() == []
    assert (line.member, line.actor, line.origin) == (firm.people["ann"], None, "127.0.0.1")


def test_a_used_an_expired_and_a_forged_link_say_so(firm: World, mail: MailServer) -> None:
    with clock.stopped(NOW):
        for _ in range(2):
            ask(firm)
            work.run_ready(firm.database)
        first, second = link_in(mail), resets.path("forged")
        assert set_by(firm, first).status_code == 303
        assert set_by(firm, first).status_code == 410
        page = set_by(firm, second)
        assert page.status_code == 410 and "/login/forgotten" in page.text
        ask(firm)
        work.run_ready(firm.database)
        late = link_in(mail)
        assert client(firm).get(late).status_code == 200
    with clock.stopped(NOW + timedelta(minutes=61)):
        assert set_by(firm, late, "another long one").status_code == 410
    assert passwords.is_right(firm.database.settings, kept_password(firm), GOOD)


def test_setting_it_spends_the_other_links_too(firm: World, mail: MailServer) -> None:
    links = []
    for _ in range(2):
        ask(firm)
        work.run_ready(firm.database)
        links.append(link_in(mail))
    assert set_by(firm, links[0]).status_code == 303
    assert set_by(firm, links[1], "another long one").status_code == 410


def test_an_administrator_who_sets_one_spends_the_links(firm: World, mail: MailServer) -> None:
    ask(firm)
    work.run_ready(firm.database)
    with firm.database.write() as unit:
        members.set_password(unit, firm.actor("admin"), firm.people["ann"], "-")
    assert set_by(firm, link_in(mail)).status_code == 410


def test_looking_at_the_link_uses_nothing_up_and_a_weak_password_keeps_it(firm: World, mail: MailServer) -> None:
    ask(firm)
    work.run_ready(firm.database)
    link = link_in(mail)
    for _ in range(3):
        assert client(firm).get(link).status_code == 200
    assert set_by(firm, link, "short").status_code == 422
    assert set_by(firm, link, "ann@firm.example").status_code == 422
    assert set_by(firm, link).status_code == 303


def test_nobody_learns_who_has_an_address(firm: World, mail: MailServer) -> None:
    zed = "zed@firm.example"  # he left
    answers = [ask(firm, email) for email in ("ann@firm.example", "nobody@firm.example", zed)]
    assert len({(a.status_code, a.location) for a in answers}) == 1
    pages = [client(firm).get(a.location).text for a in answers]
    assert len({re.sub(r'(value|nonce|content)="[^"]*"', "", page) for page in pages}) == 1
    assert len(jobs(firm)) == 3, "for nobody there is work to do as well"
    assert all("firm.example" not in f"{job.key} {job.payload}" for job in jobs(firm))
    work.run_ready(firm.database)
    assert [letter["To"].addresses[0].addr_spec for letter in mail.letters] == ["ann@firm.example"]


@pytest.mark.parametrize("email", ["ann@firm.example", "nobody@firm.example"])
def test_asking_again_and_again_is_slowed_down(firm: World, email: str) -> None:
    with clock.stopped(NOW):
        answers = [ask(firm, email) for _ in range(6)]
        assert [a.status_code for a in answers] == [303] * 5 + [429]
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
        assert email in answers[-1].text, "what was typed stays"
    with clock.stopped(NOW + timedelta(minutes=2)):
        assert ask(firm, email).status_code == 303


def test_asking_locks_nobody_out_of_signing_in(firm: World) -> None:
    with clock.stopped(NOW):
        for _ in range(6):
            ask(firm)
        browser = client(firm)
        token = csrf_of(browser.get("/login").text)
        body = {"email": "ann@firm.example", "password": "wrong", "csrf_token": token}
        assert browser.post("/login", data=body).status_code == 422


def test_the_mail_speaks_the_members_language(firm: World, mail: MailServer) -> None:
    for locale, words in (("zh", "设置新密码"), ("en", "Set a new password")):
        with firm.database.write() as unit:
            members.prefer(unit, firm.actor("admin"), firm.people["ann"], locale=locale)
        ask(firm)
        work.run_ready(firm.database)
        assert words in mail.letters[-1]["Subject"]
        assert words in mail.letters[-1].get_body(("html",)).get_content()


def test_a_host_that_was_sent_along_is_in_no_mail(firm: World, mail: MailServer) -> None:
    browser = client(firm)
    token = csrf_of(browser.get("/login/forgotten", headers={"Host": "evil.example"}).text)
    body = {"email": "ann@firm.example", "csrf_token": token}
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert browser.post("/login/forgotten", data=body, headers=headers).status_code == 303
    work.run_ready(firm.database)
    assert link_in(mail) and "evil" not in mail.letters[0].as_string()


def test_a_dead_mail_server_is_tried_again_and_seen_in_the_jobs(firm: World, mail: MailServer) -> None:
    with_mail(firm.database, f"smtp://127.0.0.1:{free_port()}?from=a@b.c")
    with clock.stopped(NOW):
        ask(firm)
        work.run_ready(firm.database)
        (job,) = jobs(firm)
        assert job.state == due.WAITING and "does not answer" in (job.error or "")
        assert NOW < job.due_at <= NOW + timedelta(minutes=1)
    with_mail(firm.database, mail.url)
    with clock.stopped(job.due_at):
        work.run_ready(firm.database)
        assert jobs(firm)[0].state == due.DONE
        assert set_by(firm, link_in(mail)).status_code == 303


def test_a_mail_server_that_stays_dead_is_given_up_and_nothing_is_sent_too_late(firm: World, mail: MailServer) -> None:
    with_mail(firm.database, f"smtp://127.0.0.1:{free_port()}?from=a@b.c")
    with clock.stopped(NOW):
        ask(firm)
    at = NOW
    for _ in range(6):
        with clock.stopped(at):
            work.run_ready(firm.database)
        at = max(jobs(firm)[0].due_at, at)
    assert jobs(firm)[0].state == due.FAILED and at - NOW < resets.LASTS
    with_mail(firm.database, mail.url)
    with clock.stopped(NOW):
        ask(firm)
    with clock.stopped(NOW + timedelta(minutes=61)):
        work.run_ready(firm.database)
    assert mail.letters == []


def test_a_refused_recipient_is_not_tried_again(firm: World, mail: MailServer) -> None:
    mail.says["ann@firm.example"] = "550 no such user here"
    ask(firm)
    work.run_ready(firm.database)
    (job,) = jobs(firm)
    assert job.state == due.FAILED and "550 no such user here" in (job.error or "")


def test_a_worker_killed_while_it_sends_leaves_the_mail_to_another(
    firm: World, mail: MailServer, tmp_path: Path
) -> None:
    """The first worker hangs at a server that says nothing and is killed; the lease runs out, and another sends."""
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with_mail(firm.database, f"smtp://127.0.0.1:{silent.getsockname()[1]}?from=a@b.c")
        ask(firm)
        with _worker(firm, tmp_path) as process:
            silent.settimeout(30)
            silent.accept()  # it is there, and waits for a greeting
            process.send_signal(signal.SIGKILL)
    assert jobs(firm)[0].state == due.RUNNING
    with_mail(firm.database, mail.url)
    with clock.stopped(clock.now() + due.LEASE + timedelta(seconds=1)):
        work.sweep(firm.database)
        work.run_ready(firm.database)
        assert jobs(firm)[0].state == due.DONE
        assert set_by(firm, link_in(mail)).status_code == 303
    with firm.database.read() as unit:
        assert unit.execute(reset.select()).all() == [], "no link is left behind"


def _worker(firm: World, folder: Path) -> subprocess.Popen[bytes]:
    settings = firm.database.settings
    env = {
        **os.environ,
        "MORTISE_DATA_DIR": str(folder),
        "MORTISE_DATABASE_URL": settings.database_url,
        "MORTISE_SECRET_KEY": settings.secret_key,
        "MORTISE_MAIL_URL": settings.mail_url or "",
    }
    return subprocess.Popen([sys.executable, "-m", "webapp.cli", "worker"], env=env)


def test_without_mail_the_page_sends_to_an_administrator(firm: World) -> None:
    with_mail(firm.database, None)
    page = client(firm).get("/login/forgotten")
    assert "管理员" in page.text and 'name="email"' not in page.text
    browser = client(firm)
    token = csrf_of(browser.get("/login").text)
    assert browser.post("/login/forgotten", data={"email": "ann@firm.example", "csrf_token": token}).status_code == 200
    assert jobs(firm) == []


def test_a_leaver_sets_nothing(firm: World, mail: MailServer) -> None:
    ask(firm)
    work.run_ready(firm.database)
    with firm.database.write() as unit:
        members.disable(unit, firm.actor("admin"), firm.people["ann"])
    assert set_by(firm, link_in(mail)).status_code == 410


def test_the_strength_of_what_is_typed_is_said_and_not_kept(firm: World) -> None:
    browser = client(firm)
    token = csrf_of(browser.get("/login/forgotten").text)
    for text, level in (("short", 0), ("seven grey geese", 4), ("ann@firm.example", 0)):
        body = {"password": text, "email": "ann@firm.example", "csrf_token": token}
        answer = browser.post("/login/strength", data=body)
        assert f'data-level="{level}"' in answer.text and text not in answer.text
    assert browser.post("/login/strength", data={"password": "x"}).status_code == 403
