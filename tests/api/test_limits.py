"""How much a program may ask: buckets by the clock, in one process and through a real Redis."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import DEALS, Program
from tests.worker.conftest import redis_url  # noqa: F401
from tests.world import World
from webapp import clock, create_app
from webapp.access import sessions, tokens
from webapp.db import Database
from webapp.web import limits

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


def programs(world: World, *, rate: int, queue: str | None = None) -> tuple[Any, str, str]:
    """An application with this limit, and a token each of ann and bob."""
    more = {"queue_url": queue} if queue else {}
    settings = dataclasses.replace(world.database.settings, api_rate=rate, **more)
    app = create_app(settings, Database(settings))
    with world.database.write() as unit:
        admin = world.actor("admin")
        ann, bob = (tokens.create(unit, admin, world.people[who], "t")[1] for who in ("ann", "bob"))
    return app, ann, bob


def session_of(world: World) -> str:
    with world.database.write() as unit:
        return sessions.begin(unit, world.people["ann"], device="test", lasts=timedelta(hours=1))


def test_a_token_that_asks_too_much_waits_and_others_do_not(world: World) -> None:
    app, ann, bob = programs(world, rate=6)
    program = Program(app.test_client(), ann)
    with clock.stopped(NOON):
        first = program.get(DEALS)
        assert [first.headers[f"RateLimit-{k}"] for k in ("Limit", "Remaining", "Reset")] == ["6", "5", "10"]
        assert [program.get(DEALS).status_code for _ in range(5)] == [200] * 5
        refused = program.get(DEALS)
        assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
        assert (refused.json["code"], refused.headers["Retry-After"]) == ("too_many", "10")
        assert refused.headers["RateLimit-Remaining"] == "0"
        assert Program(app.test_client(), bob).get(DEALS).status_code == 200, "a bucket for each"
        assert world.client("ann").get("/").status_code == 200, "pages are not counted"
    with clock.stopped(NOON + timedelta(seconds=9)):
        assert program.get(DEALS).status_code == 429
    with clock.stopped(NOON + timedelta(seconds=21)):
        assert [program.get(DEALS).status_code for _ in range(3)] == [200, 200, 429], "one comes back every ten seconds"
    with clock.stopped(NOON + timedelta(hours=1)):
        assert program.get(DEALS).headers["RateLimit-Remaining"] == "5", "never fuller than full"


def test_a_refused_request_asks_the_database_nothing_and_writes_nothing(world: World) -> None:
    app, ann, _ = programs(world, rate=1)
    program = Program(app.test_client(), ann)
    with clock.stopped(NOON):
        program.get(DEALS)
        with world.statements() as seen:
            answer = program.post(DEALS, {"values": {"name": "x", "stage": "contact"}})
    assert answer.status_code == 429
    assert [s for s in seen if "deal" in s or "m__token" in s] == []


def test_wrong_tokens_lock_the_address_they_come_from(world: World) -> None:
    app, ann, _ = programs(world, rate=1000)
    with clock.stopped(NOON):
        guesses = [Program(app.test_client(), f"mt_{n}").get(DEALS).status_code for n in range(40)]
        assert guesses == [401] * 30 + [429] * 10
        assert Program(app.test_client(), ann).get(DEALS).status_code == 429, "whoever sits there waits"
        elsewhere = app.test_client().get(
            DEALS, headers={"Authorization": f"Bearer {ann}"}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
        )
        assert elsewhere.status_code == 200
    with clock.stopped(NOON + timedelta(seconds=3)):
        assert Program(app.test_client(), ann).get(DEALS).status_code == 200


def test_asking_without_a_token_locks_nobody_out(world: World) -> None:
    app, ann, _ = programs(world, rate=1000)
    with clock.stopped(NOON):
        asked = [app.test_client().get(DEALS, headers=h).status_code for h in ({}, {"Authorization": "Bearer "}) * 25]
        assert set(asked) == {401}
        stale = app.test_client()
        stale.set_cookie("mortise", "a session that ended")
        assert {stale.get(DEALS).status_code for _ in range(40)} == {401}
        ended = Program(app.test_client(), "mt_of a program nobody looks after")
        assert {ended.get(DEALS).status_code for _ in range(40)} == {401}
        assert Program(app.test_client(), ann).get(DEALS).status_code == 200, "from the same address"
        for n in range(29):
            Program(app.test_client(), f"mt_{n}").get(DEALS)
        assert Program(app.test_client(), ann).get(DEALS).status_code == 429
        browser = app.test_client()
        browser.set_cookie("mortise", session_of(world))
        assert browser.get(DEALS).status_code == 200, "somebody signed in guesses no token"


def test_zero_is_no_limit(world: World) -> None:
    app, ann, _ = programs(world, rate=0)
    assert "RateLimit-Limit" not in Program(app.test_client(), ann).get(DEALS).headers


def test_a_process_forgets_the_longest_unused_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST", 3)
    buckets = limits.OwnBuckets()
    for key in "abcd":
        buckets.take(key, 1, 1, 0.0)
    assert buckets.take("a", 1, 1, 0.0).is_given, "forgotten, so full"
    assert not buckets.take("d", 1, 1, 0.0).is_given
    assert not buckets.take("d", 1, 1, -60.0).is_given, "a clock that goes back gives nothing"


@pytest.mark.redis
def test_two_processes_count_together_through_redis_and_alone_without_it(world: World, redis_url: str) -> None:  # noqa: F811
    first, ann, _ = programs(world, rate=4, queue=redis_url)
    second, *_ = programs(world, rate=4, queue=redis_url)
    with clock.stopped(NOON):
        turns = [Program(app.test_client(), ann).get(DEALS) for app in (first, second) * 3]
        assert [one.status_code for one in turns] == [200] * 4 + [429] * 2
        assert turns[1].headers["RateLimit-Remaining"] == "2"
    with clock.stopped(NOON + timedelta(seconds=15)):
        assert [Program(a.test_client(), ann).get(DEALS).status_code for a in (second, first)] == [200, 429]
    alone, *_ = programs(world, rate=2, queue="redis://127.0.0.1:1/0")
    with clock.stopped(NOON):
        codes = [Program(alone.test_client(), ann).get(DEALS).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
