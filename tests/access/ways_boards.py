"""Ways out of a board: its cards, the heads above them, its lanes."""

from __future__ import annotations

from typing import Any

from tests.access.ways import Case, refused, way
from tests.access.ways_grid import may, scope
from webapp.definitions.model import View
from webapp.engines.forms.board import board_settings, boards, lanes, watched
from webapp.engines.forms.viewing import views
from webapp.engines.forms.viewing.views import Asked

CARD = ["account", "name", "code", "phone", "amount", "cost", "partner"]


def asked(**more: Any) -> Asked:
    return Asked(View("", "kanban", "", {"by": "stage", "card": CARD, "total": "cost", "color": "stage", **more}))


def words(card: Any) -> tuple[Any, ...]:
    """All that a card says."""
    face = card.face
    cells = [c and c.text for c in (face.number, face.when, face.person, *face.lines)]
    return (card.id, card.version, card.title, face.head, face.sub, cells, face.mark, face.tags)


@way("board")
def cards_and_heads_are_of_visible_records_and_readable_fields(case: Case) -> None:
    if not case.exists("deal"):
        assert refused(lambda: boards.columns(scope(case), asked()))
        return
    at, visible = scope(case), case.visible("deal")
    if not may(case, "stage"):
        assert not views._lies(at, "stage"), "no board by what one may not read"
        return
    found = boards.columns(at, asked(), limit=500)
    assert sorted(card.id for column in found for card in column.cards) == sorted(row.id for row in visible)
    keys = board_settings.card_keys(at, asked())
    assert all(case.reference.level(case.person, "deal", key) != "hidden" for key in keys)
    accounts = {row.values["name"] for row in case.visible("account")} if case.exists("account") else set()
    hidden = {row.values["name"] for row in case.reference.rows["account"]} - accounts
    for column in found:
        for card in column.cards:
            texts = {card.face.head, card.face.sub, *(line.text for line in card.face.lines)}
            assert not texts & {name for name in hidden if name}, "the name of an account out of sight"
    for by in ("account", "partner", "cost"):
        laid = asked().changed(by=by)
        if board_settings.by_field(at, laid).key != by:
            continue
        assert by != "cost" and may(case, by)
        columns = boards.columns(at, laid, limit=500)
        assert sorted(card.id for column in columns for card in column.cards) == sorted(row.id for row in visible)
        assert sum(head.count for head in boards.heads(at, laid).values()) == len(visible)
        if by == "account":
            assert {column.tag.text for column in columns if column.value} <= accounts | {None}
            ids = {str(row.id) for row in case.visible("account")} if case.exists("account") else set()
            assert {column.value for column in columns if column.value} <= ids
    heads = boards.heads(at, asked())
    assert sum(head.count for head in heads.values()) == len(visible)
    assert may(case, "cost") or all(head.total is None for head in heads.values())


@way("board lanes")
def lanes_are_of_visible_records_and_of_names_one_may_read(case: Case) -> None:
    if not case.exists("deal") or not may(case, "stage"):
        return
    at, visible = scope(case), {row.id for row in case.visible("deal")}
    for key in ("partner", "account", "phone", "cost"):
        laid = asked(lanes=key)
        if board_settings.lane_key(at, laid) is None:
            continue
        assert key in ("partner", "account") and may(case, key)
        found = lanes.lanes(at, laid, lanes.columns_of(at, laid))
        assert sum(lane.count for lane in found) == len(visible)
        seen = {card.id for lane in found for column in lane.columns or () for card in column.cards}
        assert seen <= visible
        if key == "account":
            names = {row.values["name"] for row in case.visible("account")} if case.exists("account") else set()
            assert {lane.text for lane in found if lane.value} <= names


@way("board news")
def an_open_board_is_told_of_visible_records_and_shared_by_those_who_see_the_same(case: Case) -> None:
    if not case.exists("deal") or not may(case, "stage"):
        return
    at, visible = scope(case), {row.id for row in case.visible("deal")}
    hidden = {row.id for row in case.reference.rows["deal"]} - visible
    told: dict[Any, Any] = case.reference.__dict__.setdefault("told", {})  # of the whole world, over all its people
    for changes in ({}, {"filter": "partner = me()"} if may(case, "partner") else {}):
        board = asked().changed(**changes)
        watch = watched.Watched(at, board)
        assert not watch.is_concerned(at, frozenset(hidden)), "what is out of sight concerns nobody"
        if not changes:
            assert all(watch.is_concerned(at, frozenset({id_})) for id_ in list(visible)[:3])
        found = watch.look(at)
        shown = {id_ for lot in found.lots for id_, _ in lot.cards}
        assert shown <= visible and {card.id for card in found.cards} == shown
        cards = [words(card) for card in found.cards]
        said = (found.lots, cards, watch.heads(at), board_settings.card_keys(at, board))
        assert told.setdefault(watched.key(at, board), said) == said, "shared by people who see different things"
        columns = boards.columns(at, board, whole=True)
        assert cards == [words(card) for column in columns for card in column.cards]
        for id_ in list(hidden)[:3]:
            assert all(boards.cursor_behind(at, board, value, id_) is None for value in boards.values(at, board))
