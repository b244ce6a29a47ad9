"""Counts and sums of a board's columns read an index and nothing else, under every scope that a role has."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.bench import fill
from webapp.db import Database


@pytest.mark.parametrize("scope", ["", " AND owner = 2"])
def test_sums_of_a_board_on_sqlite_touch_no_row(sqlite_database: Database, scope: str) -> None:
    fill.fill(sqlite_database, 300, companies=5)
    statement = f"SELECT stage, sum(amount), count(*) FROM bench__deal WHERE deleted_at IS NULL{scope} GROUP BY stage"
    with sqlite_database.read() as unit:
        plan = " ".join(row[3] for row in unit.execute(sa.text("EXPLAIN QUERY PLAN " + statement)))
    assert "COVERING INDEX" in plan
