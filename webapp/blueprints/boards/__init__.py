"""Boards: columns further down, their heads, and moving a card."""

from __future__ import annotations

from typing import cast

from flask import Blueprint
from flask.sansio.blueprints import BlueprintSetupState

from webapp.web import scope

blueprint = Blueprint("boards", __name__)

from webapp.blueprints.boards import columns, move, several  # noqa: E402,F401  (they add routes)
from webapp.blueprints.boards.news import News  # noqa: E402


@blueprint.record_once
def _tell_boards(state: BlueprintSetupState) -> None:
    app = cast(scope.App, state.app)
    app.live.boards = News(app)
