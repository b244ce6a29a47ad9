"""The firm's own settings: its name, language, currency and accent colour. Its time zone comes from the environment."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp.access import audit
from webapp.access.actor import Actor
from webapp.access.guard import require_keeper
from webapp.access.tables import setting
from webapp.db import Unit
from webapp.errors import Invalid, Problem
from webapp.i18n import LANGUAGES, N_

_KEYS = ("name", "locale", "currency", "accent", "logo")
_PICTURE = "logo_data"
LOGO_MOST = 200 * 1024
#: What a picture begins with; SVG is left out, because it can carry scripts.
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Firm:
    """`accent` is a colour such as `#1661ab`, None for the product's own; `zone` an IANA name; `currency`, as in
    ISO 4217, is that of starter apps (a builder's fields name their own)."""

    name: str
    locale: str
    zone: str
    currency: str
    accent: str | None
    logo: str | None = None  # a hash of the picture


def get(unit: Unit) -> Firm:
    return _firm(unit, read(unit, *_KEYS))


def columns() -> list[sa.Label[Any]]:
    """The firm's settings as columns of a statement that is asked anyway; its row goes to `of_row`."""
    return [
        sa.select(setting.c.value).where(setting.c.key == key).scalar_subquery().label(f"firm_{key}") for key in _KEYS
    ]


def of_row(unit: Unit, row: Any) -> Firm:
    given = {key: getattr(row, f"firm_{key}") for key in _KEYS}
    return _firm(unit, {key: json.loads(value) for key, value in given.items() if value is not None})


def _firm(unit: Unit, found: Mapping[str, Any]) -> Firm:
    return Firm(
        name=found.get("name") or "Mortise",
        locale=found.get("locale") or unit.settings.locale,
        zone=unit.zone,
        currency=found.get("currency") or "CNY",
        accent=found.get("accent"),
        logo=found.get("logo"),
    )


def change(unit: Unit, actor: Actor, values: Mapping[str, Any]) -> Firm:
    """Set some of name, locale, currency, accent; raises `Invalid` with what does not fit."""
    require_keeper(actor)
    if found := problems(values):
        raise Invalid(N_("The settings need mending."), problems=found)
    now = get(unit)
    for key, value in values.items():
        value, before = value.strip() if isinstance(value, str) else value, getattr(now, key)
        if value != before:
            write(unit, key, value)
            audit.add(unit, actor, "firm_changed", setting=key, before=before, after=value)
    return get(unit)


def set_logo(unit: Unit, actor: Actor, picture: bytes | None) -> None:
    """Show this picture (PNG, JPEG or WebP) instead of the product's mark; None takes it away."""
    require_keeper(actor)
    if picture is None:
        write(unit, _PICTURE, None)
        write(unit, "logo", None)
    else:
        kind = _picture_kind(picture)
        if kind is None:
            message = N_("A picture as PNG, JPEG or WebP is needed.")
            raise Invalid(message, problems=[Problem("logo", message)])
        if len(picture) > LOGO_MOST:
            message = N_("The picture is too large; {n} KB at most.", n=LOGO_MOST // 1024)
            raise Invalid(message, problems=[Problem("logo", message)])
        write(unit, _PICTURE, {"type": kind, "data": base64.b64encode(picture).decode()})
        write(unit, "logo", hashlib.sha256(picture).hexdigest()[:16])
    audit.add(unit, actor, "firm_changed", setting="logo", after="set" if picture else None)


def logo(unit: Unit) -> tuple[str, bytes] | None:
    """The picture's type and bytes."""
    kept = read(unit, _PICTURE).get(_PICTURE)
    return (kept["type"], base64.b64decode(kept["data"])) if kept else None


def _picture_kind(picture: bytes) -> str | None:
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for head, kind in _PICTURES.items() if picture.startswith(head)), None)


def problems(values: Mapping[str, Any]) -> list[Problem]:
    """What does not fit in these settings."""
    return [p for key, value in values.items() if (p := _problem(key, value)) is not None]


def read(unit: Unit, *keys: str) -> dict[str, Any]:
    """Settings by key, those that exist."""
    rows = unit.execute(sa.select(setting.c.key, setting.c.value).where(setting.c.key.in_(keys)))
    return {row.key: json.loads(row.value) for row in rows}


def write(unit: Unit, key: str, value: Any) -> None:
    """Set one setting, or remove it with None. For this package; others call `change`."""
    unit.execute(setting.delete().where(setting.c.key == key))
    if value is not None:
        unit.execute(setting.insert().values(key=key, value=json.dumps(value)))


def _problem(key: str, value: Any) -> Problem | None:
    if key not in _KEYS or key == "logo":
        return Problem(key, N_("There is no such setting."))
    if key == "name" and not (isinstance(value, str) and 0 < len(value.strip()) <= 100):
        return Problem(key, N_("A name of 1 to 100 characters is needed."))
    if key == "locale" and value not in LANGUAGES:
        return Problem(key, N_("This language is not there."))
    if key == "currency" and not _is_currency(value):
        return Problem(key, N_("The currency “{code}” is not known.", code=str(value)[:20]))
    if key == "accent" and value is not None and not (isinstance(value, str) and _COLOUR.fullmatch(value)):
        return Problem(key, N_("A colour such as #1661ab is needed."))
    return None


def _is_currency(value: Any) -> bool:
    from babel.numbers import list_currencies

    return value in list_currencies()
