"""What the product does for a request, seen from outside: its statements, taken down, and its answer.

The statements are what the bare driver and the bare route are given to run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from tests.bench import fill
from tests.bench.firm import Firm
from webapp import create_app

LIST = {"filter": "stage = 'quote'", "sort": "-amount", "count": "capped", "limit": "50"}
CONTAINS = {"filter": "name contains '云禾'", "sort": "-amount", "count": "capped", "limit": "50"}
GRID = "/bench/deal?view=all&part=rows"
PAGE = "/bench/deal?view=all"
AGGREGATE = {"group": ["stage"], "measures": ["sum(amount)", "count()"]}
DEALS = "/api/v1/data/bench/deal"
#: Records whose stage is moved, where somebody may edit more than that.
MOVED = 2000


class Taken(list[tuple[str, Any]]):
    """Statements with their parameters as the driver gets them."""


@contextmanager
def watched(engine: sa.Engine) -> Iterator[Taken]:
    taken = Taken()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            taken.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield taken
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def values() -> dict[str, Any]:
    """A new deal as it is sent over the API."""
    import random

    made = fill.deal(random.Random(5), 0, 1000)
    return {
        k: format(v, "f") if isinstance(v, Decimal) else v.isoformat() if isinstance(v, date | datetime) else v
        for k, v in made.items()
    }


def of(firm: Firm) -> dict[str, Any]:
    """The script of the bare application for this firm, with every route by its name (`list-admin` …)."""
    app = create_app(firm.database.settings, firm.database)
    app.testing = True
    client = app.test_client(use_cookies=False)
    routes: dict[str, Any] = {}
    for who, token in firm.tokens.items():
        key = {"Authorization": f"Bearer {token}"}
        cookie = {"Cookie": f"mortise={firm.cookies[who]}"}

        def seen(way: str, method: str, path: str, _app: Any = app, **more: Any) -> dict[str, Any]:
            client.open(path, method=method, **more)  # what is made once is made now
            with watched(firm.database.engine) as taken:
                answer = client.open(path, method=method, **more)
            assert answer.status_code < 300, answer.get_data(as_text=True)
            return {"way": way, "statements": list(taken), "body": answer.get_data(True), "type": answer.mimetype}

        routes[f"list-{who}"] = seen("same", "GET", DEALS, query_string=LIST, headers=key)
        routes[f"contains-{who}"] = seen("same", "GET", DEALS, query_string=CONTAINS, headers=key)
        routes[f"grid-{who}"] = seen("rows", "GET", GRID, headers=cookie)
        routes[f"page-{who}"] = seen("rows", "GET", PAGE, headers=cookie)
        routes[f"record-{who}"] = seen("same", "GET", f"/bench/deal/{own(firm, who)[0]}", headers=cookie)
        routes[f"aggregate-{who}"] = seen("same", "POST", DEALS + "/aggregate", json=AGGREGATE, headers=key)
        routes[f"create-{who}"] = _create(seen("create", "POST", DEALS, json={"values": values()}, headers=key))
        ids = own(firm, who)
        id_ = json.loads(routes[f"create-{who}"]["body"])["id"]
        path, alternate = f"{DEALS}/{id_}", iter(("won", "lost"))
        client.patch(path, json={"values": {"stage": next(alternate)}}, headers=key)
        with watched(firm.database.engine) as taken:
            answer = client.patch(path, json={"values": {"stage": next(alternate)}}, headers=key)
        journal = [s for s in taken if s[0].startswith("INSERT INTO m__event")]
        routes[f"move-{who}"] = {
            "way": "move",
            "statements": journal,
            "record_at": _at(journal[0], "record"),
            "ids": ids,
            "now": "2026-11-23 02:00:00" if firm.kind == "sqlite" else "2026-11-23 02:00:00+00",
            "body": answer.get_data(True),
        }
    return {
        "url": firm.environment.get("MORTISE_DATABASE_URL") or firm.database.settings.database_url,
        "routes": routes,
    }


def own(firm: Firm, who: str) -> list[int]:
    """Records that are moved: some of all, or the rep's own."""
    with firm.database.read() as unit:
        text = "SELECT id FROM bench__deal WHERE owner = :owner AND deleted_at IS NULL ORDER BY id LIMIT 30"
        if who == "rep":
            return list(unit.execute(sa.text(text), {"owner": fill.REP_ID}).scalars())
        return list(unit.execute(sa.text("SELECT id FROM bench__deal ORDER BY id LIMIT :n"), {"n": MOVED}).scalars())


def _create(route: dict[str, Any]) -> dict[str, Any]:
    """Of all that a new record brings with it, its row and its journal row."""
    insert = next(s for s in route["statements"] if s[0].startswith("INSERT INTO bench__deal "))
    journal = next(s for s in route["statements"] if s[0].startswith("INSERT INTO m__event"))
    more = {"client_at": _at(insert, "m__client"), "record_at": _at(journal, "record")}
    return {**route, **more, "statements": [insert, journal]}


def _at(statement: tuple[str, Any], column: str) -> Any:
    """Where a column's value stands among the parameters: a place on SQLite, a name on PostgreSQL."""
    text, parameters = statement
    if isinstance(parameters, dict):
        found = re.search(r"%\((\w*" + column + r"\w*)\)s", text)
        assert found
        return found[1]
    columns = re.search(r"\(([^)]*)\)", text)
    assert columns
    return [c.strip(' "') for c in columns[1].split(",")].index(column)


def dumped(script: dict[str, Any]) -> str:
    def plain(value: Any) -> Any:
        value = getattr(value, "obj", value)  # psycopg wraps bytes
        return {"bytes": value.hex()} if isinstance(value, bytes) else str(value)

    return json.dumps(script, default=plain, ensure_ascii=False)
