"""Ways out of the data, each checked against a slow reference on random worlds (`test_rights_fuzz.py`).

Whatever lets records, values or numbers out registers here, or in a module named in `MODULES`:

    @way("list")
    def listing(case: Case) -> None: …assert that it shows what `case.reference` says and nothing else…

A way that nobody registered is a way that nobody checks: `test_every_known_way_out_is_checked` has the list.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.access.reference import Person, Reference, Row
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Form
from webapp.engines.forms import aggregate, converting, select
from webapp.engines.forms.around import history
from webapp.engines.forms.entering import known, pickers
from webapp.engines.forms.finding import tagging
from webapp.engines.forms.record import Masked, Query
from webapp.engines.forms.viewing import views
from webapp.errors import Denied, Invalid, MortiseError, NotFound

#: Modules elsewhere in the tests that register further ways.
MODULES: tuple[str, ...] = (
    "tests.access.ways_boards",
    "tests.access.ways_grid",
    "tests.access.ways_of_records",
    "tests.access.ways_of_pool",
    "tests.transfer.ways",
)

#: What must be registered; a new way out of the product adds its name here and its check anywhere.
EXPECTED = {
    "rows", "list", "count", "get", "filter", "path", "sort", "search", "aggregate", "group", "reverse", "history",
    "create", "tags", "convert", "known", "export", "import links", "import people", "import keys",
    "grid groups", "rows by id", "bulk walk", "shared view",
    "board", "board lanes", "board news",
    "related", "numbers", "duties", "mine", "bin", "comments",
    "owned", "described", "pool", "files",
}  # fmt: skip


@dataclass
class Case:
    """One person in one random world."""

    unit: Unit
    actor: Actor
    person: Person
    reference: Reference
    forms: dict[str, Form]

    def select(self, form: str, **query: Any) -> list[Any]:
        found: list[Any] = []
        after = None
        while True:
            page = select.select(self.unit, self.actor, self.forms[form], Query(limit=7, after=after, **query))
            found += page.records
            after = page.next
            if after is None:
                return found

    def visible(self, form: str) -> list[Row]:
        return self.reference.visible(self.person, form)

    def exists(self, form: str) -> bool:
        return self.reference.knows(self.person, form)


WAYS: dict[str, Callable[[Case], None]] = {}


def way(name: str) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    def register(check: Callable[[Case], None]) -> Callable[[Case], None]:
        assert name not in WAYS
        WAYS[name] = check
        return check

    return register


def load() -> dict[str, Callable[[Case], None]]:
    for module in MODULES:
        importlib.import_module(module)
    return WAYS


def refused(act: Callable[[], Any]) -> bool:
    try:
        act()
    except MortiseError:
        return True
    return False


@way("rows")
def every_action_reaches_what_the_reference_says(case: Case) -> None:
    import sqlalchemy as sa

    from webapp.access import policy

    for name, form in case.forms.items():
        for action in policy.ACTIONS:
            if action == "create":
                continue
            condition = policy.rows(case.unit, case.actor, form, action, form.table)
            statement = sa.select(form.table.c.id)
            got = set(case.unit.execute(statement if condition is None else statement.where(condition)).scalars())
            expected = {row.id for row in case.reference.reach(case.person, name, action)}
            assert got == expected, (name, action)


@way("list")
def a_list_shows_visible_records_and_readable_fields(case: Case) -> None:
    for name, form in case.forms.items():
        if not case.exists(name):
            with pytest.raises((NotFound, Denied)):  # denied where he may do something else with the form
                case.select(name)
            continue
        got = {record.id: record for record in case.select(name)}
        assert set(got) == {row.id for row in case.visible(name)}, name
        for row in case.visible(name):
            _values_fit(case, name, form, got[row.id], row)


def _values_fit(case: Case, name: str, form: Form, record: Any, row: Row) -> None:
    for key in form.fields:
        level = case.reference.level(case.person, name, key)
        if level == "hidden":
            assert key not in record.values and key not in record.links, key
        elif level == "masked":
            value = record.values.get(key)
            assert value is None or (isinstance(value, Masked) and value.text != str(row.values.get(key))), key
        elif key == "account" and not any(r.id == row.values[key] for r in case.visible("account")):
            assert record.values[key] is None or isinstance(record.values[key], Masked), "a link to a hidden account"
        elif key in row.values:
            assert record.values[key] == row.values[key], key
    if case.reference.level(case.person, "account", "name") not in ("read", "write") and "account" in record.links:
        assert record.links["account"].title in (None, ""), "the title of an account whose name is hidden"


@way("count")
def a_count_counts_visible_records(case: Case) -> None:
    for name in case.forms:
        if case.exists(name):
            page = select.select(case.unit, case.actor, case.forms[name], Query(limit=1, count="exact"))
            assert page.count == len(case.visible(name))


@way("get")
def a_record_outside_ones_reach_does_not_exist(case: Case) -> None:
    for name, form in case.forms.items():
        visible = {row.id for row in case.reference.reach(case.person, name, "see")}
        for row in case.reference.rows[name]:
            is_there = not refused(lambda row=row, form=form: select.get(case.unit, case.actor, form, row.id))
            assert is_there == (row.id in visible), (name, row.id)


@way("filter")
def a_filter_names_readable_fields_and_finds_visible_records(case: Case) -> None:
    if not case.exists("deal"):
        return
    for key, text, holds in (
        ("cost", "cost > 50", lambda v: v is not None and v > 50),
        ("amount", "amount <= 100", lambda v: v is not None and v <= 100),
        ("code", "code contains 'c1'", lambda v: v is not None and "c1" in v),
        ("stage", "stage != 'won'", lambda v: v != "won"),
    ):
        if case.reference.level(case.person, "deal", key) not in ("read", "write"):
            with pytest.raises(Invalid):
                case.select("deal", where=(text,))
            continue
        got = {record.id for record in case.select("deal", where=(text,))}
        assert got == {row.id for row in case.visible("deal") if holds(row.values[key])}, text


@way("path")
def a_path_ends_at_records_that_do_not_exist_for_one(case: Case) -> None:
    if not case.exists("deal"):
        return
    reads_link = case.reference.level(case.person, "deal", "account") in ("read", "write")
    reads_name = case.exists("account") and case.reference.level(case.person, "account", "name") in ("read", "write")
    for account in case.reference.rows["account"][:6]:
        query = (f"account.name = '{account.values['name']}'",)
        if not (reads_link and reads_name):
            with pytest.raises(Invalid):
                case.select("deal", where=query)
            continue
        got = {record.id for record in case.select("deal", where=query)}
        is_visible = account.id in {row.id for row in case.visible("account")}
        expected = {row.id for row in case.visible("deal") if is_visible and row.values["account"] == account.id}
        assert got == expected


@way("sort")
def one_cannot_sort_by_what_one_may_not_read(case: Case) -> None:
    if not case.exists("deal"):
        return
    for key in ("cost", "code", "phone", "amount"):
        is_readable = case.reference.level(case.person, "deal", key) in ("read", "write")
        assert refused(lambda key=key: case.select("deal", sort=(key,))) is not is_readable, key
        if is_readable:
            assert {r.id for r in case.select("deal", sort=(f"-{key}",))} == {r.id for r in case.visible("deal")}


@way("search")
def search_finds_only_by_readable_fields_of_visible_records(case: Case) -> None:
    if not case.exists("deal"):
        return
    visible = {row.id for row in case.visible("deal")}
    for row in case.reference.rows["deal"][:12]:
        for key in ("name", "code"):
            is_readable = case.reference.level(case.person, "deal", key) in ("read", "write")
            got = {record.id for record in case.select("deal", search=row.values[key])}
            assert got <= visible
            assert (row.id in got) == (row.id in visible and is_readable), (key, row.values[key])


@way("aggregate")
def sums_are_over_visible_records_and_readable_fields(case: Case) -> None:
    if not case.exists("deal"):
        return
    form, visible = case.forms["deal"], case.visible("deal")
    (row,) = aggregate.aggregate(case.unit, case.actor, form, measures=["count()"])
    assert row.measures == [len(visible)]
    for key in ("amount", "cost"):
        ask = lambda key=key: aggregate.aggregate(case.unit, case.actor, form, measures=[f"sum({key})"])  # noqa: E731
        if case.reference.level(case.person, "deal", key) not in ("read", "write"):
            assert refused(ask), key
            continue
        assert ask()[0].measures == [sum((r.values[key] or Decimal(0) for r in visible), Decimal(0))]


@way("group")
def groups_are_made_of_visible_records_and_readable_fields(case: Case) -> None:
    if not case.exists("deal"):
        return
    form, visible = case.forms["deal"], case.visible("deal")
    level = lambda form, key: case.reference.level(case.person, form, key) in ("read", "write")  # noqa: E731
    seen = {row.id: row.values["name"] for row in case.visible("account")} if case.exists("account") else {}
    for text, may, value in (
        ("stage", level("deal", "stage"), lambda r: r.values["stage"]),
        ("code", level("deal", "code"), lambda r: r.values["code"]),
        (
            "account.name",
            level("deal", "account") and case.exists("account") and level("account", "name"),
            lambda r: seen.get(r.values["account"]),
        ),
    ):
        ask = lambda text=text: aggregate.aggregate(  # noqa: E731
            case.unit, case.actor, form, group=[text], measures=["count()"], limit=1000
        )
        if not may:
            assert refused(ask), text
            continue
        expected: dict[Any, int] = {}
        for row in visible:
            expected[value(row)] = expected.get(value(row), 0) + 1
        assert {row.group[0]: row.measures[0] for row in ask()} == expected, text


@way("reverse")
def lists_of_linked_records_count_only_visible_ones(case: Case) -> None:
    if not case.exists("account"):
        return
    may = case.exists("deal") and case.reference.level(case.person, "deal", "account") in ("read", "write")
    if not may:
        assert refused(lambda: case.select("account", where=("count(deals) >= 1",)))
        return
    linked = {row.values["account"] for row in case.visible("deal")}
    got = {record.id for record in case.select("account", where=("count(deals) >= 1",))}
    assert got == {row.id for row in case.visible("account") if row.id in linked}


@way("history")
def history_tells_readable_fields_of_visible_records(case: Case) -> None:
    form = case.forms["deal"]
    visible = {row.id for row in case.reference.reach(case.person, "deal", "see")}
    for row in case.reference.rows["deal"][:10]:
        if row.id not in visible:
            assert refused(lambda row=row: history.history(case.unit, case.actor, form, row.id))
            continue
        for entry in history.history(case.unit, case.actor, form, row.id):
            for key, values in entry.changes.items():
                if key in form.fields:
                    level = case.reference.level(case.person, "deal", key)
                    assert level != "hidden", key
                    if level == "masked":
                        assert all(value is None or isinstance(value, Masked) for value in values), key


@way("create")
def a_new_record_lies_inside_what_one_may_create(case: Case) -> None:
    from webapp.access import policy

    for row in case.reference.rows["deal"][:12]:
        values = {**row.values, "owner": row.owner, "owner_department": row.department}
        got = policy.may_create(case.unit, case.actor, case.forms["deal"], values)
        assert got == case.reference.may_create(case.person, "deal", row), values


@way("tags")
def tags_are_proposed_and_counted_from_visible_records(case: Case) -> None:
    if not case.exists("deal"):
        return
    at = views.scope(case.unit, case.actor, "fuzz", "deal")
    if case.reference.level(case.person, "deal", "labels") not in ("read", "write"):
        assert refused(lambda: tagging.field_of(at, "labels"))
        assert refused(lambda: pickers.choices(at, at.form.fields["labels"], ""))
        return
    expected: dict[str, int] = {}
    for row in case.visible("deal"):
        for label in row.values["labels"] or ():
            expected[label] = expected.get(label, 0) + 1
    field = tagging.field_of(at, "labels")
    assert {u.value: u.count for u in tagging.used(case.unit, case.actor, at.form, field)} == expected
    assert {c.title for c in pickers.choices(at, field, "t")} <= set(expected)


@way("known")
def what_is_known_while_typing_names_visible_records_only(case: Case) -> None:
    if not case.exists("deal"):
        return
    at = views.scope(case.unit, case.actor, "fuzz", "deal")
    if not at.may("create") or case.reference.level(case.person, "deal", "code") != "write":
        assert refused(lambda: known.told(at, "code", "c1"))
        return
    people = {person.name for person in case.reference.people}
    for name, key, rows in (
        ("deal", "code", case.reference.rows["deal"][:12]),
        ("account", "name", case.reference.rows["account"]),
    ):
        is_readable = case.exists(name) and case.reference.level(case.person, name, key) in ("read", "write")
        visible = {row.id for row in case.visible(name)} if is_readable else set()
        for row in rows:
            for one in known.told(at, "code", str(row.values[key])):
                if one.href is None:
                    assert one.title is None and (one.owner in people or not one.owner), one
                elif one.href.startswith(f"/fuzz/{name}/"):
                    assert int(one.href.rpartition("/")[2]) in visible, one
                    if case.reference.level(case.person, name, "name") not in ("read", "write"):
                        assert str(row.values["name"]) not in str(one.title)
                    assert case.reference.level(case.person, name, "owner") != "hidden" or not one.owner


@way("owned")
def how_much_somebody_owns_is_told_to_those_who_look_after_members(case: Case) -> None:
    from webapp.engines.forms.days import handover

    whose = case.reference.rows["deal"][0].owner or case.person.id
    if not case.actor.roles & {"keeper", "people"}:
        assert refused(lambda: handover.owned(case.unit, case.actor, whose))
        return
    got = {form.key: n for form, n in handover.owned(case.unit, case.actor, whose)}
    for name in case.forms:
        owned = [row for row in case.reference.rows[name] if row.owner == whose and not row.is_binned]
        assert got.get(name, 0) == len(owned), name


@way("described")
def the_description_of_the_api_names_readable_forms_and_fields(case: Case) -> None:
    from flask import Flask

    from webapp.blueprints.api import specification

    with Flask(__name__).test_request_context():
        from flask import g

        g.locale = "en"
        schemas = specification.described(case.unit, case.actor)["components"]["schemas"]
    for name in case.forms:
        found = schemas.get(case.forms[name].name)
        if found is None:
            assert not case.visible(name), name
            continue
        assert case.exists(name), name
        for key in found["properties"]["values"]["properties"]:
            assert key == "owner" or case.reference.level(case.person, name, key) != "hidden", (name, key)


@way("convert")
def a_conversion_finds_visible_records_and_takes_over_readable_fields(case: Case) -> None:
    form = case.forms["deal"]
    visible = {row.id: row for row in case.visible("account")} if case.exists("account") else {}
    reads = lambda name, key: case.reference.level(case.person, name, key) in ("read", "write")  # noqa: E731
    for row in case.reference.rows["deal"]:
        try:
            _, (into,) = converting.offer(case.unit, case.actor, form, row.id)
        except MortiseError:
            continue
        assert row.id in {r.id for r in case.reference.reach(case.person, "deal", "edit")}
        for record in into.found:
            same = [k for k in ("code", "partner") if visible[record.id].values[k] == into.values.get(k)]
            assert any(reads("account", k) for k in same), "found by what may not be read"
        for key, sources in (("name", ["name"]), ("code", ["code", "phone"]), ("partner", ["partner"])):
            taken = into.values.get(key)
            assert taken is None or taken in [row.values[k] for k in sources if reads("deal", k)], key
