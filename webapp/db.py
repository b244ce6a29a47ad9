"""Engine, unit of work and the column types that make SQLite and PostgreSQL agree.

A `Unit` is one transaction on one connection: `Database.read()` sees one state of the data,
`Database.write()` changes it and commits once at the end. On SQLite all writers of one file take an OS file lock
before BEGIN IMMEDIATE, because waiting in the kernel is fair and waiting in SQLite is not.
"""

from __future__ import annotations

import contextlib
import decimal
import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.types import TypeDecorator

from webapp import clock
from webapp.config import Settings
from webapp.errors import Busy, Invalid
from webapp.i18n import N_, Message

log = logging.getLogger("mortise.db")
#: The system's own tables; form tables live in metadata of their own (`definitions`).
metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

#: An id that is never given twice.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MAX_DIGITS = 15
_NUMERIC = 1700  # PostgreSQL's number for the type: what our numbers are read as


class Exact(TypeDecorator[Decimal]):
    """A decimal with `scale` places: numeric on PostgreSQL, a scaled 64-bit integer on SQLite (its NUMERIC floats)."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(None, None))

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        value = Decimal(value)
        if dialect.name == "sqlite":
            return int(value.scaleb(self.scale).to_integral_value(decimal.ROUND_HALF_UP))
        return value

    def result_processor(self, dialect: sa.Dialect, coltype: Any) -> Callable[[Any], Decimal | None]:
        if dialect.name == "sqlite":
            power = -self.scale
            return lambda value: None if value is None else Decimal(value).scaleb(power)
        place = Decimal(1).scaleb(-self.scale)
        return lambda value: None if value is None else Decimal(value).quantize(place, decimal.ROUND_HALF_UP)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC to the second: timestamptz(0) on PostgreSQL, `YYYY-MM-DD HH:MM:SS` text on SQLite."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Text())
        from sqlalchemy.dialects.postgresql import TIMESTAMP

        return dialect.type_descriptor(TIMESTAMP(timezone=True, precision=0))

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        value = value.astimezone(UTC).replace(microsecond=0)
        return value.isoformat(" ")[:19] if dialect.name == "sqlite" else value

    def result_processor(self, dialect: sa.Dialect, coltype: Any) -> Callable[[Any], datetime | None]:
        return _moment


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        return datetime.fromisoformat(value + "+00:00")
    moment: datetime = value
    return moment.astimezone(UTC)


class PreciseMoment(Moment):
    """A moment in UTC to the microsecond, for the system's own tables."""

    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Text())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.strftime("%Y-%m-%d %H:%M:%S.%f") if dialect.name == "sqlite" else value


class Unit:
    """One transaction. `memo` keeps what was computed once for it (the definitions, compiled rights)."""

    def __init__(self, connection: Connection, settings: Settings, *, is_writing: bool) -> None:
        self.connection = connection
        self.dialect: str = connection.dialect.name
        self.is_writing = is_writing
        self.settings = settings
        self.zone = settings.timezone
        self.memo: dict[Any, Any] = {}
        #: Where the one who asks sits (a network address, `shell`); None where the system works for itself.
        self.origin: str | None = None
        self._after: list[Callable[[], None]] = []

    def execute(self, statement: sa.Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        return self.connection.execute(statement, parameters)

    def insert_many(self, table: sa.Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert `rows` (values in the order of `names`, made by `binder`) as fast as the driver can.

        Columns left out get what the database gives them; defaults of Python's side are not asked for.
        """
        dialect = self.connection.dialect
        quote = dialect.identifier_preparer
        columns = ", ".join(quote.quote(name) for name in names)
        if self.dialect == "sqlite":
            marks = ", ".join("?" * len(names))
            insert = f"INSERT INTO {quote.format_table(table)} ({columns}) VALUES ({marks})"  # noqa: S608 (our names)
            if given := list(rows):
                self.connection.exec_driver_sql(insert, [tuple(row) for row in given])
            return
        copy = f"COPY {quote.format_table(table)} ({columns}) FROM STDIN"
        try:
            with self.connection.connection.cursor() as cursor, cursor.copy(copy) as stream:  # type: ignore[attr-defined]
                for row in rows:
                    stream.write_row(row)
        except dialect.loaded_dbapi.Error as error:
            raise sa.exc.DBAPIError.instance(copy, None, error, dialect.loaded_dbapi.Error, dialect=dialect) from error

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the unit has committed; forgotten if it (or its savepoint) rolls back."""
        self._after.append(action)

    def run_after_commit(self) -> None:
        """For whoever has committed. The data is saved: an action that fails is logged and keeps none of the others."""
        for action in self._after:
            try:
                action()
            except Exception:
                log.exception("an action after a commit went wrong")

    def awaits(self, action: Callable[[], None]) -> bool:
        """Whether `action` still waits for the commit: a savepoint that fell took its own along."""
        return any(waiting is action for waiting in self._after)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that may fail alone; its after-commit actions fall with it."""
        kept = len(self._after)
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            del self._after[kept:]
            raise


#: Something long that needs no writer: done in a reading unit, after which the writing one begins anew.
Lacking = Callable[[Unit], object]
Look = Callable[[Unit], Lacking | None]
_looks: list[Look] = []
_LOOKS = 5  # then it is done while writing: whoever has to write gets to it


def before_writing(look: Look) -> Look:
    """Ask `look` at the beginning of each writing unit on SQLite, with one short statement at most.

    It answers None, or what is lacking and takes long. Once that is done the same state must not lack it again.
    """
    _looks.append(look)
    return look


def binder(column: sa.Column[Any], dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    """What makes of a Python value the one a driver is given for `column`; None if that is the value itself."""
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def loader(type_: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    """What makes of a driver's value the Python value of `type_`; None if that is the value itself."""
    return type_.dialect_impl(dialect).result_processor(dialect, _NUMERIC)


class Database:
    """The data of one firm. Holds a pool of connections and nothing else; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = make_engine(settings)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        clock.keep_firm_zone(settings.timezone)
        self._lock = WriteLock(_sqlite_path(settings)) if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Unit]:
        """A unit that sees one state of the data and changes nothing."""
        with self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield Unit(connection, self.settings, is_writing=False)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        """A unit that commits when the block ends well and rolls back when it raises."""
        for tries_left in range(_LOOKS, -1, -1):
            with self._writing() as unit:
                lacking = self._lacking(unit) if tries_left else None
                if lacking is None:
                    yield unit
                    break
            with self.read() as reading:  # SQLite's one writer is free meanwhile; then look again
                lacking(reading)
        unit.run_after_commit()

    @contextmanager
    def _writing(self) -> Iterator[Unit]:
        with self._lock or contextlib.nullcontext(), self.engine.connect() as connection:
            connection = connection.execution_options(mortise_write=True)
            with connection.begin():
                yield Unit(connection, self.settings, is_writing=True)

    def _lacking(self, unit: Unit) -> Lacking | None:
        """What has to be done before writing; only where a writer keeps all others waiting."""
        if not self.is_sqlite:
            return None
        return next((lacking for look in _looks if (lacking := look(unit)) is not None), None)

    def dispose(self) -> None:
        """Close all connections; call in a child process before its first use, and at the end."""
        self.engine.dispose()


class WriteLock:
    """The one writer of a SQLite file: a lock among threads, then an OS lock among processes."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".writer")
        self._threads = threading.Lock()
        self._file: int | None = None
        self._owner = 0

    def __enter__(self) -> None:
        if not self._threads.acquire(timeout=60):
            raise Busy(N_("The database is busy; try again in a moment."))
        try:
            if self._file is None or self._owner != os.getpid():  # a forked child needs a lock of its own
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._owner = os.getpid()
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        assert self._file is not None
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()


#: What a database says when the trouble is not in the request: a piece of SQLite's text or a SQLSTATE of PostgreSQL's.
_TROUBLES: tuple[tuple[str, tuple[str, ...], Message], ...] = (
    (
        "disk_full",
        ("disk is full", "disk i/o error", "53100"),
        N_("There is no room left on the server’s disk; nothing was saved. Tell your administrator."),
    ),
    (
        "read_only",
        ("readonly database", "unable to open database", "25006"),
        N_("The server cannot write its data at the moment; nothing was saved. Tell your administrator."),
    ),
    (
        "busy",
        ("is locked", "55P03", "40P01", "40001", "53300"),
        N_("The database is busy; try again in a moment."),
    ),
    (
        "unreachable",
        ("57P01", "57P02", "57P03", "08000", "08001", "08003", "08006"),
        N_("The database cannot be reached; try again in a moment."),
    ),
)


def trouble(error: BaseException) -> Busy | None:
    """What to tell people when the database, not their request, is at fault; None for everything else."""
    if isinstance(error, sa.exc.TimeoutError):
        return Busy(_TROUBLES[2][2], code="busy")
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InternalError):
        return None
    state, text = getattr(error.orig, "sqlstate", None), str(error.orig).lower()
    for code, signs, message in _TROUBLES:
        if state in signs or (state is None and any(sign in text for sign in signs if not sign[:2].isdigit())):
            return Busy(message, code=code)
    if state is None and type(error.orig).__module__.startswith("psycopg"):  # no connection, so nobody who has a code
        return Busy(_TROUBLES[3][2], code="unreachable")
    return None


def unfit(error: BaseException) -> Invalid | None:
    """What to tell people when something they gave is no value that a database keeps; None for everything else.

    Whatever reads input says so better and first. This is the net below it.
    """
    original = getattr(error, "orig", None) or error
    is_nul = isinstance(error, sa.exc.DataError) and "NUL" in str(original)
    is_half = isinstance(original, UnicodeEncodeError) and original.reason == "surrogates not allowed"
    is_large = isinstance(original, OverflowError) and "SQLite INTEGER" in str(original)
    is_large = is_large or getattr(original, "sqlstate", None) == "22003"
    if is_nul or is_half or is_large:
        return Invalid(N_("Something that was sent is too large or no text, and cannot be kept."))
    return None


def make_engine(settings: Settings) -> Engine:
    """An engine with explicit transactions: the drivers' own defaults let DDL and savepoints leak out of them."""
    if not settings.is_sqlite:
        return sa.create_engine(
            settings.database_url,
            pool_size=5,
            max_overflow=20,
            pool_pre_ping=True,
            connect_args={"options": "-c timezone=UTC -c lock_timeout=10s"},
        )
    path = _sqlite_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        settings.database_url, pool_size=5, max_overflow=20, connect_args={"check_same_thread": False}
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _sqlite_path(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///"))


def _prepare_sqlite(raw: Any, _record: Any) -> None:
    raw.isolation_level = None  # BEGIN is ours
    cursor = raw.cursor()
    for pragma in (
        "busy_timeout=10000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "journal_size_limit=67108864",
        "case_sensitive_like=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("mortise_write", False)
    if is_write:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:  # it waits for nobody and cannot fail, so it need not go through all that watches statements
        connection.connection.cursor().execute("BEGIN")
