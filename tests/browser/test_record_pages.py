"""The record pages as a person with a keyboard or a screen reader meets them: axe finds nothing serious anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.browser.conftest import axe_problems, settled
from tests.browser.test_board import Board
from tests.conftest import database_of
from tests.databases import known_of
from tests.pages.conftest import Sales
from tests.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def board(request: pytest.FixtureRequest, tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[Board]:
    with database_of(request, "sqlite", tmp_path, "sales_") as database:
        yield Board(Sales(World(database, *known_of(database))), serve)


@pytest.mark.parametrize("is_phone", [False, True], ids=["desk", "phone"])
def test_axe_finds_nothing_serious_on_any_record_page(
    board: Board, open_page: Callable[..., Any], is_phone: bool
) -> None:
    page = board.open(open_page(phone=is_phone))
    paths = ("/", "/crm/deal?w=amount:gt:5", "/crm/deal?view=board", "/crm/deal/new", f"/crm/deal/{board.deal}")
    found = []
    for path in paths:
        page.goto(board.url + path)
        settled(page)
        found += [f"{path} {problem}" for problem in axe_problems(page)]
    assert not found, "\n".join(found)
