"""`make shots`: pictures of the style guide and of every screen in every size, language and theme."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import day, first
from tests.browser import reps as phone
from tests.browser.conftest import settled
from tests.browser.firm import Firm
from tests.browser.guide import Guide
from tests.browser.photos import attach
from tests.browser.reps import Reps
from tests.browser.team import Team
from tests.conftest import database_of
from tests.databases import known_of
from tests.world import World
from webapp import catalog
from webapp.engines.forms import records
from webapp.engines.forms.days import demo
from webapp.journal import work

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.environ.get("MORTISE_SHOTS"), reason="pictures are taken by `make shots`"),
]


def _panel(page: Any) -> None:
    page.locator("main [data-open='/guide/deal/3']:visible").first.click()
    page.wait_for_selector("#panel h1")


def _me(page: Any) -> None:
    page.locator("[popovertarget=me-menu]:visible").click()
    page.wait_for_timeout(250)


def _search(page: Any) -> None:
    page.locator("[data-dialog='#search']:visible").first.click()
    page.keyboard.type("海")
    page.wait_for_selector("#search-results .m-item")


def _move(page: Any) -> None:
    page.focus("#card-1")
    page.keyboard.press("m")
    page.wait_for_timeout(250)


def _picked(page: Any) -> None:
    for n in range(3):
        page.locator("[data-board] [data-card]").nth(n).focus()
        page.keyboard.press("x")
    page.mouse.move(5, 300)


def _needs(page: Any) -> None:
    page.locator("[data-board] [data-card]").first.focus()
    page.keyboard.press("m")
    page.locator("#move-menu .m-item").last.click()
    page.wait_for_selector("#dialog[open] form")
    page.faults.clear()


def _moved(page: Any) -> None:
    _move(page)
    page.locator("#move-menu .m-item:not([disabled])").last.click()
    page.wait_for_selector("#toast button")


def _mend(page: Any) -> None:
    page.fill("#name", "吕嘉禾")
    page.fill("#phone", "138 0013")
    page.locator("button[type=submit].btn-primary").click()
    page.wait_for_selector("#phone-error p")
    page.faults.clear()


def _filter(page: Any) -> None:
    page.locator("a[href*='/filter']:visible").first.click()
    page.wait_for_selector(".m-filter")
    if page.viewport_size["width"] > 700:
        page.locator(".m-filter button[value=group]").click()
        page.wait_for_selector(".m-fgroup")


def _column(page: Any) -> None:
    if page.viewport_size["width"] > 700:
        page.locator("th[data-key=amount]").hover()
        page.locator("th[data-key=amount] .m-colmenu").click()
        page.wait_for_selector("#column-menu .m-item")


def _fields(page: Any) -> None:
    if page.viewport_size["width"] > 700:
        page.locator("[popovertarget=fields-menu]").click()
        page.wait_for_selector("#fields-menu li")


def _new_view(page: Any) -> None:
    if page.viewport_size["width"] > 700:
        page.locator(".m-saving button").last.click()
        page.wait_for_selector("#view-name")


def _group(page: Any) -> None:
    if page.viewport_size["width"] > 700:
        page.locator("[popovertarget=group-menu]:visible").click()
    else:
        page.locator("[popovertarget=list-sheet]").tap()
        page.locator("#list-sheet .m-item:has([href$=layout-rows])").tap()
    page.wait_for_selector("#group-menu .m-narrowitem")


def _new_board(page: Any) -> None:
    if page.viewport_size["width"] > 700:
        page.locator(".m-tabs button[data-of-list]").click()
        page.wait_for_selector("#kind-kanban")
        page.locator("label[for=kind-kanban]").click()


def _beyond(page: Any) -> None:
    page.evaluate("""() => {
        document.querySelector('#beyond [data-said]').textContent = JSON.parse(document.querySelector('#texts').textContent).beyond.replace('{n}', 3);
        document.querySelector('#beyond').showModal();
    }""")


def _edit(page: Any) -> None:
    if page.viewport_size["width"] > 700:
        page.locator("#row-1 td.num").first.click()
        page.keyboard.press("Enter")
        page.wait_for_selector(".m-celledit input[name=amount]")
        page.keyboard.type("172万")


def _range(page: Any) -> None:
    if page.viewport_size["width"] > 700:
        rows = page.locator("table[data-grid] tbody tr[data-open]")
        for n in (1, 4):
            rows.nth(n).locator("td").first.click()
        rows.nth(2).locator("td.num").first.click()
        for key in ("Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight"):
            page.keyboard.press(key)


def _bulk(page: Any) -> None:
    if page.viewport_size["width"] > 700:
        page.locator("[data-all-rows]").check()
        page.locator("#picked [data-bulk-open]").first.click()
        page.wait_for_selector("#bulk-field")


STATES: dict[str, tuple[str, Callable[[Any], None] | None]] = {
    "parts": ("", None),
    "grid": ("/grid", None),
    "board": ("/board", None),
    "entry": ("/entry", None),
    "empty": ("/empty", None),
    "panel": ("/grid", _panel),
    "me": ("/grid", _me),
    "search": ("/grid", _search),
    "move": ("/board", _move),
    "moved": ("/board", _moved),
    "mend": ("/entry", _mend),
    "keys": ("/grid", lambda page: page.evaluate("() => document.getElementById('keys').showModal()")),
}


@pytest.mark.parametrize("name", STATES)
def test_guide(guide: Guide, shots: Callable[..., None], name: str) -> None:
    path, prepare = STATES[name]
    shots(f"guide-{name}", f"{guide.url}/guide{path}", prepare=prepare)


#: name → address, who looks (None: nobody yet), and what is done before the picture
SCREENS: dict[str, tuple[str, str | None, Callable[[Any], None] | None]] = {
    "01-sign-in": ("/login", None, None),
    "01-sign-in-wrong": ("/login", None, lambda page: first.wrong_password(page)),
    "01-forgotten": ("/login/forgotten", None, None),
    "01-forgotten-sent": ("/login/forgotten?sent=1", None, None),
    "01-link-spent": ("/login/password/forged", None, lambda page: page.faults.clear()),
    "02-workbench": ("/", "ann", None),
    "02-workbench-empty": ("/", "zoe", None),
    "02-search": ("/search?q=禾穗", "ann", None),
    "02-me": ("/me", "ann", None),
    "02-me-menu": ("/", "ann", _me),
    "03-grid": ("/crm/deal", "ann", None),
    "03-grid-groups": (
        "/crm/deal?view=all&group=stage&cols=name,account,amount,close_date,owner,tags,urgent",
        "ann",
        None,
    ),
    "03-grid-two-groups": ("/crm/deal?view=all&group=owner,stage&sums=amount.average&rows=medium", "ann", None),
    "03-grid-months": (
        "/crm/deal?view=all&group=month(close_date),floor(amount/1000000)&sums=amount.sum",
        "ann",
        _group,
    ),
    "03-grid-links": ("/crm/deal?view=all&w=account.industry:any:food|machines&w=tags:any:key|old", "ann", _filter),
    "03-grid-filter": ("/crm/deal?view=all&w=stage:any:quote&w=amount:gt:5万", "ann", _filter),
    "03-grid-column": ("/crm/deal?view=all&sort=-amount,name", "ann", _column),
    "03-grid-fields": ("/crm/deal?view=all", "ann", _fields),
    "03-grid-edit": ("/crm/deal?view=all", "ann", _edit),
    "03-grid-range": ("/crm/deal?view=all", "ann", _range),
    "03-grid-bulk": ("/crm/deal?view=all", "ann", _bulk),
    "03-view-new": ("/crm/deal?view=all&sort=name", "admin", _new_view),
    "03-board-new": ("/crm/deal?view=all&sort=name", "ann", _new_board),
    "03-grid-beyond": ("/crm/deal?view=all", "ann", _beyond),
    "04-kanban": ("/crm/deal?view=board", "ann", None),
    "04-kanban-links": ("/crm/deal?view=board&by=account", "ann", None),
    "04-kanban-people": ("/crm/deal?view=board&by=owner&group=account", "admin", None),
    "04-kanban-lanes": ("/crm/deal?view=board&group=urgent&cols=account,amount,tags,partner", "ann", None),
    "04-kanban-picked": ("/crm/deal?view=board&color=urgent", "ann", _picked),
    "04-kanban-needs": ("/crm/deal?view=board", "ann", _needs),
    "04-kanban-owner": (
        "/crm/deal?view=board",
        "ann",
        lambda page: (
            _picked(page) or page.click("[data-picked-assign]") or page.wait_for_selector("#dialog[open] form")
        ),
    ),
    "05-record-page": ("/crm/deal/{first}", "ann", None),
    "05-record-why": ("/crm/deal/{first}/why", "admin", None),
    "05-record-binned": ("/crm/deal/{binned}", "ann", None),
    "06-entry": ("/crm/deal/new", "ann", None),
    "06-edit": ("/crm/deal/{first}/edit", "ann", None),
    "06-lapsed": ("/crm/deal/{first}", "ann", lambda page: first.lapsed_session(page)),
    "14-settings": ("/settings", "admin", None),
    "14-members": ("/settings/members", "admin", None),
    "14-member": ("/settings/members/2", "admin", None),
    "14-departments": ("/settings/departments", "admin", None),
    "14-member-new": ("/settings/members/new", "admin", None),
    "14-department": ("/settings/departments/1", "admin", None),
    "14-tokens": ("/settings/tokens", "admin", None),
    "14-apps": ("/settings/apps", "admin", None),
    "14-app-draft": ("/settings/apps/crm", "admin", first.draft),
    "14-all-roles": ("/settings/roles", "admin", None),
    "14-roles": ("/settings/roles?role=crm.rep&form=deal", "admin", None),
    "14-firm": ("/settings/firm", "admin", None),
    "14-app-versions": ("/settings/apps/crm", "admin", None),
    "14-jobs": ("/settings/jobs", "admin", None),
    "14-audit": ("/settings/audit", "admin", None),
    "14-my-tokens": ("/me/tokens", "ann", None),
    "14-security": ("/me/security", "ann", None),
    "16-api": ("/api/docs", "ann", None),
    "16-api-form": ("/api/docs/crm/deal", "ann", None),
    "14-health": ("/settings/health", "admin", lambda page: page.wait_for_selector(".m-looked")),
    "14-backups": ("/settings/backups", "admin", None),
    "14-backups-taking": (
        "/settings/backups",
        "admin",
        lambda page: page.locator(".m-taking summary").first.click(),
    ),
    "02-workbench-backup-failed": ("/", "admin", None),
    "13-import-upload": ("/crm/deal/import", "ann", None),
    "13-import-more": (
        "/crm/deal",
        "hal",
        lambda page: (
            page.locator("[popovertarget=list-more]:visible, [popovertarget=list-sheet]:visible").click()
            or page.wait_for_timeout(250)
        ),
    ),
    "15-empty": ("/crm/deal?q=nothing", "ann", None),
    "15-empty-form": ("/crm/account?q=", "bob", None),
    "15-forbidden": ("/crm/deal/new", "aud", lambda page: page.faults.clear()),
    "15-missing": ("/crm/nothing", "ann", lambda page: page.faults.clear()),
    "15-missing-record": ("/crm/deal/999999", "ann", lambda page: page.faults.clear()),
}


@pytest.mark.parametrize("name", SCREENS)
def test_screens(firm: Firm, shots: Callable[..., None], name: str) -> None:
    path, who, prepare = SCREENS[name]
    binned = first.binned(firm) if "{binned}" in path else 0
    if who == "zoe":
        first.newcomer(firm)
    if "backup" in name:
        first.backed_up(firm)
    sign_in = None if who is None else lambda page, language: firm.sign_in(page, language, who)
    first.with_mail(firm)
    shots(name, firm.url + path.format(first=firm.deals[0], binned=binned), sign_in=sign_in, prepare=prepare)


@pytest.mark.parametrize("name", day.SCREENS)
def test_a_working_day(firm: Firm, shots: Callable[..., None], name: str) -> None:
    day.begin(firm)
    _, who, prepare = day.SCREENS[name]
    shots(name, day.address(firm, name), sign_in=lambda page, lang: firm.sign_in(page, lang, who), prepare=prepare)


def test_a_page_that_fails(firm: Firm, shots: Callable[..., None]) -> None:
    first.broken_workbench(firm)
    shots("15-failed", firm.url, sign_in=firm.sign_in, prepare=lambda page: page.faults.clear())


def test_a_save_that_comes_too_late(firm: Firm, shots: Callable[..., None]) -> None:
    address = f"{firm.url}/crm/deal/{firm.deals[0]}/edit"
    shots("06-stale", address, sign_in=firm.sign_in, prepare=lambda page: first.stale_save(firm, page))


def test_a_new_password(firm: Firm, shots: Callable[..., None]) -> None:
    shots("01-new-password", firm.url + first.reset_link(firm), prepare=first.type_password)


@pytest.mark.parametrize("step", ["check", "firm", "start", "start-mend", "done", "unbuilt"])
def test_set_up(empty: first.Empty, shots: Callable[..., None], step: str) -> None:
    shots(f"01-set-up-{step}", empty.url, prepare=lambda page: empty.walk(page, step))


def test_record_panel(firm: Firm, shots: Callable[..., None]) -> None:
    def open_first(page: Any) -> None:
        page.locator("main tr a[data-opens]:visible, main .m-cards [data-open]:visible").first.click()
        page.wait_for_selector("#panel h1")
        settled(page)

    shots("05-record-panel", f"{firm.url}/crm/deal", sign_in=firm.sign_in, prepare=open_first)


_LIST = (
    "公司名称,商机名称,金额,阶段,预计成交,业务员,备注\n禾穗食品,二期装盒线改造,12.5万,报价,2026/12/3,Ann,二期有扩产计划\n"
    "云杉包装,码垛机器人,八千,报价中,2027.1.20,Ann,\n松果乳业,,3000,赢单,2026-12-30,Ann,缺名称\n新客户,贴标机,50000,报价,明年,Ann,\n"
)


def _import_to(firm: Firm, page: Any, step: str) -> None:
    """Walk through the wizard as far as `step`; what is due is done on the way."""
    database = firm.sales.world.database
    page.set_input_files(
        "input[type=file]", {"name": "客户名单2026.csv", "mimeType": "text/csv", "buffer": _LIST.encode()}
    )
    page.wait_for_selector("#columns-form, #form-form")
    if step in ("map", "form"):
        return
    page.click("button[name=go]")
    page.wait_for_selector(".m-going")
    work.run_ready(database)
    page.wait_for_selector(".m-stats")
    if step == "check":
        return
    page.click(".m-wbar .btn-primary")
    page.wait_for_selector(".m-going")
    if step == "running":
        return
    work.run_ready(database)
    page.wait_for_selector(".m-banner.ok")


@pytest.mark.parametrize("step", ["map", "check", "running", "result"])
def test_import(firm: Firm, shots: Callable[..., None], step: str) -> None:
    address = f"{firm.url}/crm/deal/import"
    shots(f"13-import-{step}", address, sign_in=firm.sign_in, prepare=lambda page: _import_to(firm, page, step))


def test_form_from_a_file(firm: Firm, shots: Callable[..., None]) -> None:
    sign_in = lambda page, language: firm.sign_in(page, language, "admin")  # noqa: E731
    shots("13-form", f"{firm.url}/build/import", sign_in=sign_in, prepare=lambda page: _import_to(firm, page, "form"))


@pytest.mark.parametrize("name", ["06-quick", "06-quick-mend", "06-waiting", "06-shared", "06-away"])
def test_on_the_phone(reps: Reps, shots: Callable[..., None], name: str) -> None:
    reps.make("account", name="杭州长岭豆制品有限公司", industry="food")
    ann = reps.world.people["ann"]
    path, prepare = {
        "06-quick": ("/crm/lead/new?quick=1", None),
        "06-quick-mend": ("/crm/lead/new?quick=1", phone.mend),
        "06-waiting": ("/offline", lambda page: phone.keep(page, ann)),
        "06-shared": ("/share?text=张三 13800138000", None),
        "06-away": ("/offline", lambda page: phone.away(page, ann)),
    }[name]
    shots(name, reps.url + path, sign_in=reps.sign_in, prepare=prepare)


def _convert(page: Any) -> None:
    page.locator("a[href$='/convert']").first.evaluate("(one) => one.click()")
    page.wait_for_selector("#dialog .m-convert")


def _region(page: Any) -> None:
    page.evaluate("() => document.querySelector('[data-all-fields]')?.click()")
    page.focus("#f-region")
    page.locator("#f-region-list [data-value='330000']").click()
    page.wait_for_selector("#f-region-list [data-value='330100']")


def _pictures(page: Any) -> None:
    page.locator("[data-files]").first.scroll_into_view_if_needed()
    page.wait_for_selector("[data-files-list] img")


#: Of the starter app with its demo firm: name → address and what is done before the picture.
CRM: dict[str, tuple[str, Callable[[Any], None] | None]] = {
    "20-demo-workbench": ("/", lambda page: page.wait_for_selector("#demo")),
    "20-demo-offered": ("/demo", None),
    "20-demo-deals": ("/crm/deal", None),
    "20-demo-leads": ("/crm/lead?view=all", None),
    "20-demo-account": ("/crm/account/1", None),
    "20-demo-todos": ("/crm/todo?view=board", None),
    "20-convert": ("/crm/lead/1", _convert),
    "20-convert-page": ("/crm/lead/1/convert", None),
    "20-region": ("/crm/account/new", _region),
    "20-tags": ("/crm/account/tags/tags", None),
    "21-pictures-entry": ("/crm/product/1/edit", _pictures),
    "21-pictures-record": (
        "/crm/product/1",
        lambda page: page.locator("a[data-photo]").first.scroll_into_view_if_needed(),
    ),
    "21-pictures-open": ("/crm/product/1", lambda page: page.locator("a[data-photo]").first.click()),
    "21-pictures-list": ("/crm/product", None),
}


@pytest.mark.parametrize("name", CRM)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_starter_app(reps: Reps, shots: Callable[..., None], name: str, language: str) -> None:
    path, prepare = CRM[name]
    world = reps.world
    if name != "20-demo-offered":
        demo.load(world.database, world.actor("admin"), "crm", catalog.demo("crm", language), "Demo")
    if name.startswith("21-"):
        attach(world, "product", 1, picture=["front.jpg", "side.jpg", "装配 现场.jpg"])
        attach(world, "product", 3, picture=["machine.jpg"])
    sign_in = lambda page, of: reps.sign_in(page, of, "admin")  # noqa: E731
    shots(name, reps.url + path, sign_in=sign_in, prepare=prepare, languages=(language,))


def _purge(page: Any) -> None:
    page.locator("a[href$='/purge']").first.click()
    page.wait_for_selector("#dialog[open] form")


#: Of the demo firm that two reps share: name → address, who looks, and what is done before the picture.
TEAM: dict[str, tuple[str, str, Callable[[Any], Any] | None]] = {
    "02-workbench-bars": ("/", "hal", lambda page: page.wait_for_selector(".m-team progress", state="attached")),
    "20-pool": ("/crm/lead?view=pool", "ann", None),
    "20-pooled": ("/crm/account/{pooled}", "ann", None),
    "05-purge": ("/crm/account/bin", "admin", _purge),
}


@pytest.mark.parametrize("name", TEAM)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_team(
    request: pytest.FixtureRequest, tmp_path: Path, serve: Any, shots: Callable[..., None], name: str, language: str
) -> None:
    path, who, prepare = TEAM[name]
    with database_of(request, "sqlite", tmp_path, "crm") as database:
        world = World(database, *known_of(database))
        team = Team(world, serve(world.app), language)
        account = world.form("crm.account")
        with database.write() as unit:
            records.delete(unit, world.actor("admin"), account, 1)
            pooled = unit.execute(account.table.select().where(account.table.c.pool)).first()
        sign_in = lambda page, of: team.sign_in(page, of, who)  # noqa: E731
        address = team.url + path.format(pooled=pooled.id)
        shots(name, address, sign_in=sign_in, prepare=prepare, languages=(language,))
