"""Transaction numbers over the whole life of the data, on PostgreSQL.

A server counts its transactions from its own beginning. Data brought to another server (a restored dump, an upgrade of
PostgreSQL by dump) may hold events with higher numbers than the new one gives, and readers in commit order would pass
over everything that happens from then on. So numbers are counted by `m__tx`, a function of the database that adds what
earlier servers have counted; it travels with the dump and is moved on when a start finds the numbers gone back.
"""

from __future__ import annotations

import sqlalchemy as sa

from webapp.db import Unit

_NEXT = "pg_snapshot_xmax(pg_current_snapshot())"


def ensure(unit: Unit) -> int | None:
    """Make or move on `m__tx` where it is needed, before anything is written; returns what it adds now if it changed.

    In one server's life no event has a number at or above the next one to be given.
    """
    if unit.dialect != "postgresql":
        return None
    is_there = unit.execute(sa.text("SELECT to_regprocedure('m__tx(xid8)') IS NOT NULL")).scalar_one()
    counted = f"m__tx({_NEXT})" if is_there else f"{_NEXT}::text::bigint"
    last, following, plain = unit.execute(
        sa.text(f"SELECT coalesce((SELECT max(tx) FROM m__event), 0), {counted}, {_NEXT}::text::bigint")  # noqa: S608
    ).one()
    if is_there and last < following:
        return None
    added = max(0, int(last) + 1 - int(plain))
    unit.execute(
        sa.text(
            "CREATE OR REPLACE FUNCTION m__tx(number xid8) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
            f" AS 'SELECT number::text::bigint + {added}'"
        )
    )
    return added
