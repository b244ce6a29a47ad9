"""What an app follows: the catalog's document that it began with or was last upgraded to, kept with its versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from webapp.db import Unit
from webapp.definitions import tables
from webapp.definitions.document import load

_version = tables.app_version.c


def followed(unit: Unit, app: str, version: int) -> dict[str, Any] | None:
    """The catalog's document (`Document.source`) behind a version; None where the app is the firm's own."""
    query = (
        sa.select(_version.based_on)
        .where(_version.app == app, _version.version <= version, _version.based_on.is_not(None))
        .order_by(_version.version.desc())
        .limit(1)
    )
    text = unit.execute(query).scalar()
    return json.loads(text) if text is not None else None


def document(unit: Unit, app: str, version: int) -> dict[str, Any] | None:
    """What a version says itself, to be taken for the catalog's where that was never written down."""
    query = sa.select(_version.document).where(_version.app == app, _version.version == version)
    text = unit.execute(query).scalar()
    return dict(load(json.loads(text)).source) if text is not None else None


def follow(unit: Unit, app: str, version: int, base: Mapping[str, Any]) -> None:
    """This version and those after it follow `base`."""
    text = json.dumps(base, ensure_ascii=False, separators=(",", ":"), default=dict)
    here = sa.and_(_version.app == app, _version.version == version)
    unit.execute(sa.update(tables.app_version).where(here).values(based_on=text))
