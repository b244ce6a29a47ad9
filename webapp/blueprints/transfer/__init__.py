"""Files in and out: the import wizard, forms made from a file, exports."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("transfer", __name__)

from webapp.blueprints.transfer import columns, exports, founding, results, uploads  # noqa: E402,F401  (they add routes)
