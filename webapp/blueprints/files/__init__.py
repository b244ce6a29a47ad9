"""Files of records: uploaded for a field, and opened by whoever may see the record."""

from flask import Blueprint

blueprint = Blueprint("files", __name__)

from webapp.blueprints.files import files  # noqa: E402, F401  (its routes)
