"""Finding records by what stands in them: search text, its tokens, and one index a form on either database.

**Search text** (`text_of`, column `m__search`): folded texts of a record's fields, each behind a mark that tells which
field it is, so that a search can be limited to what somebody may read. Names have their sounds after them.

**Tokens**: at every place of a run of Han characters the two characters there, of letters or digits the four (at the
end of the run what is left). Any part of a run is then found by whole tokens, or by the beginning of one; records are
found as a superset and the text itself decides. For names also the sounds from each syllable on and their initials.

**Index**: a contentless FTS5 table on SQLite, a table with a tsvector and a GIN index on PostgreSQL.
"""

from __future__ import annotations

import itertools
import operator
import re
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from webapp.db import Id, Unit
from webapp.definitions.model import Field, Form
from webapp.engines.forms import sortkeys
from webapp.engines.forms.fields.base import Kind
from webapp.expressions import Expression
from webapp.expressions.fold import fold
from webapp.expressions.terms import Apply, Literal, Term, Value

HAN_LENGTH, WORD_LENGTH, SOUND_LENGTH = 2, 4, 8
MOST_TOKENS = 50_000  # of one record; a tsvector holds 1 MB
MOST_TERMS, LONGEST_TERM = 8, 100
LONGEST_NAME = 60  # names longer than this are not searched by sound

_END, _SOUNDS_FOLLOW = "\x1e", "\x1f"
_SOUND, _TOO_MANY = "\ue000", "\ue001"  # private letters: how sounds begin, and the token of an endless text
_HAN = "々〇ぁ-ゖァ-ヺー㐀-䶿一-鿿가-힣豈-﫿\U00020000-\U0003ffff"
_RUNS = re.compile(rf"[{_HAN}]+|\d+|[^\W\d_{_HAN}]+")
_RUNS_APART = re.compile(rf"([{_HAN}]+)|(\d+|[^\W\d_{_HAN}]+)")  # the same, Han runs and others told apart
_PLAIN_RUNS = re.compile(r"[0-9]+|[a-z]+")  # the same in a folded text of ASCII
_IS_HAN = re.compile(rf"[{_HAN}]")
_PLAIN_LETTERS = "a-z0-9à-öø-ÿа-я々〇ぁ-ゖァ-ヺー㐀-䶵一-鿋가-힣\ue000\ue001"
_PLAIN = re.compile(rf"[{_PLAIN_LETTERS}]*")
_IS_ODD = re.compile(rf"[^\W_{_PLAIN_LETTERS}]|(?![{_PLAIN_LETTERS}])[{_HAN}]")  # of a run, and not plain
_NOT_TYPED = re.compile(r"[\x00-\x1f\ue000-\uf8ff]+")
_PHONE = re.compile(r"\+?[\d\s().-]{7,25}")


# Search text ----------------------------------------------------------------------------------------------


def mark(field: Field) -> str:
    """Two private characters that stand for a field (its physical name, which outlives renames)."""
    name = field.column or (field.values_table.name if field.values_table is not None else field.key)
    number = zlib.crc32(name.encode())
    return chr(0xE100 + number % 6000) + chr(0xE100 + number // 6000 % 6000)


def is_searched(field: Field) -> bool:
    """Whether the field can put anything into the search text."""
    return not field.is_system and (field.column is not None or field.values_table is not None)


Told = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Part:
    """How one field comes into the search text; `known` keeps what its options bring, which are few."""

    key: str
    field: Field
    search: Callable[[Field, Any], str]
    mark: str
    is_name: bool
    known: dict[Any, Told] | None

    def text(self, value: Any) -> str:
        """What `value` brings into the search text."""
        return self.told(value)[0] if self.known is not None else self._text(self._readings_of(value))

    def told(self, value: Any) -> Told:
        """What `value` brings into the search text, and its tokens (some may stand twice)."""
        if self.known is None:
            return self._made(value)
        if (found := self.known.get(value)) is None:
            found = self.known[value] = self._made(value)
        return found

    def _made(self, value: Any) -> Told:
        read = self._readings_of(value)
        text, readings = read
        return (self._text(read), (*_grams(text), *_sounds(readings))) if text else ("", ())

    def _readings_of(self, value: Any) -> tuple[str, tuple[tuple[str, ...], ...]]:
        text = _clean(self.search(self.field, value))
        return text, _readings(text) if self.is_name else ()

    def _text(self, read: tuple[str, tuple[tuple[str, ...], ...]]) -> str:
        text, readings = read
        return self.mark + text + _sounds_text(readings) + _END if text else ""


_PARTS: WeakKeyDictionary[Form, list[Part]] = WeakKeyDictionary()


def parts(form: Form) -> list[Part]:
    """The fields of a form that have something to search for, made once a form."""
    found = _PARTS.get(form)
    if found is None:
        found = _PARTS[form] = [
            Part(
                key,
                field,
                field.kind.search,
                mark(field),
                _is_name(form, field),
                {} if field.type.name == "choice" else None,
            )
            for key, field in form.fields.items()
            if is_searched(field) and type(field.kind).search is not Kind.search
        ]
    return found


def _is_name(form: Form, field: Field) -> bool:
    return field.key == form.title or getattr(field.kind, "is_name", False)


def shape(form: Form) -> dict[str, tuple[Any, ...]]:
    """Physical name of each searched field → what decides its part of the search text."""
    return {
        field.column or (field.values_table.name if field.values_table is not None else field.key): (
            field.kind_key,
            _is_name(form, field),
            tuple((o.value, str(o.label)) for o in field.type.options),
        )
        for field in form.fields.values()
        if is_searched(field) and type(field.kind).search is not Kind.search
    }


def text_of(form: Form, values: Mapping[str, Any]) -> str:
    """The search text of a record with these values (field key → Python value; all searched fields)."""
    return "".join([p.text(v) for p in parts(form) if (v := values.get(p.key)) is not None])


def _clean(text: str) -> str:
    folded = fold(text)
    return (folded if folded.isprintable() else _NOT_TYPED.sub(" ", folded)).strip()


def _sounds_text(readings: tuple[tuple[str, ...], ...]) -> str:
    """The sounds of a name as they are searched for: ``zhangwei zw``, with the reading of the surname if another."""
    words = [w for start in readings for w in ("".join(start), _initials(start))]
    return _SOUNDS_FOLLOW + " ".join(dict.fromkeys(words)) if words else ""


def _readings(name: str) -> tuple[tuple[str, ...], ...]:
    """The syllables of a name, and once more with the reading of its surname where that is another."""
    if len(name) > LONGEST_NAME or name.isascii() or not _IS_HAN.search(name):
        return ()
    usual, other = sortkeys.syllables(name), sortkeys.surname_syllables(name)
    return (tuple(usual), tuple(other)) if other else (tuple(usual),)


def _initials(syllables: Iterable[str]) -> str:
    return "".join([s[0] for s in syllables])


# Tokens ---------------------------------------------------------------------------------------------------


def tokens(text: str) -> set[str]:
    """Tokens of any text (folded here)."""
    return set(_grams(fold(text)))


def tokens_of(search_text: str | None) -> list[str]:
    """Tokens of a search text, sounds included, in a fixed order; the same text always gives the same tokens."""
    found: dict[str, None] = {}
    for part in (search_text or "").split(_END):
        found.update(dict.fromkeys(_part_tokens(part)))
        if len(found) > MOST_TOKENS:
            return [_TOO_MANY]
    return list(found)


def _part_tokens(part: str) -> list[str]:
    text, _, sounds = part[2:].partition(_SOUNDS_FOLLOW)
    return _grams(text) + _sounds(_readings(text)) if sounds else _grams(text)


class Prepared(NamedTuple):
    """The search text of a record as far as its values are known, and its tokens between spaces."""

    text: str
    tokens: str

    def completed(self, form: Form, late: Mapping[str, Any]) -> Prepared:
        """The same with the values of fields that were not known before (field key → Python value)."""
        told = {p.key: p.told(v) for p in parts(form) if (v := late.get(p.key)) is not None}
        if not told:
            return self
        known = iter(self.text.split(_END))  # in the order of the parts
        texts, at = [], next(known)
        for part in parts(form):
            if part.key in told:
                texts.append(told[part.key][0])
            elif at.startswith(part.mark):
                texts.append(at + _END)
                at = next(known)
        tokens = itertools.chain(self.tokens.split(), *(tokens for _, tokens in told.values()))
        return Prepared("".join(texts), _TOO_MANY if self.tokens == _TOO_MANY else _joined(tokens))


def prepare(told: Iterable[Told]) -> Prepared:
    """What fields bring, each by its `Part.told` and in the order of `parts`, as a record's."""
    texts, tokens = zip(*told, strict=True) if (told := list(told)) else ((), ())
    return Prepared("".join(texts), _joined(itertools.chain.from_iterable(tokens)))


def prepared(form: Form, values: Mapping[str, Any]) -> Prepared:
    """The search text and tokens of a record with these values (field key → Python value; all searched fields)."""
    return prepare(p.told(v) for p in parts(form) if (v := values.get(p.key)) is not None)


def _joined(tokens: Iterable[str]) -> str:
    """Tokens as an index takes them: each once, between spaces, in their order."""
    found = dict.fromkeys(tokens)
    return _TOO_MANY if len(found) > MOST_TOKENS else " ".join(found)


def _grams(folded: str) -> list[str]:
    found: list[str] = []
    if folded.isascii():
        for run in _PLAIN_RUNS.findall(folded):
            found += [run[i : i + WORD_LENGTH] for i in range(len(run))]
        return found
    for han, other in _RUNS_APART.findall(folded):
        if han:
            found += map(operator.add, han, han[1:])
            found.append(han[-1])
        else:
            found += [other[i : i + WORD_LENGTH] for i in range(len(other))]
    return found if not _IS_ODD.search(folded) else list(map(_indexable, found))


def _gram_length(run: str) -> int:
    return HAN_LENGTH if _IS_HAN.match(run) else WORD_LENGTH


def _sounds(readings: tuple[tuple[str, ...], ...]) -> list[str]:
    """From every syllable on: the syllables, and their initials."""
    found: list[str] = []
    for syllables in readings:
        whole, starts = "".join(syllables), itertools.accumulate(map(len, syllables[:-1]), initial=0)
        initials = _initials(syllables)
        words = [_SOUND + whole[at : at + SOUND_LENGTH] for at in starts]
        words += [_SOUND + initials[i : i + SOUND_LENGTH] for i in range(len(initials))]
        found += words if _PLAIN.fullmatch(whole) else map(_indexable, words)
    return found


def _indexable(token: str) -> str:
    """Letters that SQLite's tokenizer may not know are written out; what a token begins with stays its beginning."""
    if _PLAIN.fullmatch(token):
        return token
    return "".join(c if _PLAIN.fullmatch(c) else f"\ue000{ord(c):x}\ue001" for c in token)


# Queries --------------------------------------------------------------------------------------------------


def terms(text: str) -> list[str]:
    """What is looked for: words between spaces, all of which have to be found. A phone number is one word."""
    given = _NOT_TYPED.sub(" ", fold(text)).strip()
    if _PHONE.fullmatch(given):
        figures = re.sub(r"\D", "", given)
        if len(figures) >= 7:
            return [figures]
    return [word[:LONGEST_TERM] for word in given.split()[:MOST_TERMS]]


def _needed(term: str) -> list[tuple[str, bool]]:
    """Tokens a text with `term` in it has: (token, whether it is only the beginning of one).

    A beginning of one letter or digit says next to nothing and costs much; such runs are left to the text itself.
    """
    needed: list[tuple[str, bool]] = []
    for run in _RUNS.findall(term):
        n = _gram_length(run)
        if len(run) >= n:
            needed += [(_indexable(run[i : i + n]), False) for i in range(len(run) - n + 1)]
        elif len(run) > 1 or n == HAN_LENGTH:
            needed.append((_indexable(run), True))
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
    ways = [syntax.all_of(needed), syntax.token(_TOO_MANY)]
    if with_sounds and term.isascii() and term.isalnum():
        ways.append(syntax.token(_SOUND + term[:SOUND_LENGTH], len(term) <= SOUND_LENGTH))
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
    given = _NOT_TYPED.sub(" ", fold(text))[:LONGEST_TERM]
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
            ways.append(sa.and_(at > 0, position(rest, word) > 0, position(rest, word) < position(rest, _END)))
    return sa.and_(anywhere, sa.or_(sa.false(), *ways))


# Index ----------------------------------------------------------------------------------------------------


def index_name(table: str) -> str:
    """Name of the index table of the form whose table is `table`."""
    return f"{table}__m__find"


def create_tables(unit: Unit, table: str) -> None:
    """Make the index of a form (an empty one), by the name of the form's table. Cheap; once a form."""
    for statement in statements(table, unit.dialect):
        unit.execute(sa.text(statement))


def drop_tables(unit: Unit, table: str) -> None:
    unit.execute(sa.text(f'DROP TABLE IF EXISTS "{index_name(table)}"'))


def statements(table: str, dialect: str) -> list[str]:
    """The DDL of `create_tables`. `table` comes from checked keys."""
    name = index_name(table)
    if dialect == "sqlite":
        options = "content='', detail=none, columnsize=0, tokenize='unicode61 remove_diacritics 0'"
        return [
            f'CREATE VIRTUAL TABLE IF NOT EXISTS "{name}" USING fts5(tokens, {options})',
            # Twice as many segments before they are merged: a third less work for writers, nothing lost for readers.
            f'INSERT INTO "{name}" ("{name}", rank) VALUES (\'automerge\', 8)',  # noqa: S608
        ]
    return [
        f'CREATE TABLE IF NOT EXISTS "{name}" (id bigint PRIMARY KEY, tokens tsvector NOT NULL)',
        f'CREATE INDEX IF NOT EXISTS "{f"ix_{name}"[:63]}" ON "{name}" USING gin (tokens)',
    ]


def index(unit: Unit, form: Form, changes: Iterable[tuple[int, str | None, str | None]]) -> None:
    """Bring the index up to (record id, search text before, search text after); None: not there.

    The text before must be the one that was indexed, as `stored` reads it before the record is written: on SQLite
    its tokens are what is taken out.
    """
    found = [(i, old or "", new or "") for i, old, new in changes if (old or "") != (new or "")]
    if found:
        (_index_sqlite if unit.dialect == "sqlite" else _index_postgresql)(unit, index_name(form.table.name), found)


def index_new(unit: Unit, form: Form, made: list[tuple[int, str]]) -> None:
    """Put new records into the index: (record id, its tokens between spaces as `Prepared` has them)."""
    found = [(i, tokens) for i, tokens in made if tokens]
    if found:
        (_put_sqlite if unit.dialect == "sqlite" else _put_postgresql)(unit, index_name(form.table.name), found)


def stored(unit: Unit, form: Form, id_: int) -> str | None:
    """The search text a record is indexed by. It may differ from what its values would give under newer definitions."""
    text: str | None = unit.execute(sa.select(form.table.c.m__search).where(form.table.c.id == id_)).scalar()
    return text


def _index_sqlite(unit: Unit, name: str, changes: list[tuple[int, str, str]]) -> None:
    gone = [{"id": i, "tokens": " ".join(tokens_of(old))} for i, old, _ in changes if old]
    come = [(i, " ".join(tokens_of(new))) for i, _, new in changes if new]
    if gone:
        take_out = f'INSERT INTO "{name}" ("{name}", rowid, tokens) VALUES (\'delete\', :id, :tokens)'  # noqa: S608
        unit.execute(sa.text(take_out), gone)
    if come:
        _put_sqlite(unit, name, come)


def _put_sqlite(unit: Unit, name: str, found: list[tuple[int, str]]) -> None:
    unit.connection.exec_driver_sql(f'INSERT INTO "{name}" (rowid, tokens) VALUES (?, ?)', found)  # noqa: S608


def _index_postgresql(unit: Unit, name: str, changes: list[tuple[int, str, str]]) -> None:
    gone = [i for i, _, new in changes if not new]
    if gone:
        unit.execute(sa.text(f'DELETE FROM "{name}" WHERE id = ANY(:ids)'), {"ids": gone})  # noqa: S608
    come = [(i, " ".join(tokens_of(new))) for i, _, new in changes if new]
    if come:
        _put_postgresql(unit, name, come)


def _put_postgresql(unit: Unit, name: str, found: list[tuple[int, str]]) -> None:
    put = (
        f'INSERT INTO "{name}" (id, tokens) '  # noqa: S608
        "SELECT i, array_to_tsvector(string_to_array(t, ' ')) "
        "FROM unnest(CAST(:ids AS bigint[]), CAST(:texts AS text[])) AS given(i, t) "
        "ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens"
    )
    unit.execute(sa.text(put), {"ids": [i for i, _ in found], "texts": [t for _, t in found]})
