"""The way in and out: sign-in, sign-out, forgotten passwords, first set-up, language; what a member sets himself."""

from flask import Blueprint

blueprint = Blueprint("gate", __name__)

from webapp.blueprints.gate import forgotten, language, me, sessions, setup  # noqa: E402, F401
