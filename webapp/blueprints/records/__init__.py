"""Pages over records: lists, one record, entering, changing, removing and bringing back."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("records", __name__)

from webapp.blueprints.records import entry, filters, lists, pickers, record, removal, saved  # noqa: E402,F401  (they add routes)
