"""Steps: intermediate values of one row that later SQL uses by name.

A rounding or a division needs its operand twice. Writing it twice doubles the work at every level, and nesting derived
tables soon overflows SQLite's parser (its stack holds 100 symbols). So what is needed again, and what grew too tall,
becomes a named step of one flat chain: `(WITH s0 AS MATERIALIZED (SELECT … AS k0), s1 AS … SELECT … FROM s1)`, which
stays correlated to the row outside and is computed once.
"""

from __future__ import annotations

import itertools
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal


class Chain(sa.ColumnElement[Any]):
    """`result` over `steps`, a list of (name, expression); a later step may use the names of earlier ones."""

    __visit_name__ = "mortise_chain"
    _traverse_internals: Any = [  # noqa: RUF012 - SQLAlchemy reads it from the class
        ("names", InternalTraversal.dp_string_list),
        ("values", InternalTraversal.dp_clauseelement_list),
        ("result", InternalTraversal.dp_clauseelement),
        ("type", InternalTraversal.dp_type),
    ]

    def __init__(self, names: list[str], values: list[sa.ColumnElement[Any]], result: sa.ColumnElement[Any]) -> None:
        self.names = names
        self.values = values
        self.result = result
        self.type = result.type

    @property
    def _from_objects(self) -> list[Any]:
        return list(itertools.chain.from_iterable(e._from_objects for e in (*self.values, self.result)))

    def self_group(self, against: Any = None) -> Chain:
        return self  # brings its own brackets


@compiles(Chain)
def _write(chain: Chain, compiler: Any, **kw: Any) -> str:
    parts = []
    kw.pop("within_columns_clause", None)
    for index, (name, value) in enumerate(zip(chain.names, chain.values, strict=True)):
        before = f"{chain.names[index - 1]}__s" if index else ""
        carried, source = (f"{before}.*, ", f" FROM {before}") if index else ("", "")
        parts.append(f"{name}__s AS MATERIALIZED (SELECT {carried}{compiler.process(value, **kw)} AS {name}{source})")
    result = compiler.process(chain.result, **kw)
    return f"(WITH {', '.join(parts)} SELECT {result} FROM {chain.names[-1]}__s)"  # noqa: S608 - names are our own


class Loop(sa.ColumnElement[Any]):
    """`result` over the last row of a loop: `columns` begin as `starts` and become `nexts` while `going`.

    All but `starts` and `result` are SQL of our own over the names of the columns.
    """

    __visit_name__ = "mortise_loop"
    _traverse_internals: Any = [  # noqa: RUF012 - SQLAlchemy reads it from the class
        ("name", InternalTraversal.dp_string),
        ("columns", InternalTraversal.dp_string_list),
        ("starts", InternalTraversal.dp_clauseelement_list),
        ("nexts", InternalTraversal.dp_string_list),
        ("going", InternalTraversal.dp_string),
        ("done", InternalTraversal.dp_string),
        ("result", InternalTraversal.dp_clauseelement),
        ("type", InternalTraversal.dp_type),
    ]

    def __init__(
        self, name: str, columns: dict[str, tuple[Any, str]], going: str, done: str, result: sa.ColumnElement[Any]
    ) -> None:
        self.name, self.going, self.done, self.result = name, going, done, result
        self.columns = list(columns)
        self.starts = [start for start, _ in columns.values()]
        self.nexts = [following for _, following in columns.values()]
        self.type = result.type

    @property
    def _from_objects(self) -> list[Any]:
        return list(itertools.chain.from_iterable(e._from_objects for e in (*self.starts, self.result)))

    def self_group(self, against: Any = None) -> Loop:
        return self  # brings its own brackets


@compiles(Loop)
def _write_loop(loop: Loop, compiler: Any, **kw: Any) -> str:
    kw.pop("within_columns_clause", None)
    starts = ", ".join(compiler.process(start, **kw) for start in loop.starts)
    head = f"{loop.name}({', '.join(loop.columns)})"
    turn = f"SELECT {', '.join(loop.nexts)} FROM {loop.name} WHERE {loop.going}"  # noqa: S608 - our own names
    result = compiler.process(loop.result, **kw)
    return (
        f"(WITH RECURSIVE {head} AS (SELECT {starts} UNION ALL {turn}) "  # noqa: S608 - our own names
        f"SELECT {result} FROM {loop.name} WHERE {loop.done})"
    )


class Steps:
    """Collects the steps of one row context. Names are unique within one compilation."""

    def __init__(self, counter: itertools.count[int]) -> None:
        self._counter = counter
        self.names: list[str] = []
        self.values: list[sa.ColumnElement[Any]] = []

    def add(self, value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """A name for `value`."""
        name = f"m__k{next(self._counter)}"
        self.names.append(name)
        self.values.append(value)
        return sa.literal_column(name, value.type)

    def close(self, result: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """`result` together with the steps it needs."""
        return Chain(self.names, self.values, result) if self.names else result
