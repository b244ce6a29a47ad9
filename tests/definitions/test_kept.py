"""What is kept for many people stays within its bound, and is theirs."""

from __future__ import annotations

import random
import threading

import pytest

from tests.definitions.small import document, people, publish
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Database
from webapp.definitions import versions
from webapp.definitions.kept import Kept
from webapp.engines.forms import records, select
from webapp.engines.forms.aggregate import aggregate
from webapp.engines.forms.record import Query
from webapp.errors import NotFound


def test_what_nobody_has_asked_for_the_longest_goes_first() -> None:
    kept = Kept(2)
    assert [kept.get(key, lambda key=key: key.upper()) for key in ("a", "b", "a", "c")] == ["A", "B", "A", "C"]
    assert ("a" in kept, "b" in kept, "c" in kept, len(kept)) == (True, False, True, 2)


def test_what_is_kept_is_made_once_and_what_failed_is_not_kept() -> None:
    kept = Kept(2)
    made: list[int] = []

    def make() -> int:
        made.append(1)
        if len(made) == 1:
            raise ValueError("not yet")
        return 7

    with pytest.raises(ValueError, match="not yet"):
        kept.get("a", make)
    assert [kept.get("a", make) for _ in range(3)] == [7, 7, 7]
    assert len(made) == 2


def test_threads_that_ask_at_once_each_get_their_own() -> None:
    kept = Kept(5)
    wrong: list[object] = []

    def ask(seed: int) -> None:
        chooser = random.Random(seed)
        try:
            for _ in range(2000):
                key = chooser.randrange(12)
                if kept.get(key, lambda key=key: key * 2) != key * 2:
                    wrong.append(key)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, len(kept)) == ([], 5)


def test_a_firm_of_many_members_keeps_few_statements_and_each_sees_his_own(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((select, "KEPT_RECORDS"), (select, "KEPT_LISTS"), (policy, "KEPT")):
        monkeypatch.setattr(module, name, 3)
    monkeypatch.setattr("webapp.engines.forms.aggregate.KEPT", 3)
    reps = [Actor(100 + n, f"Rep{n}", roles=frozenset({"crm.rep", f"crm.r{n}"})) for n in range(8)]
    publish(database, document())
    with database.write() as unit:
        people(unit, *reps)
        deal = versions.current(unit).form("crm.deal")
        ids = [records.create(unit, rep, deal, {"name": rep.name}, via="ui").id for rep in reps]
    with database.read() as unit:
        definitions = versions.current(unit)
        deal = definitions.form("crm.deal")
        for _ in range(2):
            for rep, id_ in zip(reps, ids, strict=True):
                assert select.get(unit, rep, deal, id_).values["name"] == rep.name
                assert [r.id for r in select.select(unit, rep, deal, Query()).records] == [id_]
                assert aggregate(unit, rep, deal)[0].measures == [1]
                with pytest.raises(NotFound):
                    select.get(unit, rep, deal, ids[0] if rep is not reps[0] else ids[1])
        for what in ("records", "lists", "aggregates", "fields", "rights"):
            assert len(definitions.kept(what, 3)) == 3
