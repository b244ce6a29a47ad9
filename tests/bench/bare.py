"""The floor: a bare Flask application under the same gunicorn settings, with the same SQL and the same bytes.

    python -m tests.bench.bare SCRIPT PORT

SCRIPT is JSON: the database, and for each route what it does (see `tests.bench.script`). Reading routes run the
statements the product was seen to run and answer with the bytes it answered; `rows` goes over the rows with a plain
Jinja loop; writing routes write one record and one journal row in one transaction.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import random
import sqlite3
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, Response
from jinja2 import Environment

_TABLE = Environment(autoescape=True).from_string(
    "{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}"
)
_STAGES = ("contact", "need", "quote", "talk", "won", "lost")


class Connections:
    """Connections of the bare driver, kept open and lent out."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: queue.LifoQueue[Any] = queue.LifoQueue()

    @contextmanager
    def one(self) -> Iterator[Any]:
        try:
            connection = self._free.get_nowait()
        except queue.Empty:
            connection = connect(self._url)
        try:
            yield connection
        finally:
            self._free.put(connection)


def connect(url: str) -> Any:
    """A connection of the bare driver that begins no transaction by itself."""
    if url.startswith("sqlite"):
        made = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
        for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            made.execute(f"PRAGMA {pragma}")
        made.execute("PRAGMA case_sensitive_like=ON")
        return made
    import psycopg

    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)


def decoded(parameters: Any) -> Any:
    """Parameters as they were kept in JSON: a list is a tuple of places, an object has names."""
    if isinstance(parameters, dict):
        return {name: _value(value) for name, value in parameters.items()}
    return tuple(_value(value) for value in parameters)


def _value(value: Any) -> Any:
    return bytes.fromhex(value["bytes"]) if isinstance(value, dict) else value


def run(cursor: Any, statements: list[Any]) -> list[Any]:
    rows: list[Any] = []
    for text, parameters in statements:
        cursor.execute(text, decoded(parameters))
        rows = cursor.fetchall() or rows
    return rows


def application(script: dict[str, Any]) -> Flask:
    app = Flask("bare", static_folder=None)
    connections = Connections(script["url"])
    for name, route in script["routes"].items():
        made = _WAYS[route["way"]](route, connections, script["url"].startswith("sqlite"))
        app.add_url_rule(f"/{name}", name, made, methods=["GET", "POST", "PATCH"])
    return app


def _same(route: dict[str, Any], connections: Connections, is_sqlite: bool) -> Callable[[], Response]:
    body, kind = route["body"].encode(), route["type"]

    def view() -> Response:
        with connections.one() as connection:
            run(connection.cursor(), route["statements"])
        return Response(body, mimetype=kind)

    return view


def _rows(route: dict[str, Any], connections: Connections, is_sqlite: bool) -> Callable[[], Response]:
    def view() -> Response:
        with connections.one() as connection:
            rows = run(connection.cursor(), route["statements"])
        return Response(_TABLE.render(rows=rows), mimetype="text/html")

    return view


def _create(route: dict[str, Any], connections: Connections, is_sqlite: bool) -> Callable[[], Response]:
    (insert, record), (journal, event) = route["statements"]
    body = route["body"].encode()

    def write(cursor: Any) -> None:
        cursor.execute(insert, _with(record, route["client_at"], str(uuid.uuid4())))
        id_ = cursor.lastrowid if is_sqlite else cursor.fetchone()[0]
        cursor.execute(journal, _with(event, route["record_at"], id_))

    return _writing(connections, write, body, 201, is_sqlite)


def _move(route: dict[str, Any], connections: Connections, is_sqlite: bool) -> Callable[[], Response]:
    mark = "?" if is_sqlite else "%s"
    update = (
        f"UPDATE bench__deal SET stage = {mark}, version = version + 1, updated_at = {mark}, updated_by = {mark} "
        f"WHERE id = {mark}"
    )
    ((journal, event),) = route["statements"]
    ids, turns, body = route["ids"], itertools.count(random.randrange(100)), route["body"].encode()

    def write(cursor: Any) -> None:
        n = next(turns)
        id_ = ids[n % len(ids)]
        cursor.execute(update, (_STAGES[(n // len(ids) + id_) % 6], route["now"], 1, id_))
        cursor.execute(journal, _with(event, route["record_at"], id_))

    return _writing(connections, write, body, 200, is_sqlite)


def _writing(
    connections: Connections, write: Callable[[Any], None], body: bytes, status: int, is_sqlite: bool
) -> Callable[[], Response]:
    def view() -> Response:
        with connections.one() as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE" if is_sqlite else "BEGIN")
            try:
                write(cursor)
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")
        return Response(body, status, mimetype="application/json")

    return view


def _with(parameters: Any, at: Any, value: Any) -> Any:
    parameters = decoded(parameters)
    if isinstance(parameters, dict):
        return {**parameters, at: value}
    return (*parameters[:at], value, *parameters[at + 1 :])


_WAYS: dict[str, Callable[[dict[str, Any], Connections, bool], Callable[[], Response]]] = {
    "same": _same,
    "rows": _rows,
    "create": _create,
    "move": _move,
}


def main() -> None:
    from webapp.config import Settings
    from webapp.serving import web

    class Bare(web.Server):
        def load(self) -> Any:
            return application(json.loads(Path(sys.argv[1]).read_text("utf-8")))

        def _after_fork(self, server: Any, worker: Any) -> None:
            random.seed(os.getpid())

    settings = Settings.from_env({"MORTISE_DATA_DIR": "/nonexistent", "MORTISE_SECRET_KEY": "none"})
    listener = web.listen("127.0.0.1", int(sys.argv[2]))
    Bare(settings, listener, 2).run()


if __name__ == "__main__":
    main()
