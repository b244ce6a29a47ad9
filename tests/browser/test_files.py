"""Pictures from the camera and the gallery: shown at once, made smaller, ordered, kept without a connection, opened."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.browser.conftest import axe_problems
from tests.browser.reps import Reps
from webapp.engines.forms import select

pytestmark = pytest.mark.browser


def picture(name: str, width: int = 400, height: int = 300, turned: int = 1) -> dict[str, Any]:
    """What an input of files is given; `turned` as a camera notes it."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[274] = turned
    Image.effect_noise((width, height), 90).convert("RGB").save(out, "JPEG", quality=60, exif=exif)
    return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}


def cards(reps: Reps, name: str) -> list[Any]:
    """The files of the lead's business card."""
    with reps.world.database.read() as unit:
        query = select.Query(where=(f"name = '{name}'",))
        (found,) = select.select(unit, reps.world.actor("ann"), reps.world.form("crm.lead"), query).records
    return list(found.values["card_photo"] or ())


def begin(page: Any, reps: Reps, name: str) -> None:
    page.goto(reps.url + "/crm/lead/new?quick=1")
    page.fill("#f-name", name)
    page.fill("#f-mobile", "13800134210")
    page.locator("label:visible", has_text="官网").tap()


def rows(page: Any) -> list[str]:
    return [one["name"] for one in json.loads(page.input_value("[name=card_photo]") or "[]")]


def save(page: Any) -> None:
    page.locator(".m-save button[type=submit]:visible").tap()


def test_photos_of_a_business_card_go_with_the_lead_with_and_without_a_connection(
    reps: Reps, open_page: Callable[..., Any]
) -> None:
    page = reps.sign_in(open_page(phone=True))
    begin(page, reps, "吕嘉禾")
    chosen = page.locator("[data-files-input]")
    chosen.set_input_files([picture("正面.jpg", 3600, 2400, turned=6), picture("背面.jpg"), picture("第三张.jpg")])
    page.wait_for_function(
        "() => { const kept = JSON.parse(document.querySelector('[name=card_photo]').value || '[]');"
        " return kept.length === 2 && kept.every((one) => one.id); }"
    )
    assert rows(page) == ["正面.jpg", "背面.jpg"]
    assert page.inner_text("[data-files-problem]") == "这里最多 2 个文件。"
    page.focus("[data-files-list] li:last-child [data-files-move]")
    page.keyboard.press("Alt+ArrowUp")
    assert rows(page) == ["背面.jpg", "正面.jpg"]
    assert axe_problems(page) == []
    page.locator("[data-files-list] li:first-child [data-files-remove]").tap()
    assert rows(page) == ["正面.jpg"]
    assert page.evaluate("() => document.activeElement.matches('[data-files-remove]')"), "focus stays in the list"
    page.reload()  # a draft brings its files back
    page.wait_for_selector("[data-files-list] img")
    save(page)
    page.wait_for_selector("#toast >> text=已保存")
    (one,) = cards(reps, "吕嘉禾")
    assert (one.width, one.height) == (1707, 2560), "upright, and no larger than a screen needs"

    begin(page, reps, "网络断了")
    page.context.set_offline(True)
    page.locator("[data-files-shot]").set_input_files(picture("现场.jpg"))
    page.wait_for_selector("[data-files-state] >> text=已暂存在本机")
    save(page)
    page.wait_for_selector("#toast >> text=已存在本机")
    assert rows(page) == [] and not page.locator("[data-files-list] li").count()
    page.context.set_offline(False)
    page.wait_for_selector("#toast >> text=已发送")
    assert [one.name for one in cards(reps, "网络断了")] == ["现场.jpg"]
    page.faults.clear()


def test_pictures_open_at_full_size_and_are_walked_through_by_keys(reps: Reps, open_page: Callable[..., Any]) -> None:
    page = reps.sign_in(open_page(), who="admin")
    page.goto(reps.url + "/crm/product/new")
    page.fill("#f-code", "X1")
    page.fill("#f-name", "喷涂机器人")
    page.fill("#f-list_price", "12000")
    page.locator("[data-files-input]").set_input_files([picture("一.jpg"), picture("二.jpg")])
    page.locator(".m-save button[type=submit]").click()  # waits for the uploads by itself
    page.wait_for_selector("a[data-photo]")
    page.locator("a[data-photo]").first.click()
    page.wait_for_function("() => document.querySelector('.m-lightbox img')?.naturalWidth === 400")
    assert page.inner_text("[data-light-count]") == "1 / 2"
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("[data-light-name] >> text=二.jpg")
    assert axe_problems(page) == []
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.activeElement.dataset.photo === '二.jpg'")
    page.goto(reps.url + "/crm/product")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.m-pics img')].filter((one) => one.naturalWidth).length === 2"
    )
    assert axe_problems(page) == []
