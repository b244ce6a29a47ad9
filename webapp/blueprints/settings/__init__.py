"""Settings: people and their rights, the firm, apps and their versions, what the system has done. One file a page."""

from flask import Blueprint

blueprint = Blueprint("settings", __name__)

from webapp.blueprints.settings import (  # noqa: E402, F401
    apps,
    audit,
    backups,
    departments,
    draft,
    firm,
    health,
    index,
    jobs,
    member,
    members,
    roles,
    security,
    tokens,
)
