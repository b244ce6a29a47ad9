"""How SQLite says dates and moments: texts, in UTC, seen in the firm's zone (that of the process)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from webapp.db import Moment
from webapp.expressions.sqlite_numbers import Numbers, over, rest_of
from webapp.expressions.types import DATE, DATETIME, DURATION, TEXT, number
from webapp.expressions.val import LAST_DAY_NUMBER, SQL, Val

fn = sa.func


class Times(Numbers):
    """The calendar."""

    def local_moment(self, value: datetime) -> Val:
        said = sa.literal(value.strftime("%Y-%m-%d %H:%M:%S"), sa.Text)
        return Val(fn.datetime(said, "utc", type_=Moment()), DATETIME, filled=True, height=3)

    def date_of(self, value: Val) -> Val:
        value = self.low(value)
        return self.made(fn.date(value.sql, "localtime", type_=sa.Date()), DATE, value, filled=value.filled)

    def _moved(self, moved: SQL) -> SQL:
        """A date text, or NULL outside the years 1 to 9999."""
        before = sa.literal_column("'0000-12-31'", sa.Text())
        return fn.nullif(fn.max(moved, before, type_=sa.Text()), before, type_=sa.Text())

    def shift_days(self, day: Val, days: Val) -> Val:
        day = self.low(day)
        bounded = self.clamp(days, -LAST_DAY_NUMBER - 1, LAST_DAY_NUMBER + 1)
        sql = self._moved(fn.date(day.sql, sa.cast(bounded, sa.Text).concat(" days")))
        return self.made(sa.type_coerce(sql, sa.Date), DATE, day, days, cost=20)

    def days(self, a: Val, b: Val) -> Val:
        a, b = self.low(a), self.low(b)
        sql = sa.cast(fn.julianday(a.sql) - fn.julianday(b.sql), sa.Integer)
        return self.made(sql, number(0), a, b, cost=6, bound=10**7, filled=a.filled and b.filled)

    def seconds(self, a: Val, b: Val) -> Val:
        a, b = self.low(a), self.low(b)
        sql = sa.cast(fn.strftime("%s", a.sql), sa.BigInteger) - sa.cast(fn.strftime("%s", b.sql), sa.BigInteger)
        return self.made(sql, DURATION, a, b, cost=6, bound=10**12, filled=a.filled and b.filled)

    def shift(self, moment: Val, duration: Val) -> Val:
        moment = self.low(moment)
        bounded = self.clamp(duration, -(4 * 10**11), 4 * 10**11)
        sql = self._moved(fn.datetime(moment.sql, sa.cast(bounded, sa.Text).concat(" seconds")))
        return self.made(sa.type_coerce(sql, Moment), DATETIME, moment, duration, cost=20)

    def calendar(self, part: str, day: Val) -> Val:
        """year, quarter, month, week (ISO), day, weekday (Monday 1) of a date."""
        day = self.low(day)
        whole = {
            "year": lambda d: sa.cast(fn.substr(d, 1, 4), sa.Integer),
            "month": lambda d: sa.cast(fn.substr(d, 6, 2), sa.Integer),
            "day": lambda d: sa.cast(fn.substr(d, 9, 2), sa.Integer),
            "quarter": lambda d: over(sa.cast(fn.substr(d, 6, 2), sa.Integer) + self.units(2), self.units(3)),
            "week": lambda d: over(
                sa.cast(fn.strftime("%j", self._thursday(d)), sa.Integer) + self.units(6), self.units(7)
            ),
            "weekday": lambda d: (
                rest_of(sa.cast(fn.strftime("%w", d), sa.Integer) + self.units(6), self.units(7)) + self.units(1)
            ),
        }[part](day.sql)
        return self.made(whole, number(0), day, cost=16, bound=10_000, filled=day.filled)

    def _thursday(self, day: SQL) -> SQL:
        """Of the same ISO week: it decides to which year the week belongs."""
        return fn.date(day, "-3 days", "weekday 4")

    def period(self, part: str, day: Val) -> Val:
        """2026, 2026-Q1, 2026-03, 2026-W12 as text."""
        day = self.once(day)
        d = day.sql
        year = fn.substr(d, 1, 4, type_=sa.Text())
        if part == "year":
            sql: SQL = year
        elif part == "month":
            sql = fn.substr(d, 1, 7, type_=sa.Text())
        elif part == "quarter":
            quarter = over(sa.cast(fn.substr(d, 6, 2), sa.Integer) + self.units(2), self.units(3))
            sql = year.concat("-Q").concat(sa.cast(quarter, sa.Text))
        else:
            thursday = self._thursday(d)
            week = over(sa.cast(fn.strftime("%j", thursday), sa.Integer) + self.units(6), self.units(7))
            two = fn.substr(sa.literal("0").concat(sa.cast(week, sa.Text)), -2, type_=sa.Text())
            sql = fn.strftime("%Y-W", thursday, type_=sa.Text()).concat(two)
        return self.made(sql, TEXT, day, cost=16, filled=day.filled)

    def make_date(self, year: Val, month: Val, day: Val) -> Val:
        """The date, moving on by whole months and days as a spreadsheet does; empty outside the years 1 to 9999."""
        start = sa.literal_column("'0001-01-01'", sa.Text())
        months = self.clamp(
            self.made(year.sql * self.units(12) + month.sql, number(0), self.low(year), self.low(month), cost=3),
            -1,
            200_000,
        )
        moved = fn.date(start, sa.cast(months - self.units(13), sa.Text).concat(" months"))
        first = Val(sa.type_coerce(self._moved(moved), sa.Date), DATE, height=22)
        return self.shift_days(first, self.sub(day, self.literal(1, number(0))))

    def shift_months(self, day: Val, months: Val) -> Val:
        """The same day of a later month, its last day where it is shorter."""
        day, months = self.once(day), self.once(months)
        bounded = self.once(self.made(self.clamp(months, -200_000, 200_000), number(0), months))
        moved = fn.date(day.sql, "start of month", sa.cast(bounded.sql, sa.Text).concat(" months"))
        first = self.once(self.made(sa.type_coerce(self._moved(moved), sa.Date), DATE, day, bounded, cost=22))
        ahead = sa.cast(sa.cast(fn.substr(day.sql, 9, 2), sa.Integer) - self.units(1), sa.Text).concat(" days")
        wanted = self.once(self.made(fn.date(first.sql, ahead, type_=sa.Text()), TEXT, first, day, cost=8))
        is_past = fn.substr(wanted.sql, 6, 2, type_=sa.Text()) != fn.substr(first.sql, 6, 2, type_=sa.Text())
        sql = sa.case((is_past, fn.date(wanted.sql, "start of month", "-1 day")), else_=wanted.sql)
        return self.made(sa.type_coerce(sql, sa.Date), DATE, wanted, first, cost=8)

    def end_of_month(self, day: Val) -> Val:
        """The last day of the month of a date; day 31 is tried first, because December 9999 has no month after it."""
        day = self.low(day)
        tried = self.once(self.made(fn.date(day.sql, "start of month", "+30 days", type_=sa.Text()), TEXT, day))
        day = self.once(day)
        same = fn.substr(tried.sql, 6, 2, type_=sa.Text()) == fn.substr(day.sql, 6, 2, type_=sa.Text())
        sql = sa.case((same, tried.sql), else_=fn.date(tried.sql, "start of month", "-1 day"))
        return self.made(sa.type_coerce(sql, sa.Date), DATE, tried, day, cost=8)

    def start_of(self, part: str, day: Val) -> Val:
        day = self.low(day)
        if part == "week":
            sql = self._moved(fn.date(day.sql, "-6 days", "weekday 1"))
            return self.made(sa.type_coerce(sql, sa.Date), DATE, day, cost=16)
        if part == "quarter":
            day = self.once(day)
            back = rest_of(sa.cast(fn.substr(day.sql, 6, 2), sa.Integer) + self.units(2), self.units(3))
            sql = fn.date(day.sql, "start of month", sa.literal("-").concat(sa.cast(back, sa.Text)).concat(" months"))
        else:
            sql = fn.date(day.sql, f"start of {part}")
        return self.made(sa.type_coerce(sql, sa.Date), DATE, day, cost=12, filled=day.filled)

    def moment_text(self, value: Val) -> Val:
        if value.type.name == "date":
            return self.made(sa.type_coerce(value.sql, sa.Text), TEXT, value, cost=0, filled=value.filled)
        value = self.low(value)
        return self.made(
            fn.strftime("%Y-%m-%d %H:%M", value.sql, "localtime", type_=sa.Text()), TEXT, value, filled=value.filled
        )

    def hour_of(self, value: Val) -> Val:
        value = self.low(value)
        sql = sa.cast(fn.strftime("%H", value.sql, "localtime"), sa.Integer)
        return self.made(sql, number(0), value, bound=100, filled=value.filled)
