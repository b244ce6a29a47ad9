"""Whole numbers in what a browser sends: bounded, and None where there is none. None of them is a server's error."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request

#: What both databases hold.
MOST = 10**18 - 1
#: Versions of records and apps.
MOST_VERSIONS = 10**9 - 1


def of(text: str | None, most: int = MOST) -> int | None:
    """The number that a text is, from 0 to `most`."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > len(str(most)):
        return None
    found = int(text)
    return found if found <= most else None


def among(texts: Iterable[str], most: int = MOST) -> list[int]:
    """Those of several texts that are numbers, each once, in their order."""
    return list(dict.fromkeys(found for text in texts if (found := of(text, most)) is not None))


def sent(name: str, most: int = MOST) -> int | None:
    """The number in a form's field."""
    return of(request.form.get(name), most)


def asked(name: str, most: int = MOST) -> int | None:
    """The number in the address."""
    return of(request.args.get(name), most)
