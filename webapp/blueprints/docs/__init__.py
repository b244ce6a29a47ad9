"""How programs work with this firm's data, to be read by people: `/api/docs`, made from the same description."""

import re

from flask import Blueprint
from markupsafe import Markup, escape

blueprint = Blueprint("docs", __name__)


@blueprint.app_template_filter("code")
def in_code(text: str) -> Markup:
    """What stands between backquotes, as code."""
    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts))


from webapp.blueprints.docs import pages  # noqa: E402, F401
