"""The real tables behind the app documents: what `definitions` asks of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.access import firm
from webapp.db import Database, Unit
from webapp.definitions import storage
from webapp.definitions.model import App, Definitions, Field, Form
from webapp.definitions.storage import Index
from webapp.engines.forms.finding import search
from webapp.engines.forms.structure import building, conversions, indexes, indexing, labelled, purging
from webapp.engines.forms.structure import tables as ddl
from webapp.journal import due


class FormStorage:
    """What `definitions` asks of the tables; see `definitions.storage.Storage`."""

    def change(self, unit: Unit, definitions: Definitions, app: App) -> set[str]:
        new = ddl.change(unit, definitions, app)
        for form in app.forms.values():
            if form.table.name not in new:
                indexing.drop_unique(unit, form, indexes.derived(definitions, form, unit.dialect))
        return new

    def indexes(self, definitions: Definitions, form: Form, dialect: str) -> list[Index]:
        return indexes.derived(definitions, form, dialect)

    def index_now(self, unit: Unit, definitions: Definitions, form: Form) -> None:
        for index in indexes.derived(definitions, form, unit.dialect):
            unit.execute(sa.text("CREATE " + index.sql.format("")))

    def start(self, unit: Unit, app: str, actor: Any) -> None:
        due.add(unit, building.KIND, app, {"app": app}, actor=actor.member or None)

    def finish(self, database: Database) -> None:
        building.finish(database)

    def labelled_views(self, unit: Unit, definitions: Definitions, app: App) -> None:
        retired = [entry["table"] for entry in app.names["retired"].values()]
        labelled.rebuild(unit, definitions, app, retired, firm.get(unit).locale)

    def count(self, unit: Unit, form: Form) -> int:
        return _count(unit, form, sa.true())

    def count_empty(self, unit: Unit, form: Form, field: Field) -> int:
        return _count(unit, form, ~_filled(form, field))

    def count_option(self, unit: Unit, form: Form, field: Field, value: str) -> int:
        if field.values_table is not None:
            has = field.values_table.c
            return _count(unit, form, form.table.c.id.in_(sa.select(has.record).where(has.value == value)))
        return _count(unit, form, form.table.c[field.column] == value) if field.column else 0

    def count_duplicates(self, unit: Unit, form: Form, field: Field) -> int:
        if field.column is None:
            return 0
        return len(indexing.duplicates(unit, form, field, most=1000))

    def count_rows(self, unit: Unit, table: str, column: str | None = None) -> int:
        return purging.count_rows(unit, table, column)

    def pointing_at(self, unit: Unit, table: str) -> list[tuple[str, str]]:
        return purging.pointing_at(unit, table)

    def searched(self, form: Form) -> dict[str, tuple[Any, ...]]:
        return search.shape(form)

    def unconvertible(
        self, unit: Unit, definitions: Definitions, form: Form, old: Field, new: Field
    ) -> tuple[int, int, list[str]]:
        return conversions.unconvertible(unit, definitions, form, old, new)


def _count(unit: Unit, form: Form, condition: Any) -> int:
    query = sa.select(sa.func.count()).select_from(form.table).where(form.table.c.deleted_at.is_(None), condition)
    return int(unit.execute(query).scalar_one())


def _filled(form: Form, field: Field) -> Any:
    if field.values_table is not None:
        return form.table.c.id.in_(sa.select(field.values_table.c.record))
    return form.table.c[field.column].is_not(None) if field.column else sa.true()


storage.register(FormStorage())
