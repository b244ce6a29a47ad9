"""The public pool: seen in part by who may take, one's own once taken, nobody's once put back."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.crm.conftest import Crm
from tests.pages.conftest import words
from webapp.db import Database
from webapp.definitions import source, versions
from webapp.engines.forms import records
from webapp.engines.forms.days import pool
from webapp.errors import Conflict, Invalid, NotFound

PHONE, MASKED = "13812344210", "138****4210"


def pooled(crm: Crm, **more: Any) -> int:
    """A lead that nobody has, with a number one may know of."""
    id_ = crm.lead("bob", name="冯远", company="远洋冷链", status="recycled", budget="5000", **more)
    assert crm.post(f"/crm/lead/{id_}/release", {}, "bob", part=True).status_code == 200
    return id_


def test_what_stands_in_the_pool_is_seen_in_part_and_whole_once_it_is_taken(crm: Crm) -> None:
    lead, theirs = pooled(crm), crm.lead("bob", name="邻居", company="别家公司", mobile="13900001111")
    values = crm.values("lead", lead)
    assert (values["owner"], values["pool"]) == (None, True)
    assert values["owner_department"] == crm.world.departments["West"], "it stays with its department"
    assert crm.get(f"/crm/lead/{lead}", "bob").status_code == 200, "who put it back looks at it as everybody does"
    listed = crm.get("/crm/lead?view=pool").text
    assert "冯远" in listed and MASKED in listed and "别家公司" not in listed and PHONE not in listed
    assert "冯远" not in crm.get("/crm/lead?view=all").text, "only the view of the pool looks into it"
    seen = crm.get(f"/crm/lead/{lead}").text
    assert "领取" in seen and MASKED in seen and PHONE not in seen and "5,000" not in seen
    assert "名下已有 0 条，最多 500 条" in words(seen)
    for address in ("history", "edit", "talk", "convert", "comments"):
        assert crm.get(f"/crm/lead/{lead}/{address}").status_code in (404, 405), address
    for asked in (
        "w=mobile.is.13812344210",
        "f=mobile+%3D+'13812344210'",
        "sort=mobile",
        "group=budget",
        "sums=budget",
    ):
        answer = crm.get(f"/crm/lead?view=pool&{asked}")
        assert answer.status_code == 422 or "5,000" not in answer.text, asked
    assert "冯远" not in crm.get(f"/crm/lead?view=pool&q={PHONE}").text, "a masked number finds nothing"
    assert crm.post("/crm/lead/export?view=pool", {"format": "csv"}).status_code == 403
    assert (
        crm.get(f"/crm/lead/{theirs}").status_code == 404
        and crm.post(f"/crm/lead/{theirs}/take", {}).status_code == 404
    )
    assert crm.get("/crm/lead?view=pool", "mia").text.count(PHONE) == 1, "who sees every lead sees it whole"

    done = crm.post(f"/crm/lead/{lead}/take", {}, part=True)
    assert done.status_code == 200 and "500" in done.headers["HX-Trigger"]
    values = crm.values("lead", lead)
    assert (values["owner"], values["pool"], values["status"]) == (crm.world.people["ann"], False, "assigned")
    page = crm.get(f"/crm/lead/{lead}").text
    assert PHONE in page.replace(" ", "") and "从公海领取" in page and "放入公海" in page
    assert crm.post(f"/crm/lead/{lead}/take", {}, "hal").status_code == 404, "somebody was quicker"


def test_contacts_go_with_their_account_and_history_says_so(crm: Crm) -> None:
    account = crm.make("account", "ann", name="禾穗食品")
    contact = crm.make("contact", "ann", name="周以宁", account=account)
    assert crm.post(f"/crm/account/{account}/release", {}, part=True).status_code == 200
    assert crm.values("contact", contact)["owner"] is None
    assert crm.post(f"/crm/account/{account}/take", {}, "hal").status_code == 303
    assert crm.values("contact", contact)["owner"] == crm.world.people["hal"]
    said = words(crm.get(f"/crm/account/{account}/history", "hal").text)
    assert said.index("从公海领取") < said.index("放入公海"), "the newest first"


def test_of_two_who_take_at_once_one_gets_it_and_nobody_more_than_allowed(crm: Crm) -> None:
    document = dict(source.read(versions_text(crm)))
    document["forms"]["lead"]["pool"]["most"] = 1
    crm.world.apply(document)
    lead = pooled(crm)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def go(who: str) -> None:
        actor = crm.world.actor(who)
        start.wait()
        try:
            with crm.world.database.write() as unit:
                pool.take(unit, actor, versions.current(unit).form("crm.lead"), lead)
            outcomes.append(who)
        except NotFound:
            outcomes.append("late")

    threads = [threading.Thread(target=go, args=(who,)) for who in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[1] == "late" and outcomes.count("late") == 1
    taker = next(who for who in outcomes if who != "late")
    assert crm.values("lead", lead)["owner"] == crm.world.people[taker]
    with crm.world.database.write() as unit:
        form = crm.world.form("crm.lead")
        more = records.create(
            unit,
            crm.world.actor("admin"),
            form,
            {"name": "再一", "mobile": "13812340000", "source": "ads", "pool": True},
        )
        with pytest.raises(Conflict, match="1 is the most"):
            pool.take(unit, crm.world.actor(taker), form, more.id)
    assert f"/crm/lead/{more.id}" in crm.get("/crm/lead?view=pool", taker).text, "it stays for others"
    late = crm.post("/crm/lead/take", {"ids": f"{lead},{more.id}"}, "hal", part=True)
    assert late.status_code == 200 and "1" in late.headers["HX-Trigger"], "of two that were picked one was left"
    assert crm.values("lead", more.id)["owner"] == crm.world.people["hal"]
    assert crm.post("/crm/lead/take", {"ids": str(lead)}, "hal", part=True).status_code == 409


def versions_text(crm: Crm) -> str:
    with crm.world.database.read() as unit:
        return versions.dump(versions.document(unit, "crm"))


def test_a_pool_names_what_is_there(database: Database, crm: Crm) -> None:
    document = dict(source.read(versions_text(crm)))
    document["forms"]["lead"]["pool"].update(
        view="pol", show=["nam"], field="name", bring=["contcts"], set={"status": "x"}
    )
    with crm.world.database.read() as unit, pytest.raises(Invalid) as refused:
        versions.validate(document, versions.current(unit))
    found = {p.path: p.near for p in refused.value.problems}
    assert found["forms.lead.pool.view"] == "pool" and found["forms.lead.pool.show[0]"] == "name"
