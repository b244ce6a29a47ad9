"""What comes in over the API: query strings and JSON bodies, checked before anything is done with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask import request

from webapp.access import policy
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.errors import Invalid, MortiseError, NotFound, Problem, nearest
from webapp.i18n import N_, Message
from webapp.web import numbers, scope


class BadRequest(Invalid):
    """The request itself cannot be understood."""

    code, status = "bad_request", 400


class UnsupportedMediaType(MortiseError):
    code, status = "unsupported_media_type", 415


#: Nothing a person or a program sends in good faith nests deeper.
_DEEPEST = 40
#: Keys under which kinds judge each value, and name the field.
_JUDGED = ("values", "create", "update")
#: An escape of half a character; two that belong together are one.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def form(app: str, key: str) -> Form:
    """The form, if it exists for who asks."""
    unit, actor = scope.unit(), scope.actor()
    try:
        found = versions.current(unit).form(f"{app}.{key}")
    except NotFound:
        found = None
    if found is None or not policy.knows(unit, actor, found):
        raise NotFound(N_("There is no form “{key}”.", key=f"{app}.{key}"))
    return found


def query(allowed: Iterable[str]) -> dict[str, str]:
    """The query string; unknown keys and repeated ones are refused (400)."""
    allowed = set(allowed)
    problems = [
        Problem(key, N_("This query key is not known."), "unknown_key", nearest(key, allowed))
        for key in request.args
        if key not in allowed
    ]
    problems += [
        Problem(key, N_("This query key stands twice."), "repeated_key")
        for key in request.args
        if key in allowed and len(request.args.getlist(key)) > 1
    ]
    if problems:
        raise BadRequest(N_("The query string is not understood."), problems=problems)
    return {key: value for key, value in request.args.items() if value != ""}


def whole_number(text: str | None, name: str, default: int, most: int) -> int:
    if text is None:
        return default
    found = numbers.of(text, most)
    if not found:
        raise BadRequest(
            N_("The query string is not understood."),
            problems=[Problem(name, N_("A whole number from 1 to {n} is expected.", n=most), "range")],
        )
    return found


def body(known: Mapping[str, type | tuple[type, ...]], required: Iterable[str] = ()) -> dict[str, Any]:
    """The JSON object of the request: known keys of the right types, nothing else, and no query string."""
    query(())
    if request.mimetype not in ("application/json", "application/merge-patch+json"):
        raise UnsupportedMediaType(N_("Send the body as application/json."))
    found = parsed(request.get_data(cache=True))
    if not isinstance(found, dict):
        raise BadRequest(N_("A JSON object is expected."))
    if _has_nul({key: value for key, value in found.items() if key not in _JUDGED}):
        raise BadRequest(N_("What was sent has a character that no text can have (NUL)."))
    problems = [
        Problem(str(key)[:40], N_("This key is not known here."), "unknown_key", nearest(str(key)[:40], known))
        for key in found
        if key not in known
    ]
    problems += [Problem(key, _type_message(known[key]), "type") for key in known if not _fits(found, key, known[key])]
    problems += [Problem(key, N_("This key is missing."), "missing") for key in required if found.get(key) is None]
    if problems:
        raise BadRequest(N_("The body is not understood."), problems=problems)
    return {key: found.get(key) for key in known}


def parsed(data: bytes) -> Any:
    """JSON, within depth and size that make sense; numbers with a point stay exact."""
    from decimal import Decimal

    try:
        text = data.decode()
        if _depth(text) > _DEEPEST:
            raise BadRequest(N_("The JSON nests too deep."))
        found = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
        if _HALF.search(text):
            json.dumps(found, ensure_ascii=False, default=str).encode()  # half a character is no text
        return found
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadRequest):
            raise
        raise BadRequest(N_("The body is not valid JSON.")) from None


def _has_nul(found: Any) -> bool:
    if isinstance(found, str):
        return "\0" in found
    if isinstance(found, Mapping):
        return any("\0" in key or _has_nul(value) for key, value in found.items())
    return isinstance(found, list) and any(map(_has_nul, found))


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _depth(text: str) -> int:
    """An upper bound of how deep it nests, strings included: cheap, and enough to refuse abuse."""
    deepest = depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _fits(found: Mapping[str, Any], key: str, kind: type | tuple[type, ...]) -> bool:
    value = found.get(key)
    return value is None or (isinstance(value, kind) and not (isinstance(value, bool) and kind is int))


def _type_message(kind: type | tuple[type, ...]) -> Message:
    first = kind[0] if isinstance(kind, tuple) else kind
    return {
        dict: N_("A JSON object is expected."),
        list: N_("A list is expected here."),
        int: N_("A whole number is expected here."),
    }.get(first, N_("A text is expected here."))
