"""What can be no part of an address or a form that anybody sends in good faith is refused before anything is done.

Numbers in addresses are those a database counts to; no text has a NUL, which PostgreSQL keeps nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request
from werkzeug.routing import BaseConverter, IntegerConverter, UnicodeConverter, ValidationError

from webapp.errors import Invalid
from webapp.i18n import N_
from webapp.web import scope

#: What an id can be.
LARGEST = 2**63 - 1


class Whole(IntegerConverter):
    """`<int:…>`: a whole number in plain digits that a column can hold; another address is not found."""

    regex = "[0-9]{1,19}"

    def __init__(self, map: Any, *args: Any, **settings: Any) -> None:
        super().__init__(map, *args, **{"max": LARGEST, **settings})


class Name(UnicodeConverter):
    """`<…>`: a part of an address without control characters."""

    def to_python(self, value: str) -> str:
        if any(ord(c) < 32 for c in value):
            raise ValidationError
        return super().to_python(value)


CONVERTERS: dict[str, type[BaseConverter]] = {"int": Whole, "default": Name, "string": Name}


class Unreadable(Invalid):
    code, status = "bad_request", 400


def install(app: scope.App) -> None:
    """Before any address is made."""
    app.url_map.converters.update(CONVERTERS)
    app.before_request(check)


def check() -> None:
    if _has_nul(request.args.lists()) or (request.method not in scope.SAFE and _has_nul(request.form.lists())):
        raise Unreadable(N_("What was sent has a character that no text can have (NUL)."))


def _has_nul(given: Iterable[tuple[str, list[str]]]) -> bool:
    return any("\0" in name or any("\0" in text for text in texts) for name, texts in given)
