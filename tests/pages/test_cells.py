"""Values changed where they stand: one cell, a paste judged as a whole, many records by a job, and the way back."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.pages import sales
from tests.pages.conftest import Sales, words
from tests.world import make
from webapp.db import Database
from webapp.engines.forms import bulk_jobs
from webapp.journal import work


@pytest.fixture
def firm(database: Database) -> Sales:
    world = make(database)
    world.apply(sales.DOCUMENT)
    return Sales(world)


def edit(firm: Sales, id_: int, key: str, value: Any, who: str = "ann", **more: Any) -> Any:
    sent = {"m__field": key, key: value, "version": str(firm.version(id_)), **more}
    return firm.post(f"/crm/deal/{id_}/cell?view=all", sent, who, part=True)


def trigger(answer: Any, name: str) -> Any:
    return json.loads(answer.headers["HX-Trigger"])[name]


def test_a_cell_is_saved_with_its_version_and_taken_back(firm: Sales) -> None:
    deal = firm.deal("装盒线", amount="100")
    answer = edit(firm, deal, "amount", "12.5万")
    assert answer.status_code == 200
    assert f'hx-target="#row-{deal}"' in answer.text and "¥125,000" in answer.text and 'data-version="2"' in answer.text
    undone = firm.post("/crm/deal/undo?view=all", {"change_set": trigger(answer, "m:edited")["change_set"]}, part=True)
    assert undone.status_code == 200 and "¥100" in undone.text
    assert firm.value("deal", deal, "amount") == 100
    foreign = edit(firm, deal, "amount", "1")
    other = firm.post("/crm/deal/undo?view=all", {"change_set": trigger(foreign, "m:edited")["change_set"]}, "bob")
    assert other.status_code == 404 and firm.value("deal", deal, "amount") == 1


def test_a_refused_cell_says_why_and_a_stale_one_shows_both(firm: Sales) -> None:
    deal = firm.deal("装盒线", amount="100")
    refused = edit(firm, deal, "amount", "viel")
    assert refused.status_code == 422 and refused.headers["HX-Reswap"] == "none"
    assert "data-message" in refused.text and firm.value("deal", deal, "amount") == 100
    assert edit(firm, deal, "name", "").status_code == 422
    lost = edit(firm, deal, "stage", "lost")
    assert lost.status_code == 422 and "输单原因" in words(lost.text)
    edit(firm, deal, "amount", "200", "hal")
    late = edit(firm, deal, "amount", "300", version="1")
    assert late.status_code == 409 and "¥200" in late.text and 'data-version="2"' in late.text
    assert edit(firm, deal, "amount", "300", version="2").status_code == 200


def test_a_cell_one_may_not_change_is_refused_like_one_that_is_not_there(firm: Sales) -> None:
    deal = firm.deal("装盒线", "ann")
    assert "data-edited" in firm.get("/crm/deal?view=all").text
    assert "data-cells=" not in firm.get("/crm/deal?view=all", "aud").text
    for key in ("cost", "nosuch"):
        assert edit(firm, deal, key, "1").status_code == 422
    assert edit(firm, deal, "amount", "1", "bob").status_code == 404
    assert edit(firm, deal, "amount", "1", "aud").status_code == 403
    editors = firm.get("/crm/deal/editors?view=all", part=True).text
    assert set(re.findall(r'data-editor="(\w+)"', editors)) == {
        "name",
        "account",
        "stage",
        "amount",
        "close_date",
        "owner",
    }
    owner = edit(firm, deal, "owner", str(firm.world.people["bob"]))
    assert owner.status_code == 200 and f'hx-target="#row-{deal}" hx-swap="delete"' in owner.text


def test_a_paste_is_judged_as_a_whole(firm: Sales) -> None:
    firm.account("禾穗食品")
    a, b = firm.deal("a", amount="1"), firm.deal("b", amount="2")

    def paste(*rows: list[Any]) -> Any:
        return firm.post("/crm/deal/cells?view=all", {"cells": json.dumps(rows)}, part=True)

    bad = paste([a, 1, {"amount": "5万"}], [b, 1, {"amount": "x", "stage": "nosuch"}])
    assert bad.status_code == 422 and {(i, k) for i, k, _ in trigger(bad, "m:refused")["cells"]} == {
        (b, "amount"),
        (b, "stage"),
    }
    assert firm.value("deal", a, "amount") == 1
    good = paste(
        [a, 1, {"amount": "¥1,234.50", "stage": "报价", "close_date": "2031-02-03", "tags": "重点、老客户"}],
        [b, 1, {"amount": "", "account": "禾穗食品", "tags": "key|old"}],
    )
    assert good.status_code == 200, good.headers.get("HX-Trigger")
    assert [str(firm.value("deal", a, k)) for k in ("amount", "stage", "close_date")] == [
        "1234.50",
        "quote",
        "2031-02-03",
    ]
    assert firm.value("deal", b, "amount") is None and firm.value("deal", b, "tags") == ("key", "old")
    undo = trigger(good, "toast")["undo"]
    assert firm.post(undo["url"], undo["values"], part=True).status_code == 200
    assert firm.value("deal", a, "amount") == 1 and firm.value("deal", b, "account") is None
    for hostile in ("", "[[1]]", "5", '[["x", 1, {}]]', '{"a": 1}'):
        assert firm.post("/crm/deal/cells?view=all", {"cells": hostile}).status_code == 422
    many = json.dumps([[a, None, {"amount": "1"}]] * 201)
    assert firm.post("/crm/deal/cells?view=all", {"cells": many}).status_code == 422


def test_a_few_picked_records_are_changed_at_once_with_what_could_not_be(firm: Sales) -> None:
    mine = [firm.deal(f"d{n}") for n in range(3)]
    other = firm.deal("x", "bob")
    ids = ",".join(map(str, [*mine, other]))
    answer = firm.post(
        "/crm/deal/bulk?view=all", {"do": "edit", "m__field": "amount", "amount": "7", "ids": ids}, part=True
    )
    assert answer.status_code == 200
    toast = trigger(answer, "toast")
    assert "已修改 3 条" in toast["text"] and "1 条未能修改：商机里没有这条记录" in toast["text"]
    assert [firm.value("deal", i, "amount") for i in mine] == [7, 7, 7] and firm.value("deal", other, "amount") is None
    firm.post(toast["undo"]["url"], toast["undo"]["values"], part=True)
    assert firm.value("deal", mine[0], "amount") is None
    for key in ("cost", "nosuch"):
        assert firm.post("/crm/deal/bulk", {"do": "edit", "m__field": key, key: "1", "ids": ids}).status_code == 422
    gone = firm.post("/crm/deal/bulk?view=all", {"do": "delete", "ids": str(mine[0])}, part=True)
    assert f'hx-target="#row-{mine[0]}" hx-swap="delete"' in gone.text


def test_all_records_of_a_filter_are_changed_by_a_job_that_can_be_taken_back(
    firm: Sales, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(70):
        firm.deal(f"d{n}", amount=str(n))
    firm.deal("x", "bob", amount="50")
    query = "view=all&w=amount:ge:20"
    assert firm.get(f"/crm/deal/picked?{query}").json == {"count": 50, "is_exact": True}
    sent = {"do": "edit", "m__field": "amount", "amount": "3", "all": "1"}
    answer = firm.post(f"/crm/deal/bulk?{query}", sent, part=True)
    url = re.search(r'hx-get="([^"]+/jobs/\d+)"', answer.text)
    assert url and answer.headers["HX-Retarget"] == "#job"
    assert "<progress" in firm.get(url[1], part=True).text
    assert firm.get(url[1], "bob").status_code == 404
    work.run_ready(firm.world.database)
    done = firm.get(url[1], part=True)
    assert "已修改 50 条" in trigger(done, "toast")["text"]
    assert firm.get("/crm/deal/picked?view=all&w=amount:eq:3").json["count"] == 51
    assert firm.get("/crm/deal/picked?view=all&w=amount:eq:50", "admin").json["count"] == 1  # bob's
    undo = trigger(done, "toast")["undo"]
    monkeypatch.setattr(bulk_jobs, "MOST_NOW", 49)  # so many are taken back behind the page
    later = trigger(firm.post(undo["url"], undo["values"], part=True), "m:job")["url"]
    work.run_ready(firm.world.database)
    assert "已撤销 50 处修改" in trigger(firm.get(later, part=True), "toast")["text"]
    assert firm.get(f"/crm/deal/picked?{query}").json["count"] == 50


def test_a_job_that_is_cancelled_keeps_what_it_did_and_names_it(firm: Sales) -> None:
    for n in range(30):
        firm.deal(f"d{n}")
    answer = firm.post("/crm/deal/bulk?view=all", {"do": "delete", "all": "1"}, "hal", part=True)
    url = re.search(r'hx-get="([^"]+/jobs/\d+)"', answer.text)
    assert url
    cancelled = firm.post(f"{url[1]}/cancel", {}, "hal", part=True)
    assert cancelled.status_code == 200 and "m:refetch" in cancelled.headers["HX-Trigger"]
    work.run_ready(firm.world.database)
    assert firm.get("/crm/deal/picked?view=all").json["count"] == 30


def test_a_cell_takes_few_statements(firm: Sales) -> None:
    deal = firm.deal("a", amount="1")
    edit(firm, deal, "amount", "2")
    firm.get("/")
    with firm.statements() as seen:
        edit(firm, deal, "amount", "3")
    assert len([s for s in seen if "FROM crm__deal" in s or "UPDATE crm__deal" in s]) <= 8, seen


def test_a_paste_beyond_the_last_row_makes_records_once_and_is_taken_back_as_a_whole(firm: Sales) -> None:
    deal = firm.deal("装盒线", amount="100")
    client = "0190f6f0-0000-7000-8000-00000000000{}".format

    def paste(new: list[Any], version: int, who: str = "ann") -> Any:
        sent = {"cells": json.dumps([[deal, version, {"amount": "5万"}]]), "new": json.dumps(new), "start": "1"}
        return firm.post("/crm/deal/cells?view=all&sort=name", sent, who, part=True)

    stage = {"stage": "初步接触"}
    wrong = paste([[client(1), {"amount": "1", **stage}], [client(2), {"name": "二", "amount": "viel", **stage}]], 1)
    assert wrong.status_code == 422 and "新的第 2 行" in trigger(wrong, "m:error")["message"]
    assert "新的第 1 行：商机名称" in trigger(wrong, "m:error")["message"]
    assert firm.value("deal", deal, "amount") == 100 and len(rows_of(firm)) == 1, "half a paste is none"
    good = [[client(1), {"name": "一", "amount": "1", **stage}], [client(2), {"name": "二", "amount": "", **stage}]]
    done = paste(good, 1)
    assert done.status_code == 200 and trigger(done, "toast")["text"] == "已修改 1 条、新建 2 条"
    made = re.findall(r'<tr id="row-(\d+)"[^>]*>\s*<td[^>]*>(\d+)<', done.text)
    assert [number for _, number in made][1:] == ["2", "3"] and len(rows_of(firm)) == 3
    again = paste(good, 1)  # its answer was lost
    assert again.status_code == 200 and len(rows_of(firm)) == 3 and firm.version(deal) == 2
    stale = firm.post(
        "/crm/deal/cells?view=all", {"cells": json.dumps([[deal, 1, {"amount": "6万"}]])}, "ann", part=True
    )
    assert stale.status_code == 422, "another value over what somebody else has saved is not the same paste"
    firm.post("/crm/deal/undo?view=all", {"change_set": trigger(done, "m:edited")["change_set"]}, part=True)
    assert len(rows_of(firm)) == 1 and firm.value("deal", deal, "amount") == 100
    assert paste([[client(3), {"name": "三", **stage}]], 3, "aud").status_code == 403
    assert "data-creates" not in firm.get("/crm/deal?view=all", "aud").text


def rows_of(firm: Sales) -> list[str]:
    return re.findall(r'<tr id="row-(\d+)"', firm.get("/crm/deal?view=all&sort=name").text)
