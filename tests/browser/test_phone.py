"""The product on a phone: installed, with a thumb, and without a connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import reps as phone
from tests.browser.conftest import axe_problems, settled
from tests.browser.reps import Reps
from webapp.blueprints.phone import install

pytestmark = pytest.mark.browser


class Thumb:
    """Somebody with one thumb on a phone: counts what he presses, and for how long he types (nobody waits for it)."""

    KEY = 0.18  # seconds for a key of the screen's keyboard

    def __init__(self, page: Any) -> None:
        self.page, self.taps, self.keys, self.began = page, 0, 0, time.monotonic()

    def tap(self, what: Any) -> None:
        self.taps += 1
        what.tap()

    def type(self, text: str, keys: int) -> None:
        """`text`, for which an input method needs `keys` keys; then its key “next”."""
        self.keys += keys + 1
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Enter")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began + self.keys * self.KEY


def test_a_lead_is_saved_from_the_home_screen_within_five_taps(reps: Reps, open_page: Callable[..., Any]) -> None:
    page = reps.sign_in(open_page(phone=True))
    described = page.request.get(reps.url + "/offline/app.webmanifest").json()
    assert described["name"] == "岚川装备"
    thumb = Thumb(page)
    thumb.taps += 1  # the shortcut on the home screen
    page.goto(reps.url + next(one["url"] for one in described["shortcuts"] if one["name"] == "新建线索"))
    page.wait_for_function("() => document.activeElement?.id === 'f-name'")
    thumb.type("吕嘉禾", 10)
    assert page.evaluate("() => document.activeElement.inputMode") == "tel"
    thumb.type("13800134210", 11)
    thumb.type("长岭豆制品", 16)
    thumb.tap(page.locator("label", has_text="展会"))
    thumb.tap(page.locator(".m-save button[type=submit]"))
    page.wait_for_selector("#toast a >> text=再记一个")
    assert "“吕嘉禾”已保存" in page.inner_text("#toast")
    assert thumb.taps <= 5
    print(f"a lead from the home screen: {thumb.taps} taps, {thumb.seconds:.1f} s")
    assert reps.leads() == [("吕嘉禾", reps.world.people["ann"])]

    page.locator("#toast a").tap()
    page.wait_for_function("() => document.activeElement?.id === 'f-name'")
    assert page.locator("[data-picks] label").first.inner_text() == "展会", "what was taken last comes first"
    page.fill("#f-mobile", "138 0013 4210")
    page.wait_for_selector("[data-known] .m-match")
    assert "吕嘉禾 已是线索，负责人 Ann" in page.inner_text("[data-known] .m-match")


def _waiting(page: Any) -> list[str]:
    page.wait_for_selector("[data-waiting-list] li")
    return page.locator("[data-waiting-list] li").evaluate_all("(all) => all.map((one) => one.dataset.state)")


def _enter(page: Any, name: str, mobile: str = "13800134210", said: str = "text=已存在本机") -> None:
    page.fill("#f-name", name)
    page.fill("#f-mobile", mobile)
    page.locator("label:visible", has_text="官网").tap()
    page.locator(".m-save button[type=submit]:visible").tap()
    page.wait_for_selector(f"#toast >> {said}")


def test_what_is_saved_without_a_connection_is_sent_once(reps: Reps, open_page: Callable[..., Any]) -> None:
    page = reps.sign_in(open_page(phone=True, workers="allow"))
    page.goto(reps.url + "/")
    page.wait_for_function("() => indexedDB.databases().then((all) => all.length)")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    page.wait_for_function(
        "() => new Promise((done) => { const asked = indexedDB.open('mortise'); asked.onsuccess = () => {"
        " const all = asked.result.transaction('forms').objectStore('forms').count();"
        " all.onsuccess = () => { asked.result.close(); done(all.result); }; }; })"
    )
    # The answer is lost in the middle of a save, and another save gets none at all: each is made once.
    page.goto(reps.url + "/crm/lead/new?quick=1")
    page.route("**/crm/lead/new", lambda route: (route.fetch(), route.abort("connectionreset")))
    _enter(page, "答复丢了", said="text=/已存在本机|已发送 1 条/")  # the second may follow at once
    page.unroute("**/crm/lead/new")
    page.wait_for_selector("#toast >> text=已发送 1 条")
    page.goto(reps.url + "/crm/lead/new?quick=1")
    page.context.set_offline(True)
    _enter(page, "网络断了")
    assert page.input_value("#f-name") == "", "ready for the next one"

    # Without a connection the address answers with the form kept on the device; other pages say what is the matter.
    page.goto(reps.url + "/crm/lead/new?quick=1")
    page.wait_for_selector("form[data-away] #f-name")
    _enter(page, "在地铁里")
    _enter(page, "号码不对", "12")
    page.goto(reps.url + "/crm/deal")
    page.wait_for_selector("[data-when=away] >> text=没有网络")
    assert _waiting(page) == ["sent", "waiting", "waiting", "waiting"]
    assert "13800134210 / 官网" in page.locator("[data-state=waiting]").first.inner_text(), "nothing is out of sight"
    assert [name for name, _ in reps.leads()] == ["答复丢了"]
    kept = page.evaluate(
        "async () => (await Promise.all((await caches.keys()).map((k) => caches.open(k).then((c) => c.keys())))).flat().map((r) => new URL(r.url).pathname)"
    )
    assert all(path.startswith(("/static/", "/offline/page/")) for path in kept), "no page with data is kept"

    page.context.set_offline(False)
    page.wait_for_selector(".m-app")  # the page that was asked for comes by itself
    page.goto(reps.url + "/offline")
    page.wait_for_selector("[data-state=refused]")
    assert sorted(_waiting(page)) == ["refused", "sent", "sent", "sent"]
    assert sorted(name for name, _ in reps.leads()) == ["在地铁里", "答复丢了", "网络断了"]

    # The refused one opens as a draft with its message; mended and saved it is no longer waiting.
    page.locator("[data-state=refused] [data-open-entry]").tap()
    page.wait_for_selector("#f-mobile-error .m-err")
    assert page.input_value("#f-name") == "号码不对"
    page.fill("#f-mobile", "13800134219")
    page.locator(".m-save button[type=submit]").tap()
    page.wait_for_selector("#toast >> text=已保存")
    page.goto(reps.url + "/offline")
    assert _waiting(page) == ["sent"] * 3
    assert len(reps.leads()) == 4
    page.faults.clear()


def test_what_waits_is_of_the_member_who_made_it(reps: Reps, open_page: Callable[..., Any]) -> None:
    page = reps.sign_in(open_page(phone=True))
    page.goto(reps.url + "/crm/lead/new?quick=1")
    page.context.set_offline(True)
    _enter(page, "安的线索")
    page.wait_for_selector("#waiting >> text=等待发送：1 条")

    reps.sign_in(page, who="bob")  # another member on the same device: his session replaces hers
    page.context.set_offline(False)
    page.goto(reps.url + "/")
    settled(page)
    assert page.locator("#waiting").is_hidden()
    page.goto(reps.url + "/offline")
    page.wait_for_selector("[data-none]:not([hidden])")
    assert page.locator("[data-waiting-list] li").count() == 0
    assert reps.leads() == []

    reps.sign_in(page)
    page.route("**/offline/pass", lambda route: route.abort("connectionfailed"))
    page.goto(reps.url + "/")
    page.wait_for_selector("#waiting:not([hidden])")
    page.locator("[popovertarget=me-menu]:visible").tap()
    page.locator("form[data-sign-out] button").tap()
    page.wait_for_selector("#leaving[open] >> text=等待发送：1 条")
    page.unroute("**/offline/pass")
    page.locator("#leaving a").tap()
    page.wait_for_selector("[data-state=sent]")
    assert reps.leads() == [("安的线索", reps.world.people["ann"])]
    page.goto(reps.url + "/")
    page.locator("[popovertarget=me-menu]:visible").tap()
    page.locator("form[data-sign-out] button").tap()
    page.wait_for_url("**/login")
    page.goto(reps.url + "/offline")
    page.wait_for_selector("[data-none]:not([hidden])")
    page.faults.clear()


def test_nothing_is_in_the_way_of_a_thumb(reps: Reps, open_page: Callable[..., Any]) -> None:
    """Every page a rep opens: nothing serious for axe, nothing wider than the phone, nothing too small to press."""
    reps.make("account", name="杭州长岭豆制品有限公司", industry="food")
    first = reps.lead()
    page = reps.sign_in(open_page(phone=True))
    walk: dict[str, Callable[[Any], Any] | None] = {
        "/": None,
        "/crm/lead": None,
        "/crm/lead?view=board": None,
        f"/crm/lead/{first}": None,
        "/crm/lead/new?quick=1": phone.mend,
        "/share?text=张三 13800138000\n杭州禾穗食品有限公司": None,
        "/offline": lambda page: phone.keep(page, reps.world.people["ann"]),
    }
    found = {}
    for path, prepare in walk.items():
        page.goto(reps.url + path)
        settled(page)
        if prepare:
            prepare(page)
        problems = [*axe_problems(page), *page.evaluate(SMALL)]
        if page.evaluate("() => document.documentElement.scrollWidth") > 390:
            problems.append("wider than the phone")
        if problems:
            found[path] = problems
    assert not found, "\n".join(f"{path}: {one}" for path, several in found.items() for one in several)


#: What is pressed with a thumb and is smaller than 44 × 44 (links within a text may be), or makes a phone zoom.
SMALL = """() => [...document.querySelectorAll("button, input, select, textarea, a.btn, .m-item, .m-choice label")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !one.closest(".m-desk, [hidden]"))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([one, box]) => box.width && box.top < innerHeight && !(one.type === "checkbox" || one.type === "radio")
    && (box.height < 43.5 || (one.matches("input, textarea, select") && parseFloat(getComputedStyle(one).fontSize) < 16)))
  .map(([one, box]) => `${one.outerHTML.slice(0, 120)} ${Math.round(box.width)}x${Math.round(box.height)}`)"""


def test_after_a_call_the_record_offers_to_log_it(reps: Reps, open_page: Callable[..., Any]) -> None:
    page = reps.sign_in(open_page(phone=True))
    page.goto(f"{reps.url}/crm/lead/{reps.lead()}")
    page.clock.install()
    link = page.locator("a[href='tel:+8613800134210']:visible").first
    page.evaluate(
        "() => addEventListener('click', (event) => event.target.closest('a[href^=tel]') && event.preventDefault())"
    )
    link.tap()
    page.clock.fast_forward(60_000)
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#toast >> text=刚才与吕嘉禾通过电话")
    page.locator("#toast button", has_text="记下").tap()
    assert page.evaluate("() => document.activeElement.name") == "text"
    # To a clock that jumps a minute, a request that is on its way has taken one.
    page.faults[:] = [fault for fault in page.faults if "htmx:error: timeout" not in fault]


def test_a_new_release_takes_over_when_it_is_told_to(
    reps: Reps, open_page: Callable[..., Any], monkeypatch: Any
) -> None:
    page = reps.sign_in(open_page(workers="allow"))
    page.goto(reps.url + "/me")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    before = page.evaluate("() => caches.keys()")
    monkeypatch.setattr(install, "_release", lambda: "next")
    page.evaluate("() => navigator.serviceWorker.ready.then((there) => there.update())")
    page.wait_for_selector("#release:not([hidden]) >> text=新版本已就绪")
    assert before[0] in page.evaluate("() => caches.keys()"), "the one in use stays until then"
    page.locator("#release button").click()
    page.wait_for_function("() => caches.keys().then((all) => all.join() === 'mortise-next')")
    page.wait_for_selector("#release[hidden]", state="attached")


def test_conditional_fields_are_marked_while_nobody_can_judge_them(reps: Reps, open_page: Callable[..., Any]) -> None:
    page = reps.sign_in(open_page(phone=True))
    page.goto(reps.url + "/crm/lead/new")
    page.locator("[data-all-fields]").tap()
    assert page.locator("[data-field=lost_reason]").is_hidden()
    page.context.set_offline(True)
    page.select_option("#f-status", "working") if page.locator("#f-status").count() else page.locator(
        "[name=status][value=working]"
    ).check(force=True)
    page.wait_for_selector("[data-field=lost_reason].maybe")
    label = page.locator("[data-field=lost_reason] .form-label")
    assert label.get_attribute("data-maybe") == "可能不需要填写"
    page.faults.clear()
