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
from webapp.definitions.model import Field, Form
from webapp.engines.forms import reading, select
from webapp.engines.forms.record import Masked, Query, Record
from webapp.errors import Denied, Invalid, nearest
from webapp.expressions import binds
from webapp.i18n import N_, label

FORMATS = ("xlsx", "csv", "json")
#: Records read in one unit.
PAGE = 500
#: Rows and characters of a cell that XLSX can hold.
XLSX_ROWS, XLSX_CELL = 1_048_575, 32_767
#: System fields that stand behind the form's own where nobody chose columns.
_STAMPS = ("owner", "created_at", "updated_at")


@dataclass(frozen=True)
class Wanted:
    """What to export: `form` (app.key), the records (`query`: where, search, sort) and the fields, in order.

    `is_guarded` puts an apostrophe before texts in CSV that a spreadsheet would take for formulas.
    """

    form: str
    format: str = "xlsx"
    query: Query = dataclasses.field(default_factory=Query)
    fields: tuple[str, ...] | None = None
    is_guarded: bool = True


def from_view(form: Form, view: str, format: str = "xlsx") -> Wanted:
    """The records and columns of a saved view."""
    found = form.views.get(view)
    if found is None:
        text = N_("The form {form} has no view “{key}”.", form=form.label, key=view)
        raise Invalid(text, near=nearest(view, form.views))
    settings = found.settings
    where = tuple(w for w in [settings.get("filter")] if w)
    sort = settings.get("sort") or ("-id",)
    sort = (sort,) if isinstance(sort, str) else tuple(sort)
    columns = settings.get("columns") or settings.get("card")
    fields = tuple(c if isinstance(c, str) else c["field"] for c in columns) if columns else None
    return Wanted(form.name, format, Query(where=where, sort=sort), fields)


def write(
    database: Database, actor: Actor, wanted: Wanted, target: Path, *, progress: Callable[[int], None] | None = None
) -> int:
    """Write the records of `wanted` to `target`; how many. Raises `NotFound`, `Denied` or `Invalid`."""
    if wanted.format not in FORMATS:
        raise Invalid(N_("“{name}” is no format; there are: {names}.", name=wanted.format, names=", ".join(FORMATS)))
    with database.read() as unit:
        form = versions.current(unit).form(wanted.form)
        select.require_form(unit, actor, form)
        if not policy.may(unit, actor, form, "export"):
            raise Denied(N_("Your role does not allow exporting {form}.", form=form.label), action="export")
        fields = _fields(unit, actor, form, wanted.fields)
        zone = unit.zone
    count = 0
    with _WRITERS[wanted.format](target, form, fields, actor.locale, zone, wanted.is_guarded) as put:
        for records in pages(database, actor, wanted, [f.key for f in fields]):
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
    after = None
    while True:
        with database.read() as unit:
            form = versions.current(unit).form(wanted.form)
            query = replace(wanted.query, fields=tuple(keys), limit=PAGE, after=after, count="none")
            page = select.select(unit, actor, form, query)
            yield _exportable(unit, actor, form, page.records)
        if page.next is None:
            return
        after = page.next


def _exportable(unit: Unit, actor: Actor, form: Form, records: list[Record]) -> list[Record]:
    condition = policy.rows(unit, actor, form, "export", form.table)
    if condition is None or not records:
        return records
    ids = [r.id for r in records]
    statement = sa.select(form.table.c.id).where(form.table.c.id.in_(ids), condition)
    good = set(unit.execute(statement, binds(actor, clock.now(), unit.zone)).scalars())
    return [r for r in records if r.id in good]


def _fields(unit: Unit, actor: Actor, form: Form, wanted: Sequence[str] | None) -> list[Field]:
    """The fields to write, as far as the actor may read them; a name he may not know is refused as unknown."""
    known = reading.readable(unit, actor, form)
    if wanted is None:
        return [form.names[k] for k in [*form.fields, *_STAMPS] if k in known]
    for key in wanted:
        if key not in known and key not in form.fields:
            text = N_("The form {form} has no field “{key}”.", form=form.label, key=key)
            raise Invalid(text, near=nearest(key, known))
    return [form.names[k] for k in wanted if k in known]


# The three formats ----------------------------------------------------------------------------------------------------

Put = Callable[[Record], None]


def headings(fields: Sequence[Field], locale: str) -> list[str]:
    """Labels; where two fields have the same one, the key stands behind it, so that the file can come back in."""
    labels = [label(f.label, locale) or f.key for f in fields]
    return [t if labels.count(t) == 1 else f"{t} ({f.key})" for t, f in zip(labels, fields, strict=True)]


def _text(field: Field, record: Record, locale: str) -> str:
    """A value as people and imports read it."""
    value = record.values.get(field.key)
    if value is None:
        return ""
    if isinstance(value, Masked):
        return value.text
    link = record.links.get(field.key)
    if link is not None:
        return link.title or ""
    typed = getattr(field.kind, "typed", field.kind.text) if field.type.name in ("number", "date", "duration") else None
    return (typed or field.kind.text)(field, value, locale)


@contextmanager
def _csv(target: Path, form: Form, fields: Sequence[Field], locale: str, zone: str, is_guarded: bool) -> Iterator[Put]:
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(headings(fields, locale))

        def put(record: Record) -> None:
            out.writerow([_guarded(f, record, locale) if is_guarded else _text(f, record, locale) for f in fields])

        yield put


#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: A sign and digits compute nothing: phone numbers stay as they are.
_NUMBER = re.compile(r"[+-][\d ]+(\.\d+)?")


def _guarded(field: Field, record: Record, locale: str) -> str:
    """A text that a spreadsheet would run gets an apostrophe before it; numbers and dates stay as they are."""
    text = _text(field, record, locale)
    is_text = field.type.name not in ("number", "date", "datetime", "duration", "boolean")
    return "'" + text if is_text and text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


@contextmanager
def _json(target: Path, form: Form, fields: Sequence[Field], locale: str, zone: str, is_guarded: bool) -> Iterator[Put]:
    with target.open("w", encoding="utf-8") as file:
        file.write('{"form": ' + json.dumps(form.name) + ', "records": [')
        first = True

        def put(record: Record) -> None:
            nonlocal first
            values = {f.key: _json_value(f, record) for f in fields}
            one = {"id": record.id, "version": record.version, "values": values}
            file.write(("\n" if first else ",\n") + json.dumps(one, ensure_ascii=False))
            first = False

        yield put
        file.write("\n]}\n")


def _json_value(field: Field, record: Record) -> Any:
    """As the API gives it: links with title, decimals as texts, masked values marked."""
    value = record.values.get(field.key)
    if isinstance(value, Masked):
        return {"masked": value.text}
    link = record.links.get(field.key)
    if link is not None:
        return {"id": link.id, "title": link.title}
    if value is None:
        return None
    if field.is_system and isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return field.kind.json(field, value)


@contextmanager
def _xlsx(target: Path, form: Form, fields: Sequence[Field], locale: str, zone: str, is_guarded: bool) -> Iterator[Put]:
    """Typed cells: texts by `write_string`, which makes neither formulas nor links of them."""
    import xlsxwriter

    book = xlsxwriter.Workbook(target, {"constant_memory": True, "in_memory": False})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    styles = _styles(book, fields)
    for column, heading in enumerate(headings(fields, locale)):
        sheet.write_string(0, column, heading[:XLSX_CELL], bold)
    sheet.freeze_panes(1, 0)
    local = ZoneInfo(zone)
    row = 0

    def put(record: Record) -> None:
        nonlocal row
        row += 1
        for column, field in enumerate(fields):
            value = record.values.get(field.key)
            if value is None:
                continue
            style = styles.get(field.key)
            if isinstance(value, datetime):
                sheet.write_datetime(row, column, value.astimezone(local).replace(tzinfo=None), style)
            elif isinstance(value, date):
                sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), style)  # noqa: DTZ001
            elif isinstance(value, Decimal) or (field.type.name == "number" and isinstance(value, int)):
                sheet.write_number(row, column, value, style)
            else:
                sheet.write_string(row, column, _text(field, record, locale)[:XLSX_CELL])

    yield put
    book.close()


def _styles(book: Any, fields: Sequence[Field]) -> Mapping[str, Any]:
    """Number formats of columns whose values are numbers, dates or moments."""
    styles = {}
    for field in fields:
        kind = field.type.name
        if kind == "date":
            styles[field.key] = book.add_format({"num_format": "yyyy-mm-dd"})
        elif kind == "datetime":
            styles[field.key] = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        elif kind == "number":
            places = "." + "0" * field.type.scale if field.type.scale else ""
            styles[field.key] = book.add_format({"num_format": "#,##0" + places})
    return styles


_WRITERS = {"csv": _csv, "json": _json, "xlsx": _xlsx}
