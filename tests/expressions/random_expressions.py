"""Random well-typed expressions as text, and random records, drawn by hypothesis."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Draw = Any

_TEXTS = [
    "a",
    "Ab c",
    "ACME 公司",
    "ａｃｍｅ 公司",
    "ÄÖ straße",
    "don't",
    "100%_x",
    " é ",
    "漢字",
    "İi",
    "-",
    "公",
    "12.5",
    " -３．２５ ",
    "+.0000005",
    "999999999999.9999995",
    "1.2.3",
    "1e5",
]
_NUMBERS = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "10",
    "0.5",
    "0.000001",
    "12.34",
    "100",
    "999999.999999",
    "123456789012345",
    "-3",
    "-0.5",
    "1万",
]


def literal(draw: Draw, kind: str) -> str:
    if kind == "number":
        return draw(st.sampled_from(_NUMBERS))
    if kind == "whole":
        return draw(st.sampled_from(["0", "1", "2", "3", "-1", "12", "400", "-5000", "99999999999"]))
    if kind == "text":
        return "'" + draw(st.sampled_from(_TEXTS)).replace("'", "''") + "'"
    if kind == "boolean":
        return draw(st.sampled_from(["true", "false"]))
    if kind == "date":
        return draw(
            st.sampled_from(
                [
                    "date(2026, 2, 28)",
                    "date(2024, 2, 29)",
                    "date(1, 1, 1)",
                    "date(9999, 12, 31)",
                    "today()",
                    "date(2026, 12, 31)",
                ]
            )
        )
    if kind == "datetime":
        return draw(st.sampled_from(["now()", "created_at"]))
    if kind == "duration":
        return draw(st.sampled_from(["hours(1.5)", "minutes(-7)", "days(0.000001)", "effort"]))
    raise AssertionError(kind)


_FIELDS = {
    "number": [
        "amount",
        "cost",
        "rate",
        "quantity",
        "account.credit",
        "stage.probability",
        "formula_weighted",
        "account.parent.credit",
    ],
    "whole": ["quantity", "id * 0", "len(name)"],
    "text": [
        "name",
        "note",
        "account.name",
        "account.parent.name",
        "owner.name",
        "formula_title",
        "stage.type",
        "owner.department.name",
    ],
    "boolean": ["is_key", "owner.is_active"],
    "date": ["close_date", "start"],
    "datetime": ["created_at", "seen_at"],
    "duration": ["effort"],
}
_BY_KIND: dict[str, list[tuple[str, ...]]] = {
    "number": [
        ("({} + {})", "number", "number"), ("({} - {})", "number", "number"), ("({} * {})", "number", "number"),
        ("({} / {})", "number", "number"), ("-{}", "number"), ("round({}, 2)", "number"), ("round({}, -1)", "number"),
        ("round({})", "number"), ("floor({})", "number"), ("ceil({})", "number"), ("abs({})", "number"),
        ("sign({})", "number"), ("mod({}, {})", "number", "number"), ("power({}, {})", "number", "whole"),
        ("power({}, 3)", "number"), ("number({})", "text"), ("min({}, {})", "number", "number"),
        ("max({}, {}, {})", "number", "number", "number"), ("coalesce({}, {})", "number", "number"),
        ("if({}, {}, {})", "boolean", "number", "number"), ("case({}, {}, {}, {})", "boolean", "number", "boolean", "number"),
        ("len({})", "text"), ("find({}, {})", "text", "text"), ("year({})", "date"), ("week({})", "date"),
        ("weekday({})", "date"), ("quarter({})", "date"), ("month({})", "date"), ("day({})", "date"), ("hour({})", "datetime"),
        ("({} - {})", "date", "date"), ("days_between({}, {})", "date", "date"), ("hours_between({}, {})", "datetime", "datetime"),
        ("({} / {})", "duration", "duration"), ("sum(visits.cost)",), ("sum(visits.cost * rate)",), ("avg(visits.minutes)",),
        ("count(visits where minutes > 10)",), ("max(visits.cost where note contains 'a')",), ("sum(account.deals.amount)",),
        ("avg(account.deals.cost where stage = 'won' or is_key)",), ("sum(visits.minutes / quantity)",),
    ],
    "whole": [("round({})", "number"), ("year({})", "date"), ("len({})", "text"), ("if({}, {}, {})", "boolean", "whole", "whole")],
    "text": [
        ("({} & {})", "text", "text"), ("({} & {} & {})", "text", "number", "date"), ("upper({})", "text"), ("lower({})", "text"),
        ("trim({})", "text"), ("left({}, {})", "text", "whole"), ("right({}, {})", "text", "whole"),
        ("mid({}, {}, {})", "text", "whole", "whole"), ("replace({}, {}, {})", "text", "text", "text"), ("text({})", "number"),
        ("text({})", "datetime"), ("concat({}, {})", "text", "date"), ("coalesce({}, {})", "text", "text"),
        ("if({}, {}, {})", "boolean", "text", "text"), ("month_of({})", "date"), ("week_of({})", "date"), ("quarter_of({})", "date"),
        ("year_of({})", "date"), ("if({}, {}, empty)", "boolean", "text"),
    ],
    "boolean": [
        ("({} = {})", "number", "number"), ("({} > {})", "number", "number"), ("({} <= {})", "number", "number"),
        ("({} != {})", "number", "number"), ("({} = {})", "text", "text"), ("({} != {})", "text", "text"), ("({} < {})", "text", "text"),
        ("({} contains {})", "text", "text"), ("({} not contains {})", "text", "text"), ("({} starts with {})", "text", "text"),
        ("({} >= {})", "date", "date"), ("({} < {})", "datetime", "datetime"), ("({} > {})", "duration", "duration"),
        ("({} = {})", "datetime", "date"), ("({} and {})", "boolean", "boolean"), ("({} or {})", "boolean", "boolean"),
        ("not {}", "boolean"), ("({} = {})", "boolean", "boolean"), ("({} is empty)", "number"), ("({} is not empty)", "text"),
        ("({} is empty)", "date"), ("({} in ({}, {}))", "number", "number", "number"), ("({} not in ({}, {}))", "text", "text", "text"),
        ("({} between {} and {})", "number", "number", "number"), ("({} not between {} and {})", "date", "date", "date"),
        ("stage = 'won'",), ("stage in ('won', 'quote')",), ("stage != 'lost'",), ("tags contains 'vip'",), ("tags is empty",), ("contains(tags, 'vip', 'new')",),
        ("contains_any(tags, 'vip', 'old')",), ("not contains_any(account.tags, 'vip', 'new')",),
        ("contains({}, {}, {})", "text", "text", "text"), ("contains_any({}, {}, {})", "text", "text", "text"),
        ("account.tags contains 'new'",), ("account is empty",), ("owner = me()",), ("owner_department = my_department()",),
        ("account.industry = 'steel'",), ("any(visits where minutes > 5)",), ("any(visits where cost > 3)",),
        ("account.parent.industry not in ('steel')",), ("created_at > '2026-11-22'",), ("created_at >= '2026-11-22 08:00'",),
        ("if({}, {}, {})", "boolean", "boolean", "boolean"), ("stage.probability >= 50",), ("formula_title contains {}", "text"),
    ],
    "date": [
        ("({} + {})", "date", "whole"), ("({} - {})", "date", "whole"), ("add_days({}, {})", "date", "whole"),
        ("add_months({}, {})", "date", "whole"), ("add_years({}, {})", "date", "whole"), ("start_of_week({})", "date"),
        ("end_of_week({})", "date"), ("start_of_month({})", "date"), ("end_of_month({})", "date"), ("start_of_quarter({})", "date"),
        ("end_of_quarter({})", "date"), ("start_of_year({})", "date"), ("end_of_year({})", "date"), ("date_of({})", "datetime"),
        ("date({}, {}, {})", "whole", "whole", "whole"), ("min({}, {})", "date", "date"), ("max({}, {})", "date", "date"),
        ("coalesce({}, {})", "date", "date"), ("if({}, {}, {})", "boolean", "date", "date"),
    ],
    "datetime": [
        ("({} + {})", "datetime", "duration"), ("({} - {})", "datetime", "duration"), ("max({}, {})", "datetime", "datetime"),
        ("min(visits.at)",), ("max(visits.at where minutes > 3)",), ("if({}, {}, {})", "boolean", "datetime", "datetime"),
    ],
    "duration": [
        ("({} - {})", "datetime", "datetime"), ("({} + {})", "duration", "duration"), ("({} * {})", "duration", "number"),
        ("({} / {})", "duration", "number"), ("hours({})", "number"), ("-{}", "duration"), ("sum(account.deals.effort)",),
    ],
}  # fmt: skip


def expression(draw: Draw, kind: str, depth: int) -> str:
    """An expression of a kind, at most `depth` levels of functions deep."""
    if depth <= 0 or draw(st.integers(0, 9)) < 2:
        if draw(st.booleans()):
            return draw(st.sampled_from(_FIELDS[kind]))
        return literal(draw, kind)
    shape, *parts = draw(st.sampled_from(_BY_KIND[kind]))
    made = shape.format(*(expression(draw, part, depth - 1) for part in parts))
    return f"({made})" if kind == "boolean" else made


@st.composite
def expressions(draw: Draw, depth: int = 4) -> str:
    kind = draw(st.sampled_from(["number", "boolean", "text", "date", "number", "boolean", "datetime", "duration"]))
    return expression(draw, kind, depth)


def _money(places: int) -> Any:
    most = 10**15 - 1
    units = st.one_of(
        st.integers(-10_000, 10_000), st.integers(-most, most), st.sampled_from([0, 1, -1, 5, most, -most])
    )
    return st.none() | units.map(lambda n: Decimal(n).scaleb(-places))


_text = (
    st.none()
    | st.sampled_from(_TEXTS)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
)
_date = (
    st.none() | st.sampled_from([date(2026, 1, 31), date(2024, 2, 29)]) | st.dates(date(1, 1, 1), date(9999, 12, 31))
)
_moments = st.datetimes(datetime(1992, 1, 1), datetime(2036, 12, 31))
_moments = _moments.map(lambda d: d.replace(microsecond=0, tzinfo=UTC))
_several = st.lists(st.sampled_from(["vip", "new", "old"]), unique=True).map(tuple)

deals = st.fixed_dictionaries(
    {
        "name": _text, "note": _text, "amount": _money(2), "cost": _money(6), "rate": _money(4), "quantity": _money(0),
        "stage": st.sampled_from([None, "contact", "quote", "won", "lost"]), "tags": _several,
        "is_key": st.sampled_from([None, True, False]), "close_date": _date, "start": _date,
        "created_at": st.none() | _moments, "seen_at": st.none() | _moments,
        "effort": st.none() | st.integers(-10**7, 10**7) | st.integers(-(10**15) + 1, 10**15 - 1),
        "owner": st.sampled_from([None, 1, 2]), "owner_department": st.sampled_from([None, 10, 11]),
    }
)  # fmt: skip
accounts = st.fixed_dictionaries(
    {"name": _text, "industry": st.sampled_from([None, "steel", "food"]), "credit": _money(2), "tags": _several}
)
visits = st.fixed_dictionaries(
    {
        "at": st.none() | _moments,
        "minutes": st.none() | st.integers(-5, 100).map(Decimal),
        "cost": _money(2),
        "note": _text,
    }
)
