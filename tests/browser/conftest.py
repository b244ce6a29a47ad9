"""Pages in a real Chromium: contexts of a desk and of a phone, and a server to look at.

Every page fails its test at the end if the console had an error or the content policy refused something; a test that
means to see one empties `page.faults` itself.
"""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

import build_assets
from tests import missing
from tests.browser.firm import Firm
from tests.browser.first import Empty
from tests.browser.guide import Guide
from tests.browser.reps import Reps
from tests.browser.team import Team
from tests.conftest import database_of
from tests.databases import known_of
from tests.pages.conftest import Sales
from tests.world import World
from webapp import create_app

CHROMIUM = os.environ.get("MORTISE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
SHOTS = Path(__file__).parent.parent.parent / "shots"


@pytest.fixture(scope="session")
def assets() -> None:
    """What the pages load, built if it is not; reported as missing where it cannot be."""
    try:
        build_assets.build()
    except SystemExit as problem:
        missing.report("the built assets", str(problem))


@pytest.fixture(scope="session")
def browser(assets: None) -> Iterator[Any]:
    """Debian's Chromium, one for the run."""
    if not CHROMIUM:
        missing.report("Chromium", "apt-get install chromium, or set MORTISE_CHROMIUM")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing.report("playwright", "pip install playwright")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """`open_page(phone=False, language="zh", theme="light", workers="block")` → a page of its own whose faults fail the
    test. `workers="allow"` lets the service worker in, as on people's devices."""
    contexts = []
    pages = []

    def make(
        *, phone: bool = False, language: str = "zh", theme: str = "light", workers: str = "block", **more: Any
    ) -> Any:
        locale = "en-GB" if language == "en" else "zh-CN"
        size = PHONE if phone else DESK
        context = browser.new_context(**size, locale=locale, color_scheme=theme, service_workers=workers, **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(25_000)  # a busy machine is no fault of the page; speed is measured by the bench
        page.faults = []
        page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.faults.append(f"{error}\n{error.stack}"))
        _count_requests(page)
        pages.append(page)
        return page

    yield make
    faults = [fault for page in pages for fault in page.faults]
    for context in contexts:
        context.close()
    assert not faults, "the console said: " + "; ".join(faults)


def _count_requests(page: Any) -> None:
    page.in_flight = in_flight = set()
    page.on("request", lambda one: one.resource_type == "eventsource" or in_flight.add(one))
    for ended in ("requestfinished", "requestfailed"):
        page.on(ended, lambda one: in_flight.discard(one))


def settled(page: Any) -> None:
    """Wait until the page has what it asks for by itself: Chromium's own word for it would wait half a second more."""
    page.wait_for_load_state("load")
    quiet = 0
    while quiet < 3:
        page.wait_for_timeout(30)
        quiet = 0 if page.in_flight else quiet + 1


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    """A page on the desk, in Chinese, light."""
    return open_page()


@pytest.fixture
def phone(open_page: Callable[..., Any]) -> Any:
    """A page on a phone with a touch screen."""
    return open_page(phone=True)


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], str]]:
    """`serve(app)` → the address of a server of its own, gone after the test."""
    servers = []

    def start(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append((server, app))
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server, app in servers:
        if hub := getattr(app, "live", None):
            hub.is_ending = lambda: True  # else its watcher looks for news in a database that is gone
            if hub._thread:
                hub._thread.join(2)
        server.shutdown()
        server.server_close()


@pytest.fixture
def guide(sqlite_database: Any, serve: Callable[[Flask], str]) -> Guide:
    """The style guide: every small part and behaviour on pages of invented records, served by the real application."""
    made = Guide(sqlite_database)
    made.url = serve(made.app)
    return made


@pytest.fixture
def firm(request: pytest.FixtureRequest, tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[Firm]:
    """The product itself, with a small firm's deals."""
    with database_of(request, "sqlite", tmp_path, "sales_") as database:
        world = World(database, *known_of(database))
        world.app = create_app(database.settings, database)  # its own: some of these tests break it
        yield Firm(Sales(world), serve(world.app))


@pytest.fixture
def reps(sqlite_database: Any, serve: Callable[[Flask], str]) -> Reps:
    """The starter app, with reps on their phones."""
    world = World(sqlite_database, *known_of(sqlite_database))
    return Reps(world, serve(world.app))


@pytest.fixture
def crm(database: Any, serve: Callable[[Flask], str]) -> Team:
    """The starter app with its demo firm, shared by two reps and led by hal; on each database."""
    world = World(database, *known_of(database))
    world.app = create_app(database.settings, database)
    return Team(world, serve(world.app))


@pytest.fixture
def empty(sqlite_database: Any, serve: Callable[[Flask], str]) -> Empty:
    """The product before anybody has set it up."""
    return Empty(sqlite_database, serve(create_app(sqlite_database.settings, sqlite_database)))


@pytest.fixture
def shots(open_page: Callable[..., Any]) -> Callable[..., None]:
    """`shots("03-grid", url, prepare=None, sizes=…, languages=…, themes=…)` writes pictures to shots/; axe looks at each."""

    def take(
        name: str,
        url: str,
        *,
        prepare: Callable[[Any], Any] | None = None,
        sizes: tuple[str, ...] = ("desk", "phone"),
        languages: tuple[str, ...] = ("zh", "en"),
        themes: tuple[str, ...] = ("light", "dark"),
        sign_in: Callable[[Any], Any] | None = None,
    ) -> None:
        SHOTS.mkdir(exist_ok=True)
        found = {}
        for size in sizes:
            for language in languages:
                for theme in themes:
                    page = open_page(phone=size == "phone", language=language, theme=theme)
                    if sign_in:
                        sign_in(page, language)
                    page.goto(url)
                    settled(page)
                    if prepare:
                        prepare(page)
                    parts = [name, *(["en"] if language == "en" else []), size, *(["dark"] if theme == "dark" else [])]
                    page.screenshot(path=SHOTS / (".".join(parts) + ".png"))
                    # what an editor or a menu covers for the moment cannot be pressed, and need not be large enough
                    if problems := [one for one in axe_problems(page) if "partially obscured" not in one]:
                        found[".".join(parts)] = problems
                    page.close()
        assert found == {}

    return take


def axe_problems(page: Any) -> list[str]:
    """What axe finds serious or critical on the page (WCAG 2 A and AA up to 2.2), one line each."""
    page.evaluate(_axe())
    found = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations'],"
        " runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})).violations"
    )
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@functools.cache
def _axe() -> str:
    script = Path(__file__).parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        missing.report("axe-core", "python build_assets.py installs it")
    return script.read_text("utf-8")
