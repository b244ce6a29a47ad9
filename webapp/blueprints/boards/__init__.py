"""Boards: columns further down, their heads, and moving a card."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("boards", __name__)

from webapp.blueprints.boards import columns, move, several  # noqa: E402,F401  (they add routes)
