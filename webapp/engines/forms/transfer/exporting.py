"""Records as a file: what an actor may see and export, page by page, to XLSX, CSV or JSON."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.definitions.model import Definitions, Field, Form
from webapp.engines.forms import reading, select
from webapp.engines.forms.board import board_settings
from webapp.engines.forms.record import Masked, Query, Record
from webapp.engines.forms.viewing import arranged, paths, views
from webapp.errors import Denied, Invalid, nearest
from webapp.expressions import binds
from webapp.i18n import LANGUAGES, N_

FORMATS = ("xlsx", "csv", "json")
#: Records read in one unit.
PAGE = 500
#: Chosen records asked for in one condition.
CHOSEN = 100
#: Rows and characters of a cell that XLSX can hold.
XLSX_ROWS, XLSX_CELL = 1_048_575, 32_767
#: System fields that stand behind the form's own where nobody chose columns.
_STAMPS = ("owner", "created_at", "updated_at")


@dataclass(frozen=True)
class Wanted:
    """What to export: `form` (app.key), the records (`query`: where, search, sort) and the fields, in order.

    `fields` may be paths (`account.industry`); `ids` are the records somebody chose, none for all of the query.
    `is_guarded` puts an apostrophe before texts in CSV that a spreadsheet would take for formulas.
    """

    form: str
    format: str = "xlsx"
    query: Query = dataclasses.field(default_factory=Query)
    fields: tuple[str, ...] | None = None
    ids: tuple[int, ...] = ()
    is_guarded: bool = True


@dataclass(frozen=True)
class Column:
    """A column of the file: the key or path its values are read by, the field they are of, and its heading."""

    key: str
    field: Field
    label: str

    @property
    def is_name(self) -> bool:
        """Whether it is what a thing behind a link is called: a text already."""
        return "." in self.key and self.field.type.name in ("record", "member", "department")


def from_view(unit: Unit, actor: Actor, form: Form, view: str, format: str = "xlsx") -> Wanted:
    """The records and columns of a view as the actor has it, saved ones too: by its key or its name."""
    at = views.scope(unit, actor, form.app, form.key)
    known = {found.key: found for found in views.offered(at) if found.key}
    called = (found for found in known.values() if view in (views.view_label(found, one) for one in LANGUAGES))
    found = known.get(view) or next(called, None)
    if found is None:
        text = N_("The form {form} has no view “{key}”.", form=form.label, key=view)
        raise Invalid(text, near=nearest(view, known))
    asked = views.Asked(found)
    is_board = found.kind == "kanban"
    keys = board_settings.card_keys(at, asked) if is_board else arranged.column_keys(at, asked)
    query = replace(views.query(at, asked), fields=None)
    return Wanted(form.name, format, query, tuple(dict.fromkeys([form.title, *keys])) if is_board else keys)


def require(unit: Unit, actor: Actor, wanted: Wanted) -> Form:
    """The form, if the actor may export from it and knows what he asks for; raises otherwise."""
    form = versions.current(unit).form(wanted.form)
    select.require_form(unit, actor, form)
    if not policy.may(unit, actor, form, "export"):
        raise Denied(N_("Your role does not allow exporting {form}.", form=form.label), action="export")
    columns(unit, actor, form, wanted.fields)
    return form


def write(
    database: Database, actor: Actor, wanted: Wanted, target: Path, *, progress: Callable[[int], None] | None = None
) -> int:
    """Write the records of `wanted` to `target`; how many. Raises `NotFound`, `Denied` or `Invalid`."""
    if wanted.format not in FORMATS:
        raise Invalid(N_("“{name}” is no format; there are: {names}.", name=wanted.format, names=", ".join(FORMATS)))
    with database.read() as unit:
        form = require(unit, actor, wanted)
        shown = columns(unit, actor, form, wanted.fields)
        zone = unit.zone
    count = 0
    with _WRITERS[wanted.format](target, form, shown, actor.locale, zone, wanted.is_guarded) as put:
        for records in pages(database, actor, wanted, [c.key for c in shown]):
            for record in records:
                put(record)
            count += len(records)
            if wanted.format == "xlsx" and count > XLSX_ROWS:
                raise Invalid(N_("A sheet has at most {n} rows; filter the records or choose CSV.", n=XLSX_ROWS))
            if progress:
                progress(count)
    return count


def pages(database: Database, actor: Actor, wanted: Wanted, keys: Sequence[str]) -> Iterator[list[Record]]:
    """The records, a page in a unit, without those the actor may see but not export."""
    for some in _parts(wanted.ids):
        after = None
        chosen = (f"id in ({', '.join(map(str, some))})",) if some else ()
        while True:
            with database.read() as unit:
                form = require(unit, actor, wanted)
                where = (*wanted.query.where, *chosen)
                query = replace(wanted.query, where=where, fields=tuple(keys), limit=PAGE, after=after, count="none")
                page = select.select(unit, actor, form, query)
                yield _exportable(unit, actor, form, page.records)
            if page.next is None:
                break
            after = page.next


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The chosen records, as many as one condition takes; one empty part for all."""
    if not ids:
        yield ()
    for start in range(0, len(ids), CHOSEN):
        yield ids[start : start + CHOSEN]


def _exportable(unit: Unit, actor: Actor, form: Form, records: list[Record]) -> list[Record]:
    condition = policy.rows(unit, actor, form, "export", form.table)
    if condition is None or not records:
        return records
    ids = [r.id for r in records]
    statement = sa.select(form.table.c.id).where(form.table.c.id.in_(ids), condition)
    good = set(unit.execute(statement, binds(actor, clock.now(), unit.zone)).scalars())
    return [r for r in records if r.id in good]


def columns(unit: Unit, actor: Actor, form: Form, wanted: Sequence[str] | None) -> list[Column]:
    """The columns to write, as far as the actor may read them; a name he may not know is refused as unknown.

    Where two have the same label, the key stands behind it, so that the file can come back in.
    """
    definitions = versions.current(unit)
    known = reading.readable(unit, actor, form)
    if wanted is None:
        keys = [k for k in [*form.fields, *_STAMPS] if k in known]
    else:
        for key in wanted:
            if paths.field(definitions, form, key) is None:
                text = N_("The form {form} has no field “{key}”.", form=form.label, key=key)
                raise Invalid(text, near=nearest(key, known))
        eyes = policy.eyes(unit, actor)
        keys = [k for k in dict.fromkeys(wanted) if k in known or ("." in k and _may_read(definitions, form, k, eyes))]
    labels = [paths.name(definitions, form, key, actor.locale) for key in keys]
    found = []
    for key, name in zip(keys, labels, strict=True):
        field = paths.field(definitions, form, key)
        assert field is not None
        found.append(Column(key, field, name if labels.count(name) == 1 else f"{name} ({key})"))
    return found


def _may_read(definitions: Definitions, form: Form, path: str, eyes: policy.MemberEyes) -> bool:
    return all(eyes.may_name(f.form, f.key) for f in paths.steps(definitions, form, path) or ())


# The three formats ----------------------------------------------------------------------------------------------------

Put = Callable[[Record], None]


def _text(column: Column, record: Record, locale: str) -> str:
    """A value as people and imports read it."""
    value = record.values.get(column.key)
    if value is None:
        return ""
    if isinstance(value, Masked):
        return value.text
    link = record.links.get(column.key)
    if link is not None:
        return link.title or ""
    if column.is_name:
        return str(value)
    field = column.field
    typed = getattr(field.kind, "typed", field.kind.text) if field.type.name in ("number", "date", "duration") else None
    return (typed or field.kind.text)(field, value, locale)


@contextmanager
def _csv(target: Path, form: Form, shown: Sequence[Column], locale: str, zone: str, is_guarded: bool) -> Iterator[Put]:
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        heads = [c.label for c in shown]
        out.writerow(["'" + text if is_guarded and text.startswith(FORMULA) else text for text in heads])

        def put(record: Record) -> None:
            out.writerow([_guarded(c, record, locale) if is_guarded else _text(c, record, locale) for c in shown])

        yield put


#: What a spreadsheet takes for the beginning of a formula; in Chinese and Japanese ones at full width too.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
#: A sign and digits compute nothing: phone numbers stay as they are.
_NUMBER = re.compile(r"[+-][\d ]+(\.\d+)?")


def _guarded(column: Column, record: Record, locale: str) -> str:
    """A text that a spreadsheet would run gets an apostrophe before it; numbers and dates stay as they are."""
    text = _text(column, record, locale)
    is_text = column.is_name or column.field.type.name not in ("number", "date", "datetime", "duration", "boolean")
    return "'" + text if is_text and text.startswith(FORMULA) and not _NUMBER.fullmatch(text) else text


@contextmanager
def _json(target: Path, form: Form, shown: Sequence[Column], locale: str, zone: str, is_guarded: bool) -> Iterator[Put]:
    with target.open("w", encoding="utf-8") as file:
        file.write('{"form": ' + json.dumps(form.name) + ', "records": [')
        first = True

        def put(record: Record) -> None:
            nonlocal first
            values = {c.key: _json_value(c, record) for c in shown}
            one = {"id": record.id, "version": record.version, "values": values}
            file.write(("\n" if first else ",\n") + json.dumps(one, ensure_ascii=False))
            first = False

        yield put
        file.write("\n]}\n")


def _json_value(column: Column, record: Record) -> Any:
    """As the API gives it: links with title, decimals as texts, masked values marked."""
    field, value = column.field, record.values.get(column.key)
    if isinstance(value, Masked):
        return {"masked": value.text}
    link = record.links.get(column.key)
    if link is not None:
        return {"id": link.id, "title": link.title}
    if value is None or column.is_name:
        return value
    if field.is_system and isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return field.kind.json(field, value)


@contextmanager
def _xlsx(target: Path, form: Form, shown: Sequence[Column], locale: str, zone: str, is_guarded: bool) -> Iterator[Put]:
    """Typed cells: texts by `write_string`, which makes neither formulas nor links of them."""
    import xlsxwriter

    book = xlsxwriter.Workbook(target, {"constant_memory": True, "in_memory": False})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    styles = _styles(book, shown)
    for place, column in enumerate(shown):
        sheet.write_string(0, place, column.label[:XLSX_CELL], bold)
    sheet.freeze_panes(1, 0)
    local = ZoneInfo(zone)
    row = 0

    def put(record: Record) -> None:
        nonlocal row
        row += 1
        for place, column in enumerate(shown):
            value = record.values.get(column.key)
            if value is None:
                continue
            style = styles.get(column.key)
            if isinstance(value, datetime):
                sheet.write_datetime(row, place, value.astimezone(local).replace(tzinfo=None), style)
            elif isinstance(value, date):
                sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), style)  # noqa: DTZ001
            elif isinstance(value, Decimal) or (column.field.type.name == "number" and isinstance(value, int)):
                sheet.write_number(row, place, value, style)
            else:
                sheet.write_string(row, place, _text(column, record, locale)[:XLSX_CELL])

    yield put
    book.close()


def _styles(book: Any, shown: Sequence[Column]) -> Mapping[str, Any]:
    """Number formats of columns whose values are numbers, dates or moments."""
    styles = {}
    for column in shown:
        kind = column.field.type.name
        if kind == "date":
            styles[column.key] = book.add_format({"num_format": "yyyy-mm-dd"})
        elif kind == "datetime":
            styles[column.key] = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        elif kind == "number":
            places = "." + "0" * column.field.type.scale if column.field.type.scale else ""
            styles[column.key] = book.add_format({"num_format": "#,##0" + places})
    return styles


_WRITERS = {"csv": _csv, "json": _json, "xlsx": _xlsx}
