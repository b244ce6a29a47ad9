"""Two people at one form of settings: what it showed is sent along, and a save over something else is refused."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import request

from webapp.errors import Stale
from webapp.i18n import N_

FIELD = "m__seen"


def stamp(*shown: Any) -> str:
    """What stands for these values in the form, in the hidden input `m__seen`."""
    text = json.dumps(shown, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def require(now: str) -> None:
    """Raise `Stale` unless the form was drawn from what stands now."""
    if request.form.get(FIELD) != now:
        raise Stale(
            N_(
                "Somebody else has changed this meanwhile. What you typed is still here, and what stands now is shown "
                "beside it; saving again keeps yours."
            )
        )
