"""The database grows by migrations alone, on both databases, and they agree with the tables in the code."""

import io
import threading
import uuid
from contextlib import redirect_stdout

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.databases import admin, settings_for, with_name
from webapp import migrating, schema
from webapp.db import Database
from webapp.errors import Conflict


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request, tmp_path):
    """A database without a single table."""
    if request.param == "sqlite":
        database = Database(settings_for(tmp_path))
        yield database
        database.dispose()
        return
    url, name = request.getfixturevalue("postgres_url"), "b" + uuid.uuid4().hex[:12]
    with admin(url).connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    database = Database(settings_for(tmp_path, with_name(url, name)))
    yield database
    database.dispose()
    with admin(url).connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def differences(database):
    with database.read() as unit:
        options = migrating.options(unit.dialect)
        context = MigrationContext.configure(unit.connection, opts=options)
        return compare_metadata(context, options["target_metadata"])


def shape(database):
    """Everything there is to see of the system's tables: columns, keys, indexes, foreign keys."""
    with database.read() as unit:
        inspector = sa.inspect(unit.connection)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(name)],
                inspector.get_pk_constraint(name)["constrained_columns"],
                sorted((i["name"], tuple(i["column_names"]), i["unique"]) for i in inspector.get_indexes(name)),
                sorted(
                    _foreign_keys(inspector, name),
                ),
                sorted(tuple(u["column_names"]) for u in inspector.get_unique_constraints(name)),
            )
            for name in sorted(inspector.get_table_names())
            if name in schema.load().tables
        }


def _foreign_keys(inspector, name):
    """All but the one of a circle: once PostgreSQL's were made, `create_all` leaves it out on SQLite."""
    found = ((f["constrained_columns"], f["referred_table"]) for f in inspector.get_foreign_keys(name))
    return sorted(key for key in found if (name, *key[0]) != ("m__department", "head"))


def test_an_empty_database_is_brought_up_to_date(bare):
    assert migrating.migrate(bare) is True
    assert migrating.migrate(bare) is False
    assert migrating.current(bare) == migrating.head()
    with bare.read() as unit:
        names = set(sa.inspect(unit.connection).get_table_names())
    assert set(schema.load().tables) <= names


def test_migrations_and_the_tables_in_the_code_agree(bare):
    migrating.migrate(bare)
    assert differences(bare) == []


def test_a_migrated_database_has_the_shape_that_the_code_makes(bare):
    migrating.migrate(bare)
    migrated = shape(bare)
    with bare.write() as unit:
        schema.load().drop_all(unit.connection)
    schema.create(bare)
    assert shape(bare) == migrated


def test_form_tables_are_never_touched(bare):
    migrating.migrate(bare)
    with bare.write() as unit:
        unit.execute(sa.text("CREATE TABLE crm__deal (id integer primary key, amount integer)"))
        unit.execute(sa.text("CREATE TABLE crm__deal__tags (record integer, value text)"))
        unit.execute(sa.text("CREATE TABLE foreign_tool (id integer)"))
    assert differences(bare) == []


def test_a_missing_column_would_be_seen(bare):
    migrating.migrate(bare)
    with bare.write() as unit:
        unit.execute(sa.text("ALTER TABLE m__due DROP COLUMN progress"))
    assert [change[0] for change in differences(bare)] == ["add_column"]


def test_a_database_of_a_newer_program_is_refused(bare):
    migrating.migrate(bare)
    with bare.write() as unit:
        unit.execute(sa.text(f"UPDATE {migrating.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(Conflict, match="newer Mortise"):
        migrating.migrate(bare)


def test_of_four_that_start_at_once_one_migrates_and_the_others_wait(bare):
    did, said = [], []

    def start():
        database = Database(bare.settings)
        did.append(migrating.migrate(database, say=said.append))
        database.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(did) == [False, False, False, True]
    assert differences(bare) == []


def test_somebody_who_waits_says_so(bare):
    said, inside, go_on = [], threading.Event(), threading.Event()

    def holds():
        with migrating._alone(bare, said.append):
            inside.set()
            go_on.wait(10)

    thread = threading.Thread(target=holds)
    thread.start()
    inside.wait(10)
    threading.Timer(0.5, go_on.set).start()
    assert migrating.migrate(bare, say=said.append) is True
    thread.join()
    assert [message.id for message in said] == ["Another process is bringing the database up to date; waiting for it."]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_steps_can_be_printed_as_sql(dialect):
    out = io.StringIO()
    settings = migrating.config(dialect=dialect)
    settings.output_buffer = out
    with redirect_stdout(out):
        command.upgrade(settings, "head", sql=True)
    text = out.getvalue()
    assert "CREATE TABLE m__event" in text
    assert ("PARTITION BY RANGE" in text) == (dialect == "postgresql")
