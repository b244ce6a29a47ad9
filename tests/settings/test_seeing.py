"""An administrator looks at the product as somebody else does, and can change nothing meanwhile."""

from __future__ import annotations

from tests.pages.conftest import words
from tests.settings.conftest import Office
from tests.settings.shared import one_for_all  # noqa: F401
from webapp.web import seeing


def test_one_sees_what_the_other_sees_changes_nothing_and_is_oneself_again(office: Office) -> None:
    hers, his = office.deal("Her pumps"), office.deal("His press", "bob")
    at = f"/settings/members/{office.id('ann')}"
    assert office.get(f"/crm/deal/{his}", "admin").status_code == 200
    assert office.send(f"{at}/see", {}, page=at).status_code == 303
    assert office.get(f"/crm/deal/{hers}", "admin").status_code == 200
    assert office.get(f"/crm/deal/{his}", "admin").status_code == 404
    page = office.get("/crm/deal?view=all", "admin")
    assert "Her pumps" in page.text and "His press" not in page.text and "Ann 看到的内容" in words(page.text)
    assert 'data-member="1"' in page.text, "what is kept on the device stays the administrator's"
    assert office.get("/settings", "admin").status_code == 200 and office.get(at, "admin").status_code == 403
    refused = office.post(f"/crm/deal/{hers}/edit", {"name": "x", "m__fields": "name"}, "admin")
    assert refused.status_code == 403 and office.value("deal", hers, "name") == "Her pumps"
    for path, values in (("/me/tokens", {"name": "x", "scope": "read"}), ("/me/preferences", {"theme": "dark"})):
        assert office.post(path, values, "admin").status_code == 403
    back = office.post("/settings/see/stop", {}, "admin")
    assert back.headers["Location"] == at
    assert office.get(f"/crm/deal/{his}", "admin").status_code == 200
    assert office.audited("member_seen_as") == [{}]


def test_the_way_in_is_the_administrators_and_good_for_his_session_alone(office: Office) -> None:
    office.hire("Pia", "people", department=None)
    at = f"/settings/members/{office.id('ann')}"
    assert office.send(f"{at}/see", {}, "pia", page=at).status_code == 403
    office.send(f"{at}/see", {}, page=at)
    cookie = office.client("admin").get_cookie(seeing.COOKIE)
    assert cookie is not None
    for who in ("pia", "bob"):
        office.client(who).set_cookie(seeing.COOKIE, cookie.value)
        assert "看到的内容" not in office.get("/", who).text
    other = office.world.client("admin")
    other.set_cookie(seeing.COOKIE, cookie.value)
    assert "看到的内容" not in other.get("/").text, "another session of his"
    office.client("admin").set_cookie(seeing.COOKIE, cookie.value[:-3] + "xyz")
    assert "看到的内容" not in office.get("/", "admin").text
    office.client("admin").delete_cookie(seeing.COOKIE)
