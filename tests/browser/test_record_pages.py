"""The record pages as a person with a keyboard or a screen reader meets them: axe finds nothing serious anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.browser.conftest import axe_problems
from tests.browser.test_board import Board
from webapp.db import Database


@pytest.fixture
def board(sqlite_database: Database, serve: Callable[[Flask], str]) -> Board:
    return Board(sqlite_database, serve)


@pytest.mark.parametrize("is_phone", [False, True], ids=["desk", "phone"])
def test_axe_finds_nothing_serious_on_any_record_page(
    board: Board, open_page: Callable[..., Any], is_phone: bool
) -> None:
    page = board.open(open_page(phone=is_phone))
    paths = ("/", "/crm/deal?w=amount:gt:5", "/crm/deal?view=board", "/crm/deal/new", f"/crm/deal/{board.deal}")
    found = []
    for path in paths:
        page.goto(board.url + path)
        page.wait_for_load_state("networkidle")
        found += [f"{path} {problem}" for problem in axe_problems(page)]
    assert not found, "\n".join(found)
