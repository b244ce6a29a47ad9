"""The demo firm: a year of work in both languages, entered as one change set and taken out again."""

from __future__ import annotations

import pytest

from tests.crm.conftest import Crm
from tests.pages.conftest import words
from webapp import catalog
from webapp.engines.forms import records
from webapp.engines.forms.days import demo
from webapp.errors import Conflict, Denied
from webapp.journal import changesets


def load(crm: Crm, language: str = "zh", who: str = "admin") -> demo.Loaded:
    return demo.load(crm.world.database, crm.world.actor(who), "crm", catalog.demo("crm", language), "Demo")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_row_is_taken_and_what_is_due_is_due(on_sqlite: Crm, language: str) -> None:
    crm = on_sqlite
    done = load(crm, language)
    assert done.left == ()
    assert (crm.count("account"), crm.count("deal"), crm.count("lead"), done.made) == (14, 42, 16, 155)
    with pytest.raises(Conflict):
        load(crm, language)
    for address, least in (
        ("/crm/deal?view=stuck", 5),
        ("/crm/deal?view=due", 4),
        ("/crm/lead?view=due", 4),
        ("/crm/todo?view=due", 5),
        ("/crm/account?view=sleeping", 2),
        ("/crm/account?view=pool", 2),
    ):
        rows = crm.get(address, "admin").text.count('<tr id="row-')
        assert rows >= least, (address, rows)
    for form in catalog.demo("crm", language):
        first = f"/crm/{form}/1"
        crm.get(first, "admin")
        with crm.world.statements() as seen:
            assert crm.get(first, "admin").status_code == 200
        assert len(seen) <= 6, (first, seen)


def test_it_goes_out_whole_and_what_somebody_changed_is_named_and_kept_or_goes_too(crm: Crm) -> None:
    page = crm.get("/demo", "admin", part=True).text
    assert "载入演示公司" in page and "商机 42" in words(page)
    assert "载入演示公司" not in crm.get("/demo", "ann", part=True).text
    with pytest.raises(Denied):
        load(crm, who="ann")
    assert crm.post("/demo", {}, "admin").status_code == 303
    with crm.world.database.read() as unit:
        admin = crm.world.actor("admin")
        change_set = demo.loaded(unit, admin)
    assert change_set is not None and "删除演示数据" in crm.get("/demo", "admin", part=True).text
    mine = crm.make("account", "admin", name="真客户")
    with crm.world.database.write() as unit:
        records.update(unit, admin, crm.world.form("crm.account"), 1, {"level": "c"})
    assert crm.post("/demo/remove", {"set": str(change_set.id)}, "ann", part=True).status_code == 404
    kept = crm.post("/demo/remove", {"set": str(change_set.id)}, "admin", part=True)
    assert "1 条记录之后被改过" in words(kept.text) and "嘉兴禾穗食品有限公司" in kept.text
    assert (crm.count("account"), crm.count("deal")) == (2, 0)
    gone = crm.post("/demo/remove", {"set": str(change_set.id), "all": "1"}, "admin", part=True)
    assert gone.status_code == 200 and crm.count("account") == 1 and crm.values("account", mine)["name"] == "真客户"
    with crm.world.database.read() as unit:
        assert demo.loaded(unit, admin) is None and changesets.get(unit, change_set.id).state == changesets.UNDONE
