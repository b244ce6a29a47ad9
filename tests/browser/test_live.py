"""Two people at one board: what one does appears at the other, through a real server of two processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.pages import sales
from tests.pages.conftest import Sales
from tests.worker.conftest import free_port
from tests.world import make
from webapp.db import Database
from webapp.journal import signals

pytestmark = pytest.mark.browser


class Office:
    """The small firm behind `mortise web`; `open` gives a page somebody's session and shows the board."""

    def __init__(self, database: Database) -> None:
        self.world = make(database)
        self.world.apply(sales.DOCUMENT)
        self.sales = Sales(self.world)
        self.deal = self.sales.deal("装盒线改造", amount="1000000", stage="contact")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        settings = self.world.database.settings
        env = {
            **os.environ,
            "MORTISE_DATA_DIR": str(settings.data_dir),
            "MORTISE_DATABASE_URL": settings.database_url,
            "MORTISE_SECRET_KEY": settings.secret_key,
        }
        command = [sys.executable, "-m", "webapp.cli", "web", "--port", str(self.port), "--workers", "2"]
        self.process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
                return
            time.sleep(0.05)

    def stop(self) -> float:
        """Seconds until all is over."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return time.monotonic() - began

    def open(self, page: Any, who: str, view: str = "board") -> Any:
        cookie = self.sales.client(who).get_cookie("mortise")
        assert cookie
        page.context.add_cookies([{"name": "mortise", "value": cookie.value, "url": self.url}])
        page.goto(f"{self.url}/crm/deal?view={view}")
        page.wait_for_function("() => document.querySelector('#count-0').textContent")
        return page


@pytest.fixture
def office(database: Database, assets: None) -> Iterator[Office]:
    made = Office(database)
    sender = signals.connect(database)  # what the test writes itself is told of as a worker's is
    yield made
    if sender:
        signals.off_written(sender)
    made.stop()


def move(page: Any, deal: int, to: str) -> None:
    page.focus(f"#card-{deal}")
    page.keyboard.press("m")
    page.click(f"#move-menu .m-item:has-text('{to}')")
    page.wait_for_selector(f"#card-{deal}:not(.sending)")


def test_what_one_does_appears_at_the_other(office: Office, open_page: Callable[..., Any]) -> None:
    ann, hal, bob = open_page(), open_page(), open_page()
    for page, who in ((ann, "ann"), (hal, "hal"), (bob, "bob")):
        office.open(page, who)
    ann.wait_for_timeout(700)
    asked: list[str] = []
    hal.on("request", lambda request: asked.append(request.url))

    move(ann, office.deal, "报价")
    hal.wait_for_selector(f"[data-column=quote] #card-{office.deal}")
    hal.wait_for_function("() => document.querySelector('#count-1').textContent === '1'")
    assert not [url for url in asked if "/cards" in url or "/heads" in url], "it was told, and asked for nothing"

    # A folded column holds no cards, yet it is told how many there are.
    hal.click("[data-column=quote] [data-fold-column]")
    hal.wait_for_selector("[data-column=quote].folded")
    more = office.sales.deal("折起来的", stage="quote")
    hal.wait_for_function("() => document.querySelector('#count-1').textContent === '2'")
    hal.click("[data-column=quote] [data-fold-column]")
    hal.wait_for_selector(f"#card-{more}")
    assert hal.faults == []

    # A card in the hand is not torn away: it waits until it is put down.
    hal.focus(f"#card-{office.deal}")
    hal.keyboard.press("Space")
    new = office.sales.deal("新线索", stage="contact")
    ann.wait_for_selector(f"#card-{new}")
    assert hal.locator(f"#card-{new}").count() == 0
    hal.keyboard.press("Escape")
    hal.wait_for_selector(f"#card-{new}")  # it was put off, and takes its turn anew
    assert hal.evaluate("document.activeElement.id") == f"card-{office.deal}"

    # What somebody may not see any more goes; bob, who never saw any of it, still sees nothing.
    with office.world.database.write() as unit:
        from webapp.engines.forms import records

        form = office.world.form("crm.deal")
        records.update(unit, office.world.actor("admin"), form, new, {"owner": office.world.people["bob"]})
    bob.wait_for_selector(f"#card-{new}")
    ann.wait_for_selector(f"#card-{new}", state="detached")
    assert bob.locator(f"#card-{office.deal}").count() == 0

    # The network goes and comes: what was missed is there.
    hal.context.set_offline(True)
    office.sales.deal("断网时", stage="contact")
    hal.wait_for_timeout(300)
    hal.context.set_offline(False)
    hal.wait_for_selector("[data-card][data-label='断网时']")
    hal.faults.clear()

    assert office.stop() < 10, "open streams hold nobody up"
    office.start()
    office.sales.deal("重启之后", stage="contact")
    ann.wait_for_selector("[data-card][data-label='重启之后']")
    for page in (ann, hal, bob):
        page.faults.clear()  # the browser counts a server that is gone as a fault
