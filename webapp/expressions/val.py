"""A value in SQL that knows its type and its bounds, and the limits that both databases keep alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from webapp.expressions.types import Type

LIMIT = 10**18  # units: with two decimals ten thousand million million
FIELD_BOUND = 10**15  # units of what a field can hold: 15 digits
INT64 = 2**63 - 1
MAX_SCALE = 6
MAX_TEXT = 10_000
LONGEST_NUMBER = 60  # characters of a text that is read as a number
MAX_HEIGHT = 24  # of SQL nested in one step
#: Characters of a number that are also written at full width, and the sign for minus.
WIDE = dict(zip("０１２３４５６７８９．＋－−", "0123456789.+--", strict=True))
FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
LAST_DAY_NUMBER = (LAST_DAY - FIRST_DAY).days
_MISSING: Any = object()
SQL = sa.ColumnElement[Any]


@dataclass(frozen=True, eq=False)
class Val:
    """A value in SQL.

    bound    of a number or duration: its units are below this
    filled   it is never NULL
    atom     it may be written again at no cost: a column, a parameter, a literal
    literal  its Python value if it is one
    folded   of a text: how it folds, if that is not just ASCII letters made small
    height   how deeply its SQL nests
    plain    PostgreSQL: a bigint column as it is, for comparisons that an index can serve
    """

    sql: SQL
    type: Type
    bound: int = FIELD_BOUND
    filled: bool = False
    atom: bool = False
    literal: Any = _MISSING
    folded: Callable[[], SQL] | None = None
    height: int = 1
    plain: SQL | None = None

    @property
    def is_literal(self) -> bool:
        return self.literal is not _MISSING

    @property
    def scale(self) -> int:
        return self.type.scale


def power_scale(scale: int, n: Any) -> int:
    """The decimals of a number with `scale` to the `n`, which is None where only the row knows it."""
    return MAX_SCALE if n is None else min(MAX_SCALE, scale * max(0, int(n)))
