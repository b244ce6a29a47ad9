"""Pages over records: lists, one record, entering, changing, removing and bringing back."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("records", __name__)

from webapp.blueprints.records import (  # noqa: E402  (they add routes)
    adding,  # noqa: F401
    bin,  # noqa: F401
    bulk,  # noqa: F401
    cells,  # noqa: F401
    columns,  # noqa: F401
    convert,  # noqa: F401
    entry,  # noqa: F401
    facts,  # noqa: F401
    filters,  # noqa: F401
    known,  # noqa: F401
    lists,  # noqa: F401
    pickers,  # noqa: F401
    pool,  # noqa: F401
    reasons,  # noqa: F401
    record,  # noqa: F401
    removal,  # noqa: F401
    saved,  # noqa: F401
    tags,  # noqa: F401
    talk,  # noqa: F401
    undoing,  # noqa: F401
)
