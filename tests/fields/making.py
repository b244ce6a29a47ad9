"""Fields and forms for tests of kinds, made without an app document."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

import webapp.engines.forms.fields  # noqa: F401  (registers the kinds)
from webapp.db import Id, Unit
from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field, Form
from webapp.definitions.spec import Report, Struct
from webapp.engines.forms.finding import search

OPTIONS = [
    {"value": "east", "label": {"en": "East China", "zh": "华东"}, "color": "blue"},
    {"value": "south", "label": {"en": "South China", "zh": "华南"}},
    {"value": "abroad", "label": "Abroad, or unknown"},
]
STAGES = [
    {"value": "contact", "label": {"en": "First contact", "zh": "初步接触"}, "probability": 10, "max_days": 7},
    {"value": "quote", "label": {"en": "Quote", "zh": "方案报价"}, "probability": 60, "required": ["amount"]},
    {"value": "won", "label": {"en": "Won", "zh": "赢单"}, "type": "won", "probability": 100},
    {"value": "lost", "label": {"en": "Lost", "zh": "输单"}, "type": "lost", "moves": ["contact"]},
]


def make_field(
    kind: str, /, key: str = "x", *, title: Any = "X", required: bool = False, of: Any = None, **settings: Any
) -> Field:
    """A field with its settings checked and completed as the document's are."""
    report = Report()
    shape = field_kinds.get(kind).settings
    checked = Struct(shape.settings, shape.open_to).check(settings, "", report)
    assert not report.problems, report.problems
    field = Field("crm.deal", key, kind, title, checked or {}, column=key, is_required=required)
    if field.kind.is_multi:
        values = sa.Table(
            f"crm__deal__{key}",
            sa.MetaData(),
            sa.Column("record", Id),
            sa.Column("value", sa.Text),
            sa.Column("position", sa.Integer),
        )
        object.__setattr__(field, "values_table", values)
        object.__setattr__(field, "column", None)
    if kind == "formula":
        field.lazy["expression"] = SimpleNamespace(type=of)
    return field


def make_form(fields: Mapping[str, Field], title: str = "name") -> Form:
    table = sa.Table(
        "crm__deal",
        sa.MetaData(),
        sa.Column("id", Id, primary_key=True),
        *(column for field in fields.values() for column in field.kind.columns(field) if not column.foreign_keys),
        sa.Column("m__search", sa.Text),
    )
    return Form("crm", "deal", "Deal", title, fields, fields, table, {}, (), None, {})


def create(unit: Unit, form: Form) -> None:
    form.table.create(unit.connection)
    search.create_tables(unit, form.table.name)


def insert(unit: Unit, form: Form, records: list[dict[str, Any]], first_id: int = 1) -> None:
    """Write records and their search texts as the door does."""
    rows, changes = [], []
    for i, values in enumerate(records, start=first_id):
        row: dict[str, Any] = {"id": i, "m__search": search.text_of(form, values)}
        for key, field in form.fields.items():
            if field.column is not None:
                row[field.column] = values.get(key)
                row |= field.kind.companions(field, values.get(key))
        rows.append(row)
        changes.append((i, None, row["m__search"]))
    unit.execute(sa.insert(form.table), rows)
    search.index(unit, form, changes)
