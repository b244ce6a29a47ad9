"""Ways out that several forms share: what hangs on a record, a workbench with its numbers, the bin, what was said."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.access.ways import Case, refused, way
from webapp.engines.forms import aggregate, binned, select
from webapp.engines.forms.around import audience, comments, related
from webapp.engines.forms.days import duties, overview
from webapp.engines.forms.viewing import views
from webapp.engines.forms.writing import attaching


def _ids(hrefs: list[str]) -> list[int]:
    return [int(href.rpartition("/")[2]) for href in hrefs]


def _may_read(case: Case, form: str, *keys: str) -> bool:
    return case.exists(form) and all(case.reference.level(case.person, form, k) in ("read", "write") for k in keys)


@way("related")
def what_hangs_on_a_record_is_what_one_may_see(case: Case) -> None:
    if not case.exists("account"):
        return
    at = views.scope(case.unit, case.actor, "fuzz", "account")
    for row in case.visible("account")[:5]:
        record = select.get(case.unit, case.actor, case.forms["account"], row.id)
        lists = related.lists(at, record)
        if not _may_read(case, "deal", "account"):
            assert lists == []
            continue
        (deals,) = lists
        expected = {d.id: d for d in case.visible("deal") if d.values["account"] == row.id}
        assert deals.total == len(expected)
        shown = _ids([r.href for r in deals.rows])
        assert set(shown) <= set(expected) and len(shown) == min(len(expected), related.SHOWN)
        for one, id_ in zip(deals.rows, shown, strict=True):
            _tells_nothing_hidden(case, "deal", expected[id_], repr(one))


def _tells_nothing_hidden(case: Case, form: str, row: Any, said: str) -> None:
    for key in ("name", "code", "phone"):
        value = row.values.get(key)
        if value and case.reference.level(case.person, form, key) not in ("read", "write"):
            assert str(value) not in said, key


@way("numbers")
def numbers_of_a_workbench_are_over_visible_records_and_readable_fields(case: Case) -> None:
    if not case.exists("deal"):
        return
    form, visible = case.forms["deal"], case.visible("deal")
    asked = [aggregate.Asked(form, (f"sum({key})", "count()")) for key in ("amount", "cost")]
    for key, found in zip(("amount", "cost"), aggregate.together(case.unit, case.actor, asked), strict=True):
        if not _may_read(case, "deal", key):
            assert found is None, key
        else:
            assert found == [sum((r.values[key] or Decimal(0) for r in visible), Decimal(0)), len(visible)]


@way("duties")
def what_waits_is_what_one_may_see_and_ask_about(case: Case) -> None:
    for of_team in (False, True):
        found = duties.of(case.unit, case.actor, "en", of_team=of_team)
        if not _may_read(case, "deal", "stage", "owner", "created_at"):
            assert found.due == ()
            continue
        expected = {
            r.id: r
            for r in case.visible("deal")
            if r.values["stage"] != "won" and (of_team or r.owner == case.person.id)
        }
        assert found.total == len(expected)
        assert {d.id for d in found.due} <= set(expected)
        for one in found.due:
            _tells_nothing_hidden(case, "deal", expected[one.id], repr((one.title, one.about, one.number)))


@way("mine")
def my_records_are_mine_and_visible(case: Case) -> None:
    for what in ("recent", "new"):
        for one in overview.mine(case.unit, case.actor, "en", what):
            form = one.href.split("/")[2]
            row = {r.id: r for r in case.visible(form)}[int(one.href.split("/")[3])]
            assert row.owner == case.person.id
            _tells_nothing_hidden(case, form, row, repr((one.title, one.face)))
    counts = overview.counts(case.unit, case.actor)
    assert counts == {f"fuzz.{name}": str(len(case.visible(name))) for name in case.forms if case.exists(name)}


@way("bin")
def the_bin_lists_what_one_may_bring_back(case: Case) -> None:
    if not case.exists("deal"):
        return
    at = views.scope(case.unit, case.actor, "fuzz", "deal")
    rows = {r.id: r for r in case.reference.reach(case.person, "deal", "delete") if r.is_binned}
    found = binned.listed(at).rows
    assert {one.id for one in found} == set(rows)
    for one in found:
        _tells_nothing_hidden(case, "deal", rows[one.id], repr(one.face))


@way("comments")
def comments_are_for_those_who_see_the_record(case: Case) -> None:
    form = case.forms["deal"]
    seen = {r.id for r in case.reference.reach(case.person, "deal", "see")}
    for row in case.reference.rows["deal"][:8]:
        assert audience.sees(case.unit, form, row.id, case.person.id) == (row.id in seen), row.id
        read = lambda row=row: comments.of_record(  # noqa: E731
            case.unit, select.get(case.unit, case.actor, form, row.id)
        )
        assert refused(read) is (row.id not in seen)


@way("files")
def a_file_is_opened_through_a_visible_record_and_a_readable_field_alone(case: Case) -> None:
    may_read = case.reference.level(case.person, "deal", "scan") in ("read", "write")
    seen = {row.id for row in case.reference.reach(case.person, "deal", "see")}
    for row in case.reference.rows["deal"]:
        for one in row.values["scan"] or ():
            ask = lambda one=one: attaching.find(case.unit, case.actor, one.id)  # noqa: E731
            if row.id in seen and may_read:
                assert ask().name == one.name
            else:
                assert refused(ask), row.id
