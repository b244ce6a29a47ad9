"""A pool as a way out: who may take from it sees of its records what the form shows, and of nothing else anything."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.access.reference import LEVELS
from tests.access.ways import Case, refused, way
from webapp.access import policy
from webapp.engines.forms import aggregate, select
from webapp.engines.forms.days import pool
from webapp.engines.forms.finding import finder
from webapp.engines.forms.record import Masked, Query

SHOWN = {"name": "read", "stage": "read", "amount": "read", "loose": "read", "phone": "masked", "code": "masked"}


def may_take(case: Case) -> bool:
    said = case.reference.rights
    edits = any(said[role]["deal"]["may"]["edit"] is not False for role in case.person.roles if "deal" in said[role])
    writes = [case.reference.level(case.person, "deal", key) == "write" for key in ("loose", "owner")]
    return case.person.system == "keeper" or (edits and all(writes))


@way("pool")
def a_pool_shows_what_it_says_to_those_who_may_take(case: Case) -> None:
    form = case.forms["deal"]
    assert pool.may_take(case.unit, case.actor, form) is may_take(case)
    inside = pool.look(case.unit, case.actor, form)
    sees_all = policy.rows(case.unit, case.actor, form, "see", form.table) is None
    assert (inside is None) is (sees_all or not may_take(case))
    if inside is None:
        return
    looked = Case(case.unit, inside, case.person, case.reference, case.forms)
    expected = {r.id: r for r in case.reference.rows["deal"] if r.values["loose"] and not r.is_binned}
    found = {r.id: r for r in looked.select("deal")}
    assert set(found) == set(expected)
    for row in expected.values():
        _shows(case, found[row.id], row.values)
    assert refused(lambda: looked.select("account")), "the pool of one form opens no other"
    assert refused(lambda: looked.select("deal", where=("cost > 1",))), "nor what is not shown"
    assert refused(lambda: looked.select("deal", where=("account.name = 'x'",)))
    assert refused(lambda: looked.select("deal", sort=("code",)))
    assert refused(lambda: aggregate.aggregate(case.unit, inside, form, group=[], measures=["sum(cost)"]))
    (count,) = aggregate.aggregate(case.unit, inside, form, group=[], measures=["count()"])
    assert count.measures == [len(expected)]
    for row in list(expected.values())[:1]:
        page = select.select(case.unit, inside, form, Query(search=str(row.values["code"])))
        assert page.records == [], "what is masked is not searched"
    for action in ("create", "edit", "delete", "export"):
        assert not policy.may(case.unit, inside, form, action)
    assert not any(hit.href.startswith("/fuzz/account") for part in _found(case, inside) for hit in part.hits)


def _found(case: Case, actor: Any) -> Any:
    return finder.find(case.unit, actor, "name", "en") if hasattr(finder, "find") else ()


def _shows(case: Case, record: Any, values: dict[str, Any]) -> None:
    for key in case.forms["deal"].fields:
        level = min(SHOWN.get(key, "hidden"), case.reference.level(case.person, "deal", key), key=LEVELS.index)
        value = record.values.get(key)
        if level == "hidden":
            assert key not in record.values and key not in record.links, key
        elif level == "masked":
            assert value is None or (isinstance(value, Masked) and value.text != str(values.get(key))), key
        else:
            assert value == values[key] or (isinstance(value, Decimal) and value == values[key]), key
    assert "owner" not in record.values and "created_by" not in record.values, "nor whose it was"
