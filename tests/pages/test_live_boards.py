"""Boards that are told what has changed: once for all who see the same, and to each only what he may see."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.pages.conftest import Sales
from webapp.access import roles, secret, sessions
from webapp.blueprints.boards import news as boards_news
from webapp.blueprints.boards.news import News
from webapp.engines.forms import records
from webapp.web.streams import Seat, Stream

BOARD = "view=board"
CONTACT, QUOTE = 0, 1


class Room:
    """Open boards of the firm, told by hand. `news` answers what a stream was sent since the last time."""

    def __init__(self, sales: Sales) -> None:
        self.sales, self.world = sales, sales.world
        self.teller = News(self.world.app)
        self.streams: list[Stream] = []

    def open(self, who: str, query: str = BOARD, locale: str = "en") -> Stream:
        with self.world.database.write() as unit:
            cookie = sessions.begin(unit, self.world.people[who], device="test", lasts=timedelta(hours=1))
        seat = Seat(query, locale)
        self.streams.append(Stream("crm.deal", secret.hashed(cookie), self.world.people[who], seat))
        return self.streams[-1]

    def tell(self, *changed: int, nobody_knows: bool = False) -> list[str]:
        """Tell all; answers the statements it took."""
        with self.world.statements() as said:
            self.teller.tell(self.streams, {"crm.deal": None if nobody_knows else frozenset(changed)})
        return said

    def move(self, deal: int, stage: str, who: str = "admin") -> None:
        self.change(deal, who, stage=stage)

    def change(self, deal: int, who: str = "admin", **values: Any) -> None:
        with self.world.database.write() as unit:
            records.update(unit, self.world.actor(who), self.world.form("crm.deal"), deal, values)


def news(stream: Stream) -> dict[str, Any] | None:
    text, stream._board = stream._board, None
    return json.loads(text) if text else None


def ids(said: dict[str, Any] | None) -> set[int]:
    """The records that a piece of news names."""
    if said is None:
        return set()
    return {id_ for lot in said["lots"] for id_, _ in lot["cards"]} | {int(id_) for id_ in said["cards"]}


@pytest.fixture
def room(sales_: Sales, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(boards_news, "_REST", 0)  # heads are counted each time
    return Room(sales_)


def test_a_move_is_told_as_the_columns_it_changed_and_the_card(room: Room) -> None:
    first, second = room.sales.deal("Line 1", amount="100"), room.sales.deal("Line 2", amount="50")
    ann, hal = room.open("ann"), room.open("hal")
    room.tell(first)
    assert ids(news(ann)) == ids(news(hal)) == {first, second}
    room.move(first, "quote")
    room.tell(first)
    said = news(ann)
    assert said is not None
    assert [(lot["place"], [id_ for id_, _ in lot["cards"]]) for lot in said["lots"]] == [
        (CONTACT, [second]),
        (QUOTE, [first]),
    ]
    assert set(said["cards"]) == {str(first)} and "Line 1" in said["cards"][str(first)]
    assert said["heads"]["count-0"] == said["heads"]["count-1"] == "1" and said["count"] == "2"
    version = room.sales.version(first)
    assert said["lots"][1]["cards"] == [[first, version]]
    room.tell(first)
    assert news(ann) is None, "nothing has changed since"


def test_the_same_board_is_worked_out_once_for_all_who_see_the_same(room: Room) -> None:
    deal = room.sales.deal("Line 1")
    one = [room.open("admin")]
    room.tell(deal)
    room.move(deal, "quote")
    alone = len(room.tell(deal))
    more = [room.open("admin") for _ in range(5)]
    room.tell(deal)
    room.move(deal, "contact")
    together = room.tell(deal)
    assert len(together) == alone, "five more boards ask nothing more"
    assert len({id(stream.place.board) for stream in one + more}) == 1
    assert all(news(stream) for stream in more)


def test_nobody_shares_a_board_with_whom_he_does_not_share_every_row(room: Room) -> None:
    mine, theirs = room.sales.deal("Ann’s"), room.sales.deal("Bob’s", "bob")
    room.change(theirs, cost="8888")
    ann, bob, hal, admin = (room.open(who) for who in ("ann", "bob", "hal", "admin"))
    room.tell(mine, theirs)
    assert (ids(news(ann)), ids(news(bob))) == ({mine}, {theirs})
    assert (ids(news(hal)), ids(news(admin))) == ({mine}, {mine, theirs})
    assert len({id(stream.place.board) for stream in room.streams}) == 4
    costly = f"{BOARD}&cols=name,cost"
    rep, keeper = room.open("ann", costly), room.open("admin", costly)
    room.change(mine, cost="9999")
    room.tell(mine)
    seen, known = json.dumps(news(rep)), json.dumps(news(keeper))
    assert "9,999" in known and "9,999" not in seen and "8,888" not in seen


def test_a_filter_by_oneself_a_language_and_a_zone_make_another_board_and_a_look_does_not(room: Room) -> None:
    from webapp.access import members

    world = room.world
    for who in ("ann", "bob"):
        world.grant(who, "keeper")
    deal = room.sales.deal("Line 1", "admin")
    plain = [room.open("ann"), room.open("bob")]
    mine = [room.open(who, f"{BOARD}&f=owner+%3D+me%28%29") for who in ("ann", "bob")]
    chinese = room.open("ann", locale="zh")
    room.change(deal, owner=world.people["ann"])
    room.tell(deal)
    assert plain[0].place.board is plain[1].place.board
    assert [ids(news(one)) for one in mine] == [{deal}, set()]
    assert chinese.place.board is not plain[0].place.board
    with world.database.write() as unit:
        members.prefer(unit, world.actor("bob"), world.people["bob"], theme="dark")
    room.tell(deal)
    assert plain[0].place.board is plain[1].place.board
    with world.database.write() as unit:
        members.prefer(unit, world.actor("bob"), world.people["bob"], zone="America/New_York")
    room.tell(deal)
    assert plain[0].place.board is not plain[1].place.board


def test_a_right_that_was_taken_away_holds_for_the_very_next_piece(room: Room) -> None:
    deal = room.sales.deal("Line 1")
    hal = room.open("hal")
    room.tell(deal)
    assert ids(news(hal)) == {deal}
    with room.world.database.write() as unit:
        roles.revoke(unit, room.world.actor("admin"), room.world.people["hal"], "crm.head")
    room.move(deal, "quote")
    room.tell(deal)
    assert news(hal) is None and hal.is_news, "the page asks, and is told that there is nothing"


def test_what_lies_elsewhere_costs_one_question_and_no_board(room: Room) -> None:
    mine, theirs = room.sales.deal("Ann’s"), room.sales.deal("Bob’s", "bob")
    ann = room.open("ann")
    room.tell(mine)
    news(ann)
    room.move(theirs, "quote")
    quiet = len(room.tell(theirs))
    assert news(ann) is None
    room.move(mine, "quote")
    loud = len(room.tell(mine))
    assert news(ann) is not None and quiet < loud
    room.change(theirs, owner=room.world.people["ann"])
    room.tell(theirs)
    assert ids(news(ann)) == {mine, theirs}, "it came to her"
    room.change(theirs, owner=room.world.people["bob"])
    room.tell(theirs)
    said = news(ann)
    assert said is not None and theirs not in ids(said) and said["count"] == "1"


def test_a_full_column_goes_on_behind_its_last_card_for_each_reader(room: Room) -> None:
    deals = [room.sales.deal(f"Line {n}") for n in range(23)]
    ann, hal = room.open("ann"), room.open("hal")
    room.tell(nobody_knows=True)
    said, theirs = news(ann), news(hal)
    assert said is not None and theirs is not None
    lot = next(lot for lot in said["lots"] if lot["place"] == CONTACT)
    assert [id_ for id_, _ in lot["cards"]] == deals[:2:-1]
    address = lot["more"].split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    for who in ("ann", "hal"):
        page = room.sales.get(address, who, part=True)
        assert [f'id="card-{id_}"' in page.text for id_ in deals[:4]] == [True, True, True, False]
    room.move(deals[3], "quote")
    answer = room.sales.get(address, part=True)
    assert "m:refresh" in answer.headers["HX-Trigger"], "the card behind which it went on has left"


def test_a_page_that_is_behind_or_slow_asks_for_itself(room: Room) -> None:
    deal = room.sales.deal("Line 1")
    ann = room.open("ann")
    room.tell(deal)
    room.move(deal, "quote")
    room.tell(deal)
    assert news(ann) is None and ann.is_news, "what it had not taken in is not lost"
    late = room.open("ann")
    late.is_late = True
    room.tell()
    said = news(late)
    assert said is not None and ids(said) == {deal} and not said["cards"], "where everything stands, and nothing twice"


def test_lanes_and_views_that_are_gone_ask_for_themselves(room: Room) -> None:
    deal = room.sales.deal("Line 1")
    lanes, gone = room.open("ann", f"{BOARD}&group=owner"), room.open("ann", "view=none")
    room.tell(deal)
    assert lanes.is_news and gone.is_news
