"""Settings: people and their rights, the firm, apps and their versions, what the system has done. One file a page."""

from flask import Blueprint

blueprint = Blueprint("settings", __name__)

from webapp.blueprints.settings import departments, firm, index, member, members, security, tokens  # noqa: E402, F401
