"""Files are kept whole or not at all, once for each content, and go when nobody needs them."""

from __future__ import annotations

import errno
import io
import os
import time
from datetime import timedelta

import pytest

from tests.conftest import settings_for
from webapp import clock
from webapp.engines.forms.writing import filing
from webapp.errors import Invalid, NoRoom, NotFound, TooLarge
from webapp.files import shelf
from webapp.files.kinds import type_of
from webapp.files.store import store_of
from webapp.journal import work


def put(database, content=b"a,b\n1,2\n", name="a.csv", **more):
    store = store_of(database.settings)
    incoming = store.receive(io.BytesIO(content), most=1 << 20)
    with database.write() as unit:
        return shelf.keep(unit, store, incoming, name=name, purpose="import", **{"member": 1, **more})


def test_a_file_comes_back_as_it_was_and_equal_content_lies_there_once(database):
    one, other = put(database), put(database, name="b.csv", member=2)
    store = store_of(database.settings)
    with store.open(one.hash) as file:
        assert file.read() == b"a,b\n1,2\n"
    assert [hash_ for hash_, _ in store.contents()] == [one.hash] == [other.hash]
    with database.read() as unit:
        assert shelf.get(unit, one.id, member=1) == one
        for lookup in ({"id": one.id, "member": 2}, {"id": 999}):
            with pytest.raises(NotFound):
                shelf.get(unit, **lookup)


def test_content_goes_after_the_commit_when_no_file_names_it_any_more(database):
    one, other = put(database), put(database)
    store = store_of(database.settings)
    with database.write() as unit:
        filing.drop(unit, [one.id])
    work.run_ready(database)
    assert store.has(one.hash)
    with database.write() as unit:
        filing.drop(unit, [other.id])
    assert store.has(one.hash)
    work.run_ready(database)
    assert not store.has(one.hash)


def test_expired_files_and_what_was_left_over_go_by_night(database):
    kept, short = put(database, b"kept"), put(database, b"short", lasts=timedelta(days=7))
    store = store_of(database.settings)
    orphan = store.receive(io.BytesIO(b"orphan"), most=100)
    store.place(orphan)
    broken = store.receive(io.BytesIO(b"never placed"), most=100)
    with database.read() as unit, pytest.raises(NotFound):
        shelf.get(unit, short.id, now=clock.now() + timedelta(days=8))
    fresh = store.receive(io.BytesIO(b"just arriving"), most=100)
    past = time.time() - 100_000
    for path in (broken.path, store._path(orphan.hash), store._path(kept.hash), store._path(short.hash)):
        os.utime(path, (past, past))
    with clock.stopped(clock.now() + timedelta(hours=1)):
        assert filing.expire(database, None) == {"expired": 0, "stray": 2}
    with clock.stopped(clock.now() + timedelta(days=8)):
        assert filing.expire(database, None)["expired"] == 1
        work.run_ready(database)
    assert [hash_ for hash_, _ in store.contents()] == [kept.hash]
    assert not broken.path.exists() and not fresh.path.exists()


def test_a_unit_that_rolls_back_keeps_no_row_and_the_content_can_come_again(database):
    store = store_of(database.settings)
    incoming = store.receive(io.BytesIO(b"x"), most=10)
    with pytest.raises(RuntimeError), database.write() as unit:
        shelf.keep(unit, store, incoming, name="x", purpose="import", member=1)
        raise RuntimeError
    with database.read() as unit:
        assert not shelf.is_named(unit, incoming.hash)
    assert put(database, b"x").hash == incoming.hash


def test_what_is_too_large_or_finds_no_room_leaves_nothing_behind(sqlite_database):
    store = store_of(sqlite_database.settings)
    with pytest.raises(TooLarge):
        store.receive(io.BytesIO(b"x" * 100), most=99)

    class Full(io.BytesIO):
        def read(self, *_):
            raise OSError(errno.ENOSPC, "full")

    with pytest.raises(NoRoom):
        store.receive(Full(), most=99)
    assert list((store.root / "incoming").iterdir()) == []


def test_a_store_that_there_is_not_is_refused_in_words(tmp_path):
    with pytest.raises(Invalid, match="MORTISE_FILES_URL"):
        store_of(settings_for(tmp_path, MORTISE_FILES_URL="s3://bucket/mortise"))
    assert store_of(settings_for(tmp_path, MORTISE_FILES_URL=f"file://{tmp_path}/f")).root == tmp_path / "f"


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n..", "a.xlsx", "image/png"),
        (b"PK\x03\x04..", "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"PK\x03\x04..", "a.csv", "application/zip"),
        (b"<html><script>", "a.html", "text/plain"),
        (b"<svg onload=", "a.svg", "text/plain"),
        ("名称,电话".encode("gbk"), "a.csv", "text/csv"),
        (b"\0\1\2", "a.csv", "application/octet-stream"),
        (b"", "a.txt", "text/plain"),
    ],
)
def test_what_a_file_is_its_content_says(head, name, kind):
    assert type_of(head, name) == kind
