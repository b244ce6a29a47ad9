"""The firm's settings, and what members set for themselves."""

from __future__ import annotations

import io
import random
import re

from tests.pages.conftest import words
from tests.settings.conftest import Office
from tests.settings.shared import one_for_all  # noqa: F401
from tests.world import PASSWORD
from webapp.access import firm, sessions, tokens
from webapp.web import accent

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
FIRM = {"name": "岚川装备", "locale": "zh", "currency": "CNY", "accent": accent.OURS}


def now(office: Office) -> firm.Firm:
    with office.world.database.read() as unit:
        return firm.get(unit)


def test_every_colour_can_be_read_in_both_themes() -> None:
    chosen = random.Random(7)
    colours = ["#ffffff", "#000000", "#ffff00", *(f"#{chosen.randrange(1 << 24):06x}" for _ in range(150))]
    for colour in colours:
        light, dark = accent.shades(colour)
        for one, grounds in ((light, ("#ffffff", "#f6f6f4")), (dark, ("#1a1b1e", "#131416", "#232529"))):
            assert one.contrast() >= 4.5, (colour, one)
            assert min(accent.ratio(one.accent, ground) for ground in grounds) >= 4.5, (colour, one)
            assert accent.ratio(one.accent, one.soft) >= 4.5, (colour, one)


def test_the_firms_name_colour_and_logo_stand_on_every_page(office: Office) -> None:
    at = "/settings/firm"
    picture = (io.BytesIO(PNG), "logo.png")
    saved = office.send(at, {**FIRM, "name": "云岭装备", "accent": "#B3261E", "logo": picture})
    assert saved.status_code == 303
    page, gate = office.get("/").text, office.world.client().get("/login").text
    (css,) = set(re.findall(r'href="(/static/accent/[^"]+)"', page))
    assert css in gate and "云岭装备" in page and "/settings/firm/logo?v=" in gate
    sheet = office.world.client().get(css)
    assert "--m-accent: #b3261e" in sheet.text and "immutable" in sheet.headers["Cache-Control"]
    assert office.world.client().get("/settings/firm/logo").data == PNG
    assert office.world.client().get("/static/accent/1/red.css").status_code == 404
    assert [d["setting"] for d in office.audited("firm_changed")][:3] == ["logo", "accent", "name"]
    assert office.send(at, {**FIRM, "no_logo": "true"}).status_code == 303
    assert now(office).accent is None and office.world.client().get("/settings/firm/logo").status_code == 404
    assert "/static/accent/" not in office.get("/").text


def test_what_does_not_fit_is_said_and_a_stale_save_refused(office: Office) -> None:
    at = "/settings/firm"
    for values in ({"name": " "}, {"accent": "red"}, {"currency": "XXY"}, {"locale": "fr"}):
        refused = office.send(at, {**FIRM, **values})
        assert refused.status_code == 422 and "m-err" in refused.text, values
    script = (io.BytesIO(b"<svg onload=alert(1)>"), "logo.svg")
    assert office.send(at, {**FIRM, "logo": script}).status_code == 422
    large = (io.BytesIO(PNG + b"\0" * firm.LOGO_MOST), "logo.png")
    assert office.send(at, {**FIRM, "logo": large}).status_code == 422
    late = office.post(at, {**FIRM, "name": "Later", "m__seen": "old"}, "admin")
    assert late.status_code == 412 and "Later" in late.text and "岚川装备" in late.text
    assert now(office).name == "岚川装备"


def test_a_member_changes_his_password_with_the_present_one_and_is_signed_out_elsewhere(office: Office) -> None:
    at = "/me/security"
    with office.world.database.write() as unit:
        elsewhere = sessions.begin(
            unit, office.id("bob"), device="Mozilla (iPhone) Safari", lasts=sessions.timedelta(1)
        )
    assert "iPhone 上的 Safari" in words(office.get(at, "bob").text)

    def change(now: str, new: str) -> int:
        return office.send(f"{at}/password", {"now": now, "password": new}, "bob", page=at).status_code

    assert [change("wrong", "seven grey geese"), change(PASSWORD, "short"), change(PASSWORD, "bob@firm.example")] == [
        422
    ] * 3
    assert change(PASSWORD, "seven grey geese") == 303
    assert office.get(at, "bob").status_code == 200, "here one stays signed in"
    client = office.world.client()
    client.set_cookie("mortise", elsewhere)
    assert client.get(at).status_code == 303
    assert [change("guess", "eight grey geese") for _ in range(6)][-1] == 429, "guesses count as at signing in"


def test_devices_are_signed_out_one_by_one_and_nobody_elses(office: Office) -> None:
    at = "/me/security"
    with office.world.database.write() as unit:
        other = sessions.begin(unit, office.id("ann"), device="Chrome Windows", lasts=sessions.timedelta(1))
        his = sessions.begin(unit, office.id("hal"), device=None, lasts=sessions.timedelta(1))
        keys = {one.hash for one in sessions.listed(unit, office.world.actor("ann"), office.id("ann"))}
        (foreign,) = (o.hash for o in sessions.listed(unit, office.world.actor("hal"), office.id("hal")))
    page = office.get(at).text
    key = next(k for k in re.findall(r'name="session" value="([0-9a-f]{20,})"', page) if k in keys)
    office.send(f"{at}/end", {"session": foreign}, "ann", page=at)
    office.send(f"{at}/end", {"session": key}, "ann", page=at)
    for cookie, status in ((other, 303), (his, 200)):
        client = office.world.client()
        client.set_cookie("mortise", cookie)
        assert client.get("/me").status_code == status


def test_a_token_is_shown_once_works_and_ends(office: Office) -> None:
    at = "/me/tokens"
    assert office.send(at, {"name": " ", "scope": "read", "lasts": "90"}, "ann").status_code == 422
    made = office.send(at, {"name": "Reports", "scope": "read", "lasts": "30"}, "ann")
    secret = re.search(r'id="secret" value="(mt_[^"]+)"', made.text)
    assert secret and made.headers["Cache-Control"] == "no-store"
    assert secret[1] not in office.get(at).text and "Reports" in office.get(at).text
    program, bearer = office.world.app.test_client(), {"Authorization": f"Bearer {secret[1]}"}
    assert program.get("/api/v1/apps", headers=bearer).status_code == 200
    assert program.post("/me/tokens", data={"name": "x", "scope": "write"}, headers=bearer).status_code == 403
    assert "Ann" in words(office.get("/settings/tokens", "admin").text)
    with office.world.database.read() as unit:
        (number,) = (t.id for t in tokens.listed(unit, office.world.actor("ann"), office.id("ann")))
    assert office.send(f"{at}/{number}/end", {}, "hal", page=at).status_code == 303
    assert program.get("/api/v1/apps", headers=bearer).status_code == 200, "nobody else's to end"
    office.send(f"/settings/tokens/{number}/end", {}, page="/settings/tokens")
    assert program.get("/api/v1/apps", headers=bearer).status_code == 401


def test_a_member_sets_name_language_look_and_zone(office: Office) -> None:
    values = {"name": "Hal Ford", "locale": "en", "theme": "dark", "zone": "Europe/Berlin", "next": "/me?saved=1"}
    assert office.send("/me/preferences", values, "hal", page="/me").status_code == 303
    page = office.get("/me?saved=1", "hal").text
    assert 'data-theme="dark"' in page and "My settings" in page and "Hal Ford" in page and "Saved" in page
    assert office.send("/me/preferences", {"name": " "}, "hal", page="/me").status_code == 422


def test_pages_of_settings_ask_little_of_the_database(office: Office) -> None:
    for path, most in (("/settings", 1), ("/settings/members", 5), ("/settings/departments", 4), ("/settings/audit", 5),
                       ("/settings/roles?role=crm.rep&form=deal", 9), ("/me/tokens", 3), ("/settings/apps", 5), ("/api/docs/crm/deal", 1)):  # fmt: skip
        office.get(path, "admin")
        with office.statements() as seen:
            assert office.get(path, "admin").status_code == 200
        assert len(seen) <= most, (path, seen)
