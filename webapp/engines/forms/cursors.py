"""Cursors: where a page ended, opaque and signed, valid for one query under one version of the definitions."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from webapp.db import Unit
from webapp.errors import Invalid
from webapp.i18n import N_

_MAC = 12


def fingerprint(*parts: Any) -> str:
    """Names a query and the definitions it was made under."""
    shown = repr([sorted(p) if isinstance(p, frozenset) else p for p in _flat(parts)])
    return hashlib.sha256(shown.encode()).hexdigest()[:12]


def write(unit: Unit, fingerprint_: str, values: list[Any]) -> str:
    """A cursor after the row with these sort values (its id last)."""
    body = json.dumps([fingerprint_, *map(_pack, values)], separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_mac(unit, body) + body).decode().rstrip("=")


def read(unit: Unit, cursor: str, fingerprint_: str) -> list[Any]:
    """The values of a cursor; raises `Invalid` (`bad_cursor`) when forged, or made for another query or version."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        mac, body = raw[:_MAC], raw[_MAC:]
        if hmac.compare_digest(mac, _mac(unit, body)):
            made_for, *values = json.loads(body)
            if made_for == fingerprint_:
                return [_unpack(v) for v in values]
    except (ValueError, TypeError, KeyError):
        pass
    raise Invalid(
        N_("The list has changed its order or rules since; start again from its first page."), code="bad_cursor"
    )


def _mac(unit: Unit, body: bytes) -> bytes:
    return hmac.new(unit.settings.secret_key.encode(), b"cursor:" + body, hashlib.sha256).digest()[:_MAC]


def _flat(parts: tuple[Any, ...]) -> list[Any]:
    return [item for part in parts for item in (_flat(part) if isinstance(part, tuple) else [part])]


def _pack(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"n": str(value)}
    if isinstance(value, datetime):
        return {"m": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    return value


def _unpack(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((tag, text),) = value.items()
    return _READ[tag](text)


_READ: dict[str, Callable[[str], Any]] = {"n": Decimal, "m": datetime.fromisoformat, "d": date.fromisoformat}
