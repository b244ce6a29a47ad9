"""Lists, boards, counts and reverse lists of 100,000 records go by an index, for administrators and for reps.

What is judged are the plans of the statements the door really sends, not time: no walk over the whole table, no sort
of more than a person's own records.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from tests.definitions.small import KEEPER, document, people, publish
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import storage, versions
from webapp.definitions.model import Form
from webapp.engines.forms import aggregate
from webapp.engines.forms.select import Query, select

RECORDS = 100_000
OWN = 30
MOST_SORTED = 1000
REP = Actor(3, "Ann", roles=frozenset({"crm.rep"}), department=2)
HEAD = Actor(2, "Bo", roles=frozenset({"crm.head"}), department=2, departments_below=(2,), headed=(2,))

VIEWS: dict[str, Any] = {
    "all": {"kind": "grid", "columns": ["name", "account", "amount"], "sort": ["-amount"]},
    "mine": {
        "kind": "grid",
        "columns": ["name"],
        "filter": "owner = me() and stage.type = 'open'",
        "sort": ["due"],
    },
    "won": {"kind": "grid", "columns": ["name"], "filter": "stage = 'won' and amount > 5", "sort": ["-amount"]},
    "open": {"kind": "grid", "columns": ["name"], "filter": "stage in ('contact', 'quote')", "sort": ["name"]},
    "closing": {
        "kind": "grid",
        "columns": ["name"],
        "filter": "stage.type = 'open' and due >= today() and due < add_days(today(), 2)",
        "sort": ["due"],
    },
    "board": {"kind": "kanban", "by": "stage", "card": ["account"], "total": "amount", "sort": ["-amount"]},
    "by_name": {"kind": "kanban", "by": "stage", "card": ["account"], "sort": ["name"]},
    "fresh": {"kind": "grid", "columns": ["name"], "filter": "created_at >= today()", "sort": ["-created_at"]},
}


def app() -> dict[str, Any]:
    def change(made: dict[str, Any]) -> None:
        made["forms"]["deal"]["fields"]["due"] = {"kind": "date"}
        made["forms"]["deal"]["views"] = VIEWS
        made["roles"]["rep"]["forms"]["account"] = {"may": {"see": "own"}}
        made["roles"]["reader"] = {"forms": {"account": {"may": {"see": "own"}}, "deal": {"may": {"see": True}}}}
        made["roles"]["head"] = {
            "forms": {form: {"may": {"see": "department_and_below"}} for form in ("account", "deal")}
        }

    return document(change)


def fill(database: Database) -> None:
    """Records straight into the tables; Ann owns a few of them."""
    if database.is_sqlite:
        rows = f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {RECORDS}) SELECT"
        source, day = "FROM s", "date('2026-01-01', '+' || (n % 700) || ' days')"
        moment = "datetime('2026-01-01', '+' || n || ' minutes')"
    else:
        rows, source = "SELECT", f"FROM generate_series(1, {RECORDS}) s(n)"
        day, moment = "date '2026-01-01' + n % 700", "timestamptz '2026-01-01' + n * interval '1 minute'"
    owner = f"CASE WHEN n % {RECORDS // OWN} = 0 THEN 3 ELSE 100 + n % 900 END"
    department = "CASE WHEN n % 1000 = 0 THEN 2 ELSE 10 + n % 90 END"
    stage = "CASE n % 10 WHEN 0 THEN 'won' WHEN 1 THEN 'quote' ELSE 'contact' END"
    with database.write() as unit:
        people(unit)
        stamps = "created_at, updated_at, owner, owner_department"
        account = f"INSERT INTO crm__account ({stamps}, name, name__f, name__s)"
        unit.execute(
            sa.text(f"{account} {rows} {moment}, {moment}, {owner}, {department}, 'a'||n, 'a'||n, 'a'||n {source}")
        )
        deal = f"INSERT INTO crm__deal ({stamps}, name, name__f, name__s, account, amount, stage, due)"
        values = f"'d'||n, 'd'||n, 'd'||n, 1 + n % 20000, n % 9999, {stage}, {day}"
        unit.execute(sa.text(f"{deal} {rows} {moment}, {moment}, {owner}, {department}, {values} {source}"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    from tests.conftest import database_of

    with database_of(request, request.param, tmp_path_factory.mktemp("large")) as database:
        made = app()
        views = made["forms"]["deal"].pop("views")
        publish(database, made)
        fill(database)
        made["forms"]["deal"]["views"] = views
        publish(database, made)
        storage.get().finish(database)
        if not database.is_sqlite:
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM (ANALYZE)")  # as it does by itself after a while
        yield database


@contextmanager
def sent(unit: Unit) -> Iterator[list[tuple[str, Any]]]:
    """The statements that reach the database."""
    found: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        found.append((statement, parameters))

    sa.event.listen(unit.connection, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(unit.connection, "before_cursor_execute", note)


def plans(unit: Unit, act: Callable[[], Any]) -> str:
    """How the database goes about every statement of `act` over the form tables."""
    with sent(unit) as statements:
        act()
    text = []
    for statement, parameters in statements:
        if "crm__deal" in statement or "crm__account" in statement:
            explain = "EXPLAIN QUERY PLAN " if unit.dialect == "sqlite" else "EXPLAIN "
            rows = unit.connection.exec_driver_sql(explain + statement, parameters).all()
            text += [str(row[-1]) for row in rows]
    assert text
    return "\n".join(text)


def walks(plan: str) -> list[str]:
    """Lines that walk over a whole form table without an index."""
    return [
        line
        for line in plan.splitlines()
        if re.search(r"Seq Scan on crm__\w+", line) or (re.search(r"SCAN crm__\w+", line) and "INDEX" not in line)
    ]


def large_sorts(plan: str) -> list[str]:
    """Lines that sort more than a person's own records. SQLite does not say how many: there every sort counts."""
    found = []
    for line in plan.splitlines():
        rows = re.search(r"\bSort\b  \(cost=.* rows=(\d+)", line)
        if "TEMP B-TREE FOR ORDER BY" in line or (rows and int(rows[1]) > MOST_SORTED):
            found.append(line)
    return found


def of_view(form: Form, key: str) -> Query:
    view = form.views[key].settings
    where = (view["filter"],) if view.get("filter") else ()
    return Query(where=where, sort=tuple(view.get("sort") or ("-id",)))


def page(unit: Unit, actor: Actor, form: Form, query: Query) -> Callable[[], Any]:
    return lambda: select(unit, actor, form, query)


def second(unit: Unit, actor: Actor, form: Form, query: Query) -> Callable[[], Any]:
    """What asks for the page after the first."""
    import dataclasses

    after = select(unit, actor, form, query).next
    assert after is not None
    return page(unit, actor, form, dataclasses.replace(query, after=after))


LISTS = [key for key, view in VIEWS.items() if view["kind"] == "grid"]


@pytest.mark.parametrize("key", LISTS)
def test_every_list_of_an_administrator_goes_by_an_index(large: Database, key: str) -> None:
    with large.read() as unit:
        form = versions.current(unit).form("crm.deal")
        plan = plans(unit, page(unit, KEEPER, form, of_view(form, key)))
    assert not walks(plan), plan
    assert not large_sorts(plan), plan


@pytest.mark.parametrize("actor", [REP, HEAD], ids=["rep", "head"])
@pytest.mark.parametrize("key", LISTS)
def test_every_list_of_somebody_who_sees_few_goes_by_an_index(large: Database, key: str, actor: Actor) -> None:
    """Sorting what is his own is allowed: those are few."""
    with large.read() as unit:
        form = versions.current(unit).form("crm.deal")
        query = of_view(form, key)
        plan = plans(unit, page(unit, actor, form, query))
        counted = plans(unit, lambda: select(unit, actor, form, Query(where=query.where, count="capped", limit=1)))
    for found in (plan, counted):
        assert not walks(found), found
        assert re.search(r"owner|created_at|due", found), found


def test_the_page_after_the_first_goes_by_an_index(large: Database) -> None:
    with large.read() as unit:
        form = versions.current(unit).form("crm.deal")
        for key in ("all", "won"):
            plan = plans(unit, second(unit, KEEPER, form, of_view(form, key)))
            assert not walks(plan) and not large_sorts(plan), plan


def test_a_column_of_a_board_goes_by_an_index(large: Database) -> None:
    with large.read() as unit:
        form = versions.current(unit).form("crm.deal")
        for sort in ("-amount", "name"):
            query = Query(where=("stage = 'quote'",), sort=(sort,), limit=20)
            plan = plans(unit, page(unit, KEEPER, form, query))
            assert not walks(plan) and not large_sorts(plan), plan
            for actor in (REP, HEAD):
                assert not walks(plans(unit, page(unit, actor, form, query)))


def test_the_heads_of_a_board_read_an_index(large: Database) -> None:
    """An administrator's heads add up everything: there PostgreSQL may well read a narrow table as it stands."""
    with large.read() as unit:
        form = versions.current(unit).form("crm.deal")
        measures = ["count()", "sum(amount)"]
        for actor in (KEEPER, REP, HEAD):
            act = lambda: aggregate.aggregate(unit, actor, form, group=["stage"], measures=measures)  # noqa: B023, E731
            plan = plans(unit, act)
            if actor is KEEPER and not large.is_sqlite:
                with_index = unit.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
                with_index.close()
                assert "Index Only Scan" in plans(unit, act)
            else:
                assert not walks(plan), plan


def test_the_records_that_point_at_one_are_found_by_an_index(large: Database) -> None:
    with large.read() as unit:
        form = versions.current(unit).form("crm.deal")
        for actor in (KEEPER, REP, HEAD):
            query = Query(where=("account = 77",), limit=5, count="capped")
            plan = plans(unit, page(unit, actor, form, query))
            assert not walks(plan), plan


def test_an_auditor_of_deals_who_sees_few_accounts_finds_a_deal_by_its_account(large: Database) -> None:
    """The right to the account is asked beside the link, not instead of it."""
    reader = Actor(4, "Cy", roles=frozenset({"crm.reader"}))
    with large.read() as unit:
        form = versions.current(unit).form("crm.deal")
        plan = plans(unit, page(unit, reader, form, Query(where=("account = 77",), limit=5, count="capped")))
    assert not walks(plan), plan
    assert re.search(r"account=\?|account = '77'", plan), plan
