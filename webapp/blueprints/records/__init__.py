"""Pages over records: lists, one record, entering, changing, removing and bringing back."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("records", __name__)

from webapp.blueprints.records import (  # noqa: E402  (they add routes)
    entry as entry,
)
from webapp.blueprints.records import (
    filters as filters,
)
from webapp.blueprints.records import (
    lists as lists,
)
from webapp.blueprints.records import (
    pickers as pickers,
)
from webapp.blueprints.records import (
    record as record,
)
from webapp.blueprints.records import (
    removal as removal,
)
from webapp.blueprints.records import (
    tags as tags,
)
