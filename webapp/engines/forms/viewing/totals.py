"""What stands below a grid: how many records, and sums, averages or limits of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from webapp.definitions.model import Field
from webapp.engines.forms import aggregate, formats, select
from webapp.engines.forms.display import is_amount
from webapp.engines.forms.record import AggregateRow
from webapp.engines.forms.viewing import arranged
from webapp.engines.forms.viewing.views import Asked, Scope, query
from webapp.i18n import N_

#: What a view may ask of a column → the measure in the language, and the word before its value.
MEASURES = {
    "sum": ("sum({})", None),
    "average": ("avg({})", N_("Average")),
    "min": ("min({})", N_("Least")),
    "max": ("max({})", N_("Most")),
    "count": ("count(where {} is not empty)", N_("Filled")),
}


@dataclass(frozen=True)
class Total:
    """One value below a column: `text` as the cells above it, `exact` where that leaves something out, `short` where
    room is scarce."""

    text: str
    word: str = ""
    exact: str = ""
    short: str = ""


@dataclass(frozen=True)
class Totals:
    """How many records (`is_more`: at least so many), and what stands below the columns, by their keys."""

    count: int
    is_more: bool
    columns: Mapping[str, Total]


def totals(at: Scope, asked: Asked) -> Totals:
    """Count (capped) and what the view asks of its columns, else sums of the amounts; only where the count is exact."""
    asked = replace(asked, after=None)
    count, is_ = select.count(at.unit, at.actor, at.form, query(at, asked, fields=("id",)))
    if is_ != "exact" or not count:
        return Totals(count, is_ != "exact", {})
    asks = wanted(at, asked)
    if not asks:
        return Totals(count, False, {})
    found = measured(at, asked, [], [MEASURES[how][0].format(key) for key, how in asks.items()])
    values = found[0].measures if found else [None] * len(asks)
    said = {k: shown(at, k, how, v) for (k, how), v in zip(asks.items(), values, strict=True)}
    return Totals(count, False, {k: total for k, total in said.items() if total is not None})


def wanted(at: Scope, asked: Asked) -> dict[str, str]:
    """Column → what is asked of it: the view's own setting, else the sum of every amount."""
    keys = [k for k in arranged.column_keys(at, asked) if k in at.form.names and at.may_ask(k)]
    chosen = arranged.totals(at, asked)
    if chosen is not None:
        return {k: chosen[k] for k in keys if k in chosen and fits(at.form.names[k], chosen[k])}
    return {k: "sum" for k in keys if is_amount(at.form.names[k])}


def fits(found: Field, how: str) -> bool:
    if how == "count":
        return found.type.name not in ("choices", "records", "files")
    if how in ("min", "max") and found.type.name in ("date", "datetime"):
        return True
    return found.type.name in ("number", "duration")


def shown(at: Scope, key: str, how: str, value: Any) -> Total | None:
    """None for nothing and for a sum of nothing: a line of noughts says nothing."""
    if value is None or (how == "sum" and not value):
        return None
    found, name = at.form.names[key], MEASURES[how][1]
    word = name.text(at.locale) if name is not None else ""
    if how == "count":
        return Total(f"{value:,}", word)
    if is_amount(found):
        whole = Decimal(value).quantize(Decimal(1), ROUND_HALF_UP)
        exact = found.kind.text(found, value, at.locale) if whole != value else ""
        return Total(found.kind.cell(found, whole, at.locale), word, exact, found.kind.short(found, whole, at.locale))
    if how == "average" and found.type.name == "number":
        shown = formats.number(value, 1).removesuffix(".0")
        return Total(shown + ("%" if found.kind_key == "percent" else ""), word)
    return Total(found.kind.cell(found, int(value) if found.type.name == "duration" else value, at.locale), word)


def measured(
    at: Scope,
    asked: Asked,
    group: list[str],
    measures: list[str],
    *,
    more: Sequence[str] = (),
    limit: int = 1000,
    sort: str | None = None,
) -> list[AggregateRow]:
    """Groups and measures over what the list asks for, with `more` conditions."""
    wanted_rows = query(at, replace(asked, after=None), *more)
    return aggregate.aggregate(
        at.unit,
        at.actor,
        at.form,
        group=group,
        measures=measures,
        where=wanted_rows.where,
        search_text=wanted_rows.search,
        sort=sort,
        limit=limit,
    )
