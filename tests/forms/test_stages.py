"""What a stage asks of whoever moves into it, through every door: room, fields, moves, and the moment it was entered."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.world import CRM, World
from webapp import clock
from webapp.engines.forms import bulk, records, select, undo
from webapp.engines.forms.around import history
from webapp.engines.forms.board import stages
from webapp.engines.forms.record import Query
from webapp.errors import Conflict, Invalid
from webapp.journal import changesets

RULES = CRM.replace(
    "      stage:\n        kind: stage\n",
    "      entered_at: {kind: datetime, label: {en: In stage since, zh: 进入阶段}}\n"
    "      stage:\n        kind: stage\n        entered: entered_at\n",
).replace("zh: 报价}, probability: 50}", "zh: 报价}, probability: 50, limit: 2, over_limit: refuse, max_days: 10}")
MONDAY = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture
def ruled(world: World) -> World:
    world.apply(RULES)
    return world


def create(world: World, who: str = "ann", **values: Any) -> int:
    with world.database.write() as unit:
        return records.create(unit, world.actor(who), world.form("crm.deal"), {"name": "x", **values}).id


def update(world: World, id_: int, who: str = "ann", **values: Any) -> None:
    with world.database.write() as unit:
        records.update(unit, world.actor(who), world.form("crm.deal"), id_, values)


def value(world: World, id_: int, key: str) -> Any:
    with world.database.read() as unit:
        return records.get(unit, world.actor("admin"), world.form("crm.deal"), id_).values[key]


def codes(error: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(p.path, p.code) for p in error.value.problems]


def test_a_full_stage_refuses_whoever_comes_and_by_whatever_way(ruled: World) -> None:
    create(ruled, "bob", stage="quote")
    other = create(ruled, stage="quote")
    waiting = create(ruled, stage="contact")
    with pytest.raises(Invalid) as error:  # bob's counts, though ann does not see it
        update(ruled, waiting, stage="quote")
    assert codes(error) == [("stage", "stage_full")]
    assert "2" in error.value.problems[0].text("zh")
    with pytest.raises(Invalid) as error:
        create(ruled, stage="quote")
    assert codes(error) == [("stage", "stage_full")]
    update(ruled, other, name="stays where it is")
    update(ruled, other, stage="contact")
    update(ruled, waiting, stage="quote")


def test_an_import_fills_a_stage_up_and_refuses_the_rest(ruled: World) -> None:
    rows = [{"name": f"r{n}", "stage": "quote"} for n in range(4)]
    with ruled.database.write() as unit:
        form = ruled.form("crm.deal")
        got = bulk.create_many(unit, ruled.actor("admin"), form, rows, via="import")
        moved = bulk.update_many(unit, ruled.actor("admin"), form, [(got[0].id or 0, {"stage": "won"})], via="api")
    assert [one.outcome for one in got] == ["created", "created", "refused", "refused"]
    assert got[2].problems[0].code == "stage_full"
    assert [one.outcome for one in moved] == ["updated"]


def test_two_who_come_at_once_do_not_both_get_the_last_place(ruled: World) -> None:
    create(ruled, "bob", stage="quote")
    both = [create(ruled), create(ruled)]
    ready, ends = threading.Barrier(2), []

    def go(id_: int) -> None:
        ready.wait()
        try:
            update(ruled, id_, stage="quote")
            ends.append("in")
        except Invalid:
            ends.append("out")

    threads = [threading.Thread(target=go, args=(id_,)) for id_ in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["in", "out"]


def test_the_moment_of_entering_is_kept_and_an_undo_gives_it_back(ruled: World) -> None:
    with clock.stopped(MONDAY):
        deal = create(ruled, stage="contact")
    with clock.stopped(MONDAY + timedelta(days=3)):
        update(ruled, deal, name="no move")
        assert value(ruled, deal, "entered_at") == MONDAY
        with ruled.database.write() as unit:
            ann, form = ruled.actor("ann"), ruled.form("crm.deal")
            made = changesets.open(unit, "bulk", "move", ann.member)
            records.update(unit, ann, form, deal, {"stage": "quote"}, change_set=made)
            changesets.close(unit, made)
        assert value(ruled, deal, "entered_at") == MONDAY + timedelta(days=3)
        assert undo.undo(ruled.database, ruled.actor("ann"), made).undone == 1
    assert (value(ruled, deal, "stage"), value(ruled, deal, "entered_at")) == ("contact", MONDAY)
    with clock.stopped(MONDAY), ruled.database.write() as unit:
        rows = [{"name": "a", "stage": "won"}, {"name": "b", "stage": "won", "entered_at": MONDAY - timedelta(days=9)}]
        got = bulk.create_many(unit, ruled.actor("admin"), ruled.form("crm.deal"), rows, via="import")
    assert value(ruled, got[0].id or 0, "entered_at") == MONDAY
    assert value(ruled, got[1].id or 0, "entered_at") == MONDAY - timedelta(days=9)


def last_event(world: World, id_: int) -> int:
    with world.database.read() as unit:
        return history.last_event(unit, world.form("crm.deal"), id_) or 0


def take_back(world: World, id_: int, event: int, who: str = "ann") -> undo.Undone:
    with world.database.write() as unit:
        return undo.of_record(unit, world.actor(who), world.form("crm.deal"), id_, [event])


def test_only_ones_own_fresh_move_goes_back_past_the_rules_of_the_stages(ruled: World) -> None:
    with clock.stopped(MONDAY):
        deal = create(ruled, stage="quote")
        update(ruled, deal, stage="won")
        moved = last_event(ruled, deal)
        create(ruled, "bob", stage="quote")
        create(ruled, "bob", stage="quote")
        binned = create(ruled, "admin", stage="contact")
    full = "“Quote” holds 2 records and is full."
    with clock.stopped(MONDAY + timedelta(minutes=9)):
        assert [str(reason) for _, _, reason in take_back(ruled, deal, moved, "hal").left] == [full], "another's move"
        assert take_back(ruled, deal, moved).undone == 1, "her own, a moment ago"
        back = last_event(ruled, deal)
    with clock.stopped(MONDAY + timedelta(minutes=30)):
        assert take_back(ruled, deal, back).undone == 1, "to the won deal, which no rule forbids"
        again = last_event(ruled, deal)
    with clock.stopped(MONDAY + timedelta(hours=2)):
        done = take_back(ruled, deal, again)
        assert (done.undone, [str(reason) for _, _, reason in done.left]) == (0, [full]), "long ago"
        assert value(ruled, deal, "stage") == "won"
        with ruled.database.write() as unit:
            admin, form = ruled.actor("admin"), ruled.form("crm.deal")
            kept = next(r.id for r in select.select(unit, admin, form, Query(where=("stage = 'quote'",))).records)
            records.delete(unit, admin, form, kept)
        update(ruled, binned, "admin", stage="quote")
        with pytest.raises(Conflict, match="is full"), ruled.database.write() as unit:
            records.restore(unit, admin, form, kept)  # nor does the bin lead past a limit


def test_a_change_set_taken_back_late_keeps_to_the_rules(ruled: World) -> None:
    with clock.stopped(MONDAY), ruled.database.write() as unit:
        ann, form = ruled.actor("ann"), ruled.form("crm.deal")
        made = changesets.open(unit, "bulk", "move", ann.member)
        deal = records.create(unit, ann, form, {"name": "x", "stage": "quote"}, change_set=made).id
        records.update(unit, ann, form, deal, {"stage": "won"}, change_set=made)
        changesets.close(unit, made)
        for _ in range(2):
            records.create(unit, ann, form, {"name": "y", "stage": "quote"})
    with clock.stopped(MONDAY + timedelta(days=8)):
        done = undo.undo(ruled.database, ruled.actor("ann"), made)
    said = [reason.text("zh") for _, _, reason in done.left]
    assert done.undone == 0 and len(said) == 2
    assert "2" in said[0] and said[1] == "你的角色不能删除它。", "a rep deletes no deal, long after it was made"


def test_what_a_change_held_beside_is_not_told_when_it_is_taken_back(ruled: World) -> None:
    deal = create(ruled)
    update(ruled, deal, "admin", amount="5", cost="7")
    event = last_event(ruled, deal)
    update(ruled, deal, "admin", cost="8")
    done = take_back(ruled, deal, event)
    assert (done.undone, done.left) == (1, [])
    assert (value(ruled, deal, "amount"), str(value(ruled, deal, "cost"))) == (None, "8.00")
    update(ruled, deal, "admin", cost="9")
    done = take_back(ruled, deal, last_event(ruled, deal))
    assert (done.undone, done.left) == (0, []), "a change of nothing she sees"


def test_days_in_a_stage_are_close_or_late_by_its_limit(ruled: World) -> None:
    field = ruled.form("crm.deal").fields["stage"]
    today = MONDAY.date()

    def age(days: int, stage: str = "quote") -> Any:
        return stages.age(field, stage, MONDAY - timedelta(days=days), today, "Asia/Shanghai")

    assert [age(n) for n in (0, 7, 8, 10, 11)] == [(0, ""), (7, ""), (8, "close"), (10, "close"), (11, "late")]
    assert age(99, "contact") == (99, "")
    assert age(9, "won") is None and stages.age(field, "quote", None, today, "Asia/Shanghai") is None


def test_a_wrong_name_in_a_stage_is_said_with_the_nearest_good_one(world: World) -> None:
    def said(document: str) -> list[tuple[str, str, str | None]]:
        with pytest.raises(Invalid) as error:
            world.apply(document)
        return [(p.path.removeprefix("forms.deal.fields."), p.code, p.near) for p in error.value.problems]

    assert said(RULES.replace("max_days: 10}", "moves: [wno]}")) == [
        ("stage.options[1].moves[0]", "unknown_stage", "won")
    ]
    assert said(RULES.replace("max_days: 10}", "required: [amuont]}"))[0][2] == "amount"
    assert said(RULES.replace("entered: entered_at", "entered: amount"))[0][0] == "stage.entered"
    assert said(RULES.replace("refuse, max", "refuce, max"))[0][0] == "stage.options[1].over_limit"
