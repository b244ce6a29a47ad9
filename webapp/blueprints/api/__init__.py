"""The REST API, version 1: tokens act as their member, with that member's rights."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

from webapp.blueprints.api import aggregates, apps, batches, comments, conversions, files, records, specification  # noqa: E402, F401
