"""What is looked for, as conditions that the index narrows and the search text decides."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from webapp.db import Id
from webapp.definitions.model import Form
from webapp.engines.forms.finding.search import tokens
from webapp.engines.forms.finding.search.tables import index_name
from webapp.engines.forms.finding.search.texts import is_searched, mark, parts
from webapp.expressions import Expression
from webapp.expressions.fold import fold
from webapp.expressions.terms import Apply, Literal, Term, Value


def terms(text: str) -> list[str]:
    """What is looked for: words between spaces, all of which have to be found. A phone number is one word."""
    given = tokens.NOT_TYPED.sub(" ", fold(text)).strip()
    if tokens.PHONE.fullmatch(given):
        figures = re.sub(r"\D", "", given)
        if len(figures) >= 7:
            return [figures]
    return [word[: tokens.LONGEST_TERM] for word in given.split()[: tokens.MOST_TERMS]]


def _needed(term: str) -> list[tuple[str, bool]]:
    """Tokens a text with `term` in it has: (token, whether it is only the beginning of one).

    A beginning of one letter or digit says next to nothing and costs much; such runs are left to the text itself.
    """
    needed: list[tuple[str, bool]] = []
    for run in tokens.RUNS.findall(term):
        n = tokens.gram_length(run)
        if len(run) >= n:
            needed += [(tokens.indexable(run[i : i + n]), False) for i in range(len(run) - n + 1)]
        elif len(run) > 1 or n == tokens.HAN_LENGTH:
            needed.append((tokens.indexable(run), True))
    return list(dict.fromkeys(needed))


class _Syntax:
    """How a database writes a query over tokens. Tokens hold letters and digits only, never a quote."""

    def __init__(self, dialect: str) -> None:
        self.quote, self.begins = ('"', " *") if dialect == "sqlite" else ("'", ":*")
        self.both, self.either = (" AND ", " OR ") if dialect == "sqlite" else (" & ", " | ")

    def token(self, token: str, is_beginning: bool = False) -> str:
        return f"{self.quote}{token}{self.quote}{self.begins if is_beginning else ''}"

    def all_of(self, needed: list[tuple[str, bool]]) -> str:
        return "(" + self.both.join(self.token(*one) for one in needed) + ")"


def _query(term: str, dialect: str, *, with_sounds: bool) -> str | None:
    """A query whose answers hold every record with `term`; None if the index cannot narrow it."""
    needed, syntax = _needed(term), _Syntax(dialect)
    if not needed:
        return None
    ways = [syntax.all_of(needed), syntax.token(tokens.TOO_MANY)]
    if with_sounds and term.isascii() and term.isalnum():
        ways.append(syntax.token(tokens.SOUND + term[: tokens.SOUND_LENGTH], len(term) <= tokens.SOUND_LENGTH))
    return "(" + syntax.either.join(ways) + ")"


def condition(
    form: Form, table: sa.FromClause, text: str, dialect: str, *, fields: Collection[str] | None = None
) -> sa.ColumnElement[bool]:
    """Rows of `table` (the form's table or an alias) in which every word of `text` is found.

    fields   keys of the fields whose texts count (what the actor may read); None: all
    dialect  `unit.dialect`
    """
    words = terms(text)
    if not words:
        return sa.true()
    queries = [q for q in (_query(word, dialect, with_sounds=True) for word in words) if q]
    narrowed = [_is_in(form, table, _rendered(_Syntax(dialect).both.join(queries)), dialect)] if queries else []
    return sa.and_(*narrowed, *(_stands_in(form, table, word, dialect, fields) for word in words))


@dataclass(frozen=True)
class Sought:
    """A search as statements are built for it: what is looked for comes as their parameters (`sought`).

    words   how many; `is_narrowed`: the index helps to find them
    """

    words: int
    is_narrowed: bool

    def condition(
        self, form: Form, table: sa.FromClause, dialect: str, fields: Collection[str] | None = None
    ) -> sa.ColumnElement[bool]:
        """As `search.condition`, for any search of this shape."""
        found = []
        if self.is_narrowed:
            found.append(_is_in(form, table, _given("query", literal_execute=dialect != "sqlite"), dialect))
        for n in range(self.words):
            stands = table.c.m__search.like(_given(f"like{n}"), escape="/")
            found.append(_stands(form, table, _given(f"word{n}"), stands, dialect, fields))
        return sa.and_(sa.true(), *found)


def sought(text: str, dialect: str) -> tuple[Sought, dict[str, str]]:
    """The shape of a search and its parameters."""
    words = terms(text)
    queries = [q for q in (_query(word, dialect, with_sounds=True) for word in words) if q]
    values = {"find_query": _Syntax(dialect).both.join(queries)} if queries else {}
    for n, word in enumerate(words):
        values[f"find_word{n}"] = word
        values[f"find_like{n}"] = f"%{re.sub('[/%_]', lambda sign: '/' + sign[0], word)}%"
    return Sought(len(words), bool(queries)), values


def _given(what: str, **more: Any) -> sa.BindParameter[str]:
    return sa.bindparam(f"find_{what}", type_=sa.Text(), **more)


def narrowing(form: Form, table: sa.FromClause, text: str, dialect: str) -> sa.ColumnElement[bool] | None:
    """A condition that every row has whose text fields contain `text`, quick to find; None if there is none.

    To be joined by AND to the real comparison of a `contains` over a text field of the form.
    """
    given = tokens.NOT_TYPED.sub(" ", fold(text))[: tokens.LONGEST_TERM]
    query = _query(given, dialect, with_sounds=False)
    return None if query is None else _is_in(form, table, _rendered(query), dialect)


def implied(form: Form, table: sa.FromClause, condition: Expression, dialect: str) -> list[sa.ColumnElement[bool]]:
    """What the index can say of a condition beforehand: a narrowing for each `contains` that it demands.

    To be joined to the condition by AND. Only what stands at the top between ands is demanded; a field in conversion
    is in the index of some records under its old values, so it is left alone.
    """
    found = []
    searched = {p.key for p in parts(form)}
    for term in _demanded(condition.term):
        if not isinstance(term, Apply) or term.function != "contains":
            continue
        text, part = term.arguments
        if not isinstance(text, Value) or text.up or text.is_old or text.form != form.name or text.key not in searched:
            continue
        is_settled = text.type.name == "text" and form.fields[text.key].old_column is None
        if is_settled and isinstance(part, Literal) and isinstance(part.value, str):
            narrowed = narrowing(form, table, part.value, dialect)
            found += [narrowed] if narrowed is not None else []
    return found


def _demanded(term: Term) -> Iterator[Term]:
    if isinstance(term, Apply) and term.function == "and":
        for argument in term.arguments:
            yield from _demanded(argument)
    else:
        yield term


def _is_in(form: Form, table: sa.FromClause, query: sa.ColumnElement[str], dialect: str) -> sa.ColumnElement[bool]:
    name = index_name(form.table.name)
    if dialect == "sqlite":
        index = sa.table(name, sa.column("rowid", Id), sa.column(name, sa.Text))
        found = sa.select(index.c.rowid).where(index.c[name].op("MATCH")(query))
    else:
        index = sa.table(name, sa.column("id", Id), sa.column("tokens", TSVECTOR))
        found = sa.select(index.c.id).where(index.c.tokens.op("@@")(sa.cast(query, TSQUERY)))
    return table.c.id.in_(found)


def _rendered(query: str) -> sa.BindParameter[str]:
    """Rendered into the statement (it holds letters, digits and our own signs): behind a parameter PostgreSQL would
    after a few searches plan for words of average frequency, thirty times slower for frequent ones."""
    return sa.bindparam(None, query, sa.Text, literal_execute=True)


def _stands_in(
    form: Form, table: sa.FromClause, word: str, dialect: str, fields: Collection[str] | None
) -> sa.ColumnElement[bool]:
    return _stands(form, table, word, table.c.m__search.contains(word, autoescape=True), dialect, fields)


def _stands(
    form: Form,
    table: sa.FromClause,
    word: str | sa.ColumnElement[str],
    anywhere: sa.ColumnElement[bool],
    dialect: str,
    fields: Collection[str] | None,
) -> sa.ColumnElement[bool]:
    """That the word stands in one of the fields; `anywhere` that it stands in the search text at all."""
    whole: sa.ColumnElement[str] = table.c.m__search
    searched = [f for f in form.fields.values() if is_searched(f)]
    if fields is None or all(f.key in fields for f in searched):
        return anywhere
    position = sa.func.instr if dialect == "sqlite" else sa.func.strpos
    ways = []
    for field in searched:
        if field.key in fields:
            at = position(whole, mark(field))
            rest = sa.func.substr(whole, at + 2)
            ways.append(sa.and_(at > 0, position(rest, word) > 0, position(rest, word) < position(rest, tokens.END)))
    return sa.and_(anywhere, sa.or_(sa.false(), *ways))
