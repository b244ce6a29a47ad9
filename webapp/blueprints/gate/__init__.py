"""The way in and out: sign-in, sign-out, first set-up, language before sign-in, what a member sets for himself."""

from flask import Blueprint

blueprint = Blueprint("gate", __name__)

from webapp.blueprints.gate import language, me, sessions, setup  # noqa: E402, F401
