"""Contacts that another app has shared, kept by this browser until they are records: a signed cookie."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flask import Response

from webapp.engines.forms.contacts import Contact
from webapp.web import drafts

_COOKIE = "m-shared"
_LARGEST = 2600  # of what a browser keeps in a cookie, before it is signed


def read() -> list[Contact]:
    text = drafts.read(_COOKIE, "share").get("contacts", "[]")
    return [Contact(**one) for one in json.loads(text)]


def keep(response: Response, found: Sequence[dict[str, str]]) -> None:
    """As many as fit, without what is empty; the note of one alone is cut."""
    full = [{k: v for k, v in one.items() if v} for one in found]
    while len(full) > 1 and _size(full) > _LARGEST:
        full.pop()
    while full and full[0].get("note") and _size(full) > _LARGEST:
        full[0]["note"] = full[0]["note"][: len(full[0]["note"]) * 3 // 4]
    drafts.keep(response, _COOKIE, "share", {"contacts": json.dumps(full, ensure_ascii=False)}, "/")


def drop(response: Response) -> None:
    drafts.drop(response, _COOKIE, "/")


def _size(found: list[dict[str, str]]) -> int:
    """A character may take six bytes in the cookie."""
    return len(json.dumps(found))
