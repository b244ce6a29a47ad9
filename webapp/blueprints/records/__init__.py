"""Pages over records: lists, one record, entering, changing, removing and bringing back."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("records", __name__)

from webapp.blueprints.records import (  # noqa: E402,F401  (they add routes)
    bin,
    entry,
    facts,
    filters,
    lists,
    pickers,
    quick,
    record,
    removal,
    talk,
    undoing,
)
