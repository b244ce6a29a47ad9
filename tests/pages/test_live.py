"""The hub of open pages: who is told, by which way, and when a stream ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.conftest import settings_for
from tests.worker.conftest import redis_url  # noqa: F401  (a fixture)
from tests.world import World
from webapp import clock
from webapp.access import roles, sessions
from webapp.db import Database
from webapp.engines.forms import records
from webapp.errors import Busy
from webapp.journal import signals
from webapp.web import live


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "GUARD_EVERY", 0.1)
    monkeypatch.setattr(live, "TICK", 0.05)


@pytest.fixture
def hub(world: World, quick: None) -> Iterator[live.Hub]:
    made = live.Hub(world.database)
    is_over = threading.Event()
    made.is_ending = is_over.is_set
    yield made
    is_over.set()
    _wait(lambda: made._thread is None)


def _wait(condition: object, seconds: float = 5) -> bool:
    ends = time.monotonic() + seconds
    while not condition() and time.monotonic() < ends:  # type: ignore[operator]
        time.sleep(0.01)
    return bool(condition())  # type: ignore[operator]


def stream_of(hub: live.Hub, world: World, who: str, form: str = "crm.deal") -> tuple[live.Stream, str]:
    with world.database.write() as unit:
        cookie = sessions.begin(unit, world.people[who], device="test", lasts=timedelta(hours=1))
    from webapp.access import secret

    return hub.open(form, secret.hashed(cookie), world.people[who], None), cookie


def write(world: World, form: str = "deal") -> int:
    values = {"name": "x", **({"stage": "contact"} if form == "deal" else {})}
    with world.database.write() as unit:
        return records.create(unit, world.actor("ann"), world.form(f"crm.{form}"), values).id


def test_a_page_hears_of_its_form_alone_and_of_no_value(world: World, hub: live.Hub) -> None:
    deals, _ = stream_of(hub, world, "hal")
    accounts, _ = stream_of(hub, world, "hal", "crm.account")
    write(world)
    assert _wait(lambda: deals.is_news)
    assert not accounts.is_news
    said = deals.messages()
    assert next(said).startswith("retry")
    assert next(said) == 'event: changed\ndata: {"form": "crm.deal", "within": 50}\n\n'


def test_what_rolled_back_is_not_told(world: World, hub: live.Hub) -> None:
    deals, _ = stream_of(hub, world, "hal")
    with pytest.raises(ZeroDivisionError), world.database.write() as unit:
        records.create(unit, world.actor("ann"), world.form("crm.deal"), {"name": "x", "stage": "contact"})
        1 / 0  # noqa: B018
    time.sleep(0.3)
    assert not deals.is_news


def test_another_process_is_heard(world: World, hub: live.Hub) -> None:
    """On SQLite by looking into the journal, on PostgreSQL by a notice."""
    deals, _ = stream_of(hub, world, "hal")
    time.sleep(0.2)
    signals.off_written(hub.tell)  # what this process writes does not come by the short way
    sender = signals.connect(world.database)
    try:
        assert (sender is None) == world.database.is_sqlite
        write(world)
        assert _wait(lambda: deals.is_news, 2)
    finally:
        if sender is not None:
            signals.off_written(sender)
        signals.on_written(hub.tell)


def test_a_command_tells_before_it_ends(world: World, hub: live.Hub) -> None:
    deals, _ = stream_of(hub, world, "hal")
    signals.off_written(hub.tell)
    teller = signals.tell_at_once(world.database)
    try:
        assert (teller is None) == world.database.is_sqlite
        write(world)
        assert _wait(lambda: deals.is_news, 2)
    finally:
        if teller is not None:
            signals.off_written(teller)
        signals.on_written(hub.tell)


def test_redis_carries_the_signal_where_there_is_one(
    sqlite_database: Database,
    redis_url: str,  # noqa: F811
) -> None:
    settings = settings_for(sqlite_database.settings.data_dir, None, MORTISE_QUEUE_URL=redis_url)
    database = Database(settings)
    sender, ear = signals.connect(database), signals.listener(database)
    assert sender is not None
    try:
        assert ear.wait(0.3) == set() and ear.look_every == 5.0
        sender(frozenset({"crm.deal"}))
        heard: set[str] = set()
        assert _wait(lambda: heard.update(ear.wait(0.2)) or heard == {"crm.deal"})
    finally:
        signals.off_written(sender)
        ear.close()
        database.dispose()


def test_a_page_is_told_at_once_of_what_happened_since_it_was_drawn(world: World, hub: live.Hub) -> None:
    write(world)
    with world.database.write() as unit:
        from webapp.access import secret

        hashed = secret.hashed(sessions.begin(unit, world.people["hal"], device="t", lasts=timedelta(hours=1)))
    old = hub.open("crm.deal", hashed, world.people["hal"], clock.now() - timedelta(seconds=1))
    new = hub.open("crm.deal", hashed, world.people["hal"], clock.now() + timedelta(seconds=5))
    other = hub.open("crm.account", hashed, world.people["hal"], clock.now() - timedelta(seconds=1))
    assert (old.is_news, new.is_news, other.is_news) == (True, False, False)


def test_a_stream_ends_with_the_session_and_with_the_right(world: World, hub: live.Hub) -> None:
    ann, cookie = stream_of(hub, world, "ann")
    bob, _ = stream_of(hub, world, "bob")
    hal, _ = stream_of(hub, world, "hal")
    time.sleep(0.4)
    assert not (ann.ended or bob.ended or hal.ended)
    with world.database.write() as unit:
        sessions.end(unit, cookie)
        roles.revoke(unit, world.actor("admin"), world.people["bob"], "crm.rep")
    assert _wait(lambda: ann.ended and bob.ended)
    assert (ann.ended, bob.ended, hal.ended) == ("session", "rights", "")
    assert [*ann.messages()][-1] == "event: end\ndata: session\n\n"


def test_the_oldest_page_of_a_session_makes_room_and_a_full_server_says_so(
    world: World, hub: live.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = stream_of(hub, world, "ann")
    more = [hub.open("crm.deal", first.session, first.member, None) for _ in range(live.MOST_OF_A_SESSION)]
    assert first.ended == "crowd" and not any(one.ended for one in more)
    monkeypatch.setattr(live, "MOST", live.MOST_OF_A_SESSION)
    with pytest.raises(Busy):
        stream_of(hub, world, "bob")


def test_the_watcher_ends_with_the_last_page(world: World, hub: live.Hub) -> None:
    stream, _ = stream_of(hub, world, "ann")
    assert hub._thread is not None
    hub.close(stream)
    assert _wait(lambda: hub._thread is None)
    assert hub.tell not in signals._tellers


def test_a_stream_is_for_pages_of_those_who_may_see_the_form(world: World) -> None:
    client = world.client("ann")
    answer = client.get("/live/crm/deal")
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    assert answer.headers["X-Accel-Buffering"] == "no"
    answer.close()
    assert client.get("/live/crm/nothing").status_code == 404
    assert world.app.test_client().get("/live/crm/deal").status_code == 303
    with world.database.write() as unit:
        roles.revoke(unit, world.actor("admin"), world.people["ann"], "crm.rep")
    assert client.get("/live/crm/deal").status_code == 404
    assert _wait(lambda: world.app.live._thread is None), "what was closed holds nothing up"
