"""Writers and applies at once: nobody fails, and nothing is written under a rule that is no longer in force."""

from __future__ import annotations

import threading
from typing import Any

import sqlalchemy as sa

from tests.definitions.small import KEEPER, document, fields, people, publish
from webapp.db import Database
from webapp.definitions import storage, versions
from webapp.engines.forms import records
from webapp.errors import Invalid
from webapp.journal.tables import event


def test_writers_go_on_through_applies_and_keep_the_rule_of_their_version(database: Database) -> None:
    """Even versions want an amount; each record tells by its event which version it was written under."""
    with database.write() as unit:
        people(unit)
    publish(database, document())
    stop = threading.Event()
    failed: list[BaseException] = []
    refused: list[Invalid] = []

    def write(n: int) -> None:
        while not stop.is_set():
            try:
                with database.write() as unit:
                    deal = versions.current(unit).form("crm.deal")
                    records.create(unit, KEEPER, deal, {"name": f"from {n}"}, via="api")
            except Invalid as error:
                refused.append(error)
            except BaseException as error:
                failed.append(error)
                return

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    try:
        for version in range(2, 10):
            is_needed = version % 2 == 0
            made = document(
                lambda m, is_needed=is_needed, version=version: (
                    fields(m)["amount"].update(required=is_needed),
                    fields(m).update({f"extra_{version}": {"kind": "text"}}),
                )
            )
            assert publish(database, made).version == version
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert not failed, failed[0]
    assert refused, "the rule was met at least once"
    with database.read() as unit:
        version_of = event.c.definition_version
        counts: dict[int, Any] = dict(unit.execute(sa.select(version_of, sa.func.count()).group_by(version_of)).all())
    assert counts
    assert not [v for v in counts if v % 2 == 0], counts
    storage.get().finish(database)


def test_asking_for_the_definitions_is_one_tiny_statement_once_a_unit(database: Database) -> None:
    """Asking for the definitions costs one tiny statement once a unit, and nothing after that."""
    publish(database, document())
    with database.read() as unit:
        versions.current(unit)
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        with database.read() as unit:
            for _ in range(3):
                versions.current(unit)
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)
    assert len([s for s in seen if "m__epoch" in s]) == 1
    assert len([s for s in seen if "m__app" in s]) == 0
