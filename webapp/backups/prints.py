"""Fingerprints of tables: how many rows, and a hash that does not depend on their order.

Each row is hashed for itself and the hashes are added up, so that nothing has to be sorted. On PostgreSQL a row is
the line that COPY writes, the very line that stands in a dump.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_MODULUS = 1 << 256
#: Called with the number of rows since the last call.
Counted = Callable[[int], None]
_EVERY = 5000


@dataclass(frozen=True)
class Print:
    rows: int
    hash: str

    def json(self) -> list[Any]:
        return [self.rows, self.hash]


def of_lines(lines: Iterable[bytes], counted: Counted = lambda _: None) -> Print:
    """The print of rows that are bytes already."""
    total, rows, sha256, number = 0, 0, hashlib.sha256, int.from_bytes
    for line in lines:
        total += number(sha256(line).digest(), "big")
        rows += 1
        if not rows % _EVERY:
            counted(_EVERY)
            total %= _MODULUS
    counted(rows % _EVERY)
    return Print(rows, f"{total % _MODULUS:064x}")


# --- SQLite -----------------------------------------------------------------------------------------------------


def sqlite_tables(connection: sqlite3.Connection) -> list[str]:
    """Real tables by name, those behind a search index and the counters of ids too."""
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    return [name for (name,) in connection.execute(query)]


def of_sqlite(connection: sqlite3.Connection, counted: Counted = lambda _: None) -> dict[str, Print]:
    """The prints of all tables of an open file; one state of it if the connection has a transaction open."""
    return {name: of_lines(_sqlite_lines(connection, name), counted) for name in sqlite_tables(connection)}


def _sqlite_lines(connection: sqlite3.Connection, table: str) -> Iterator[bytes]:
    encode = json.JSONEncoder(default=bytes.hex, separators=(",", ":")).encode
    name = table.replace('"', '""')
    for row in connection.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 (a name the database itself told)
        yield encode(row).encode()


# --- PostgreSQL -------------------------------------------------------------------------------------------------

#: Tables that hold rows: partitions, not what they are parts of.
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind = 'r' ORDER BY c.relname
"""


def postgres_tables(connection: Any, schema: str) -> list[str]:
    return [name for (name,) in connection.execute(_TABLES, (schema,)).fetchall()]


def of_postgres(connection: Any, schema: str, counted: Counted = lambda _: None) -> dict[str, Print]:
    """The prints of all tables of a schema, as this psycopg connection's transaction sees them."""
    from psycopg import sql

    prints = {}
    for name in postgres_tables(connection, schema):
        with (
            connection.cursor() as cursor,
            cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(schema, name))) as copy,
        ):
            prints[name] = of_lines((bytes(line) for line in copy), counted)
    return prints
