"""What people first see, and what they see when something is in the way: brought about for pictures and tests."""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

from tests.browser.firm import Firm
from webapp.access import members, resets, setup
from webapp.access.tables import member
from webapp.db import Database
from webapp.engines.forms import records
from webapp.journal import claims

GOOD = "seven grey geese"


class Empty:
    """A system that nobody has set up."""

    def __init__(self, database: Database, url: str) -> None:
        self.database = database
        self.url = url

    def link(self) -> str:
        with self.database.write() as unit:
            for table in ("m__role_holder", "m__session", "m__member"):
                unit.connection.exec_driver_sql(f"DELETE FROM {table}")
            secret = setup.issue(unit)
        assert secret is not None
        return self.url + setup.path(secret)

    def walk(self, page: Any, step: str) -> None:
        """To a step of the set-up, with what one types on the way."""
        page.goto(self.link())
        if step == "check":
            return
        page.click("a.btn-primary")
        page.fill("#firm", "岚川装备")
        if step == "firm":
            return
        page.click("button[value=on]")
        page.fill("#name", "方予安")
        page.fill("#email", "fang@lanchuan.example")
        page.type("#password", "lanchuan2026" if step == "start-mend" else GOOD)
        page.wait_for_selector("[data-level='0'][value='1'], [data-level='4']")
        if step == "start":
            return
        if step == "unbuilt":
            page.check("#start-blank")
        page.click("button[value=on]")
        if step == "start-mend":
            page.wait_for_selector("#password-error p")
            page.faults.clear()
        else:
            page.wait_for_url("**/setup/done")
        if step == "unbuilt":
            page.goto(self.url)


def with_mail(firm: Firm, url: str = "smtp://127.0.0.1:1?from=crm@lanchuan.example") -> None:
    app = firm.sales.world.app
    app.settings = dataclasses.replace(app.settings, mail_url=url)


def newcomer(firm: Firm) -> None:
    """zoe, who has no role yet."""
    world = firm.sales.world
    with world.database.write() as unit:
        world.people["zoe"] = members.add(unit, world.actor("admin"), "zoe@firm.example", "周一")


def binned(firm: Firm) -> int:
    world, id_ = firm.sales.world, firm.deals[1]
    with world.database.write() as unit:
        records.delete(unit, world.actor("ann"), world.form("crm.deal"), id_)
    return id_


def broken_workbench(firm: Firm) -> None:
    def fail() -> None:
        raise RuntimeError("a fault that is meant")

    firm.sales.world.app.view_functions["workbench.show"] = fail


def wrong_password(page: Any) -> None:
    page.fill("#email", f"{secrets.token_hex(4)}@firm.example")
    page.fill("#password", "not this one")
    page.click("main button[type=submit]")
    page.wait_for_selector("#password-error")
    page.faults.clear()


def lapse(page: Any) -> None:
    """The session ends. The cookie of the visit stands: it is there since somebody signed in by the page."""
    page.context.clear_cookies()
    visit = {"name": "mortise-visit", "value": secrets.token_urlsafe(24), "url": page.url}
    page.context.add_cookies([visit])


def lapsed_session(page: Any) -> None:
    """The session ends while the record is open; the next thing pressed asks to sign in over the page."""
    lapse(page)
    page.evaluate("() => { htmx.ajax('GET', location.pathname + '/history', {target: '#main'}); }")
    page.wait_for_selector("#sign-in-again[open] form")
    page.context.clear_cookies()  # and of a browser that kept none, each refusal makes another one
    with page.expect_response(lambda answer: answer.status == 401) as second:
        page.evaluate("() => { htmx.ajax('GET', location.pathname, {target: '#toast'}); }")
    second.value.finished()
    page.wait_for_timeout(250)
    page.faults.clear()


def stale_save(firm: Firm, page: Any) -> None:
    """Somebody else saves the record while it is open here."""
    page.fill("#f-name", "二期装盒线改造（含安装）")
    page.fill("#f-amount", "120000")
    world, id_ = firm.sales.world, firm.deals[0]
    with world.database.write() as unit:
        at = world.actor("admin")
        old = records.get(unit, at, world.form("crm.deal"), id_).values["amount"]
        records.update(unit, at, world.form("crm.deal"), id_, {"amount": str(old + 1000), "name": "二期装盒线"})
    page.locator("main form button[type=submit]:visible").last.click()
    page.wait_for_selector(".m-banner.bad")
    page.evaluate("() => scrollTo(0, 0)")
    page.faults.clear()


def reset_link(firm: Firm) -> str:
    world = firm.sales.world
    with world.database.write() as unit:
        ann = unit.execute(member.select().where(member.c.id == world.people["ann"])).one()
        return resets.path(resets.issue(unit, ann.id))


def type_password(page: Any) -> None:
    page.type("#password", GOOD)
    page.wait_for_selector("[data-level='4']")


def backed_up(firm: Firm) -> None:
    """Four backups, of which one is damaged, and a fifth in the making; the last but one night went wrong."""
    from datetime import timedelta

    from webapp import clock
    from webapp.backups import folders, jobs, keeping, making
    from webapp.i18n import Message
    from webapp.journal import due

    database = firm.sales.world.database
    if folders.listed(database.settings):
        return
    for days, reason in ((9, "schedule"), (3, "hand"), (2, "schedule"), (1, "schedule")):
        with clock.stopped(clock.now() - timedelta(days=days, hours=2)):
            made = making.create(database.settings, making.Order(reason=reason, with_key=reason == "hand"))
            with database.write() as unit:
                keeping.note_verified(unit, made.name, None, [one.name for one in folders.listed(database.settings)])
    damaged = folders.listed(database.settings)[2].path
    damaged.write_bytes(damaged.read_bytes()[:20_000])
    with database.write() as unit:
        missing = "The folder for backups {folder} is not there. Is its disk mounted? (MORTISE_BACKUP_DIR)"
        keeping.note(unit, None, Message(missing, {"folder": "/mnt/backup"}))
        jobs.order(unit, firm.sales.world.actor("admin"))
        (job,) = claims.claim(unit, "picture", kinds=[jobs.CREATE])
    due.progress(database, job, 42, 100, "The database is being packed")


def draft(page: Any) -> None:
    """A right pressed in the matrix, and the page that says what publishing it would do."""
    page.goto(page.url.replace("/apps/crm", "/roles?role=crm.rep&form=deal"))
    if not page.locator(".m-draftbar").count():
        page.locator(".m-rights button.m-tag:visible").nth(6).click()
        page.wait_for_selector(".m-draftbar")
    page.goto(page.url.partition("/settings")[0] + "/settings/apps/crm/draft")
    page.wait_for_selector(".m-does")
