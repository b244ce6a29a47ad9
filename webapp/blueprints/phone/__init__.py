"""The product as an app on a phone: what makes it installable, the page that needs no connection, and what other apps
share with it."""

from flask import Blueprint

blueprint = Blueprint("phone", __name__)

from webapp.blueprints.phone import install, offline, share  # noqa: E402, F401
