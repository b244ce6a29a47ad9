"""The page of backups in a browser: made with progress, taken away with the password, nothing serious for axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import axe_problems
from tests.browser.firm import Firm
from tests.world import PASSWORD
from webapp.backups import folders, jobs
from webapp.journal import claims, due, work

pytestmark = pytest.mark.browser


def test_a_keeper_makes_one_and_takes_it_away(firm: Firm, open_page: Callable[..., Any]) -> None:
    database = firm.sales.world.database
    page = firm.sign_in(open_page(phone=True), who="admin")
    page.goto(f"{firm.url}/settings/health")
    page.wait_for_selector("[data-check=backups]")
    assert axe_problems(page) == []
    page.goto(f"{firm.url}/settings/backups")
    assert axe_problems(page) == []
    page.get_by_role("button", name="立即备份").click()
    page.wait_for_selector("progress")
    with database.write() as unit:
        (job,) = claims.claim(unit, "browser", kinds=[jobs.CREATE])
    due.progress(database, job, 42, 100, "The database is being packed")
    page.wait_for_selector("text=正在压缩数据库")
    work.run(database, job)
    page.wait_for_selector(".m-backups li")
    (made,) = folders.listed(database.settings)
    assert page.locator("progress").count() == 0
    page.locator(".m-taking summary").click()
    page.fill(".m-taking input[type=password]", "wrong")
    page.locator(".m-taking form button").click()
    page.wait_for_selector(".m-taking .m-err")
    page.faults.clear()  # the browser notes the 422
    assert axe_problems(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.fill(".m-taking input[type=password]", PASSWORD)
    with page.expect_download() as taken:
        page.locator(".m-taking form button").click()
    assert taken.value.suggested_filename == made.name
    with open(taken.value.path(), "rb") as file:
        assert file.read() == made.path.read_bytes()
