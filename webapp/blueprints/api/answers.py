"""Sending answers of the API: compact JSON, entity tags, answers kept for repeats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Response, request
from sqlalchemy.exc import IntegrityError

from webapp import clock
from webapp.blueprints.api.bodies import BadRequest
from webapp.errors import Conflict, Invalid
from webapp.i18n import N_
from webapp.journal.tables import idempotency
from webapp.web import numbers, scope

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LONGEST_KEY = 200


def send(shape: Any, status: int = 200, version: int | None = None) -> Response:
    response = send_text(dumps(shape), status)
    if version is not None:
        response.set_etag(str(version))
    return response


def send_text(text: str, status: int = 200) -> Response:
    """The same for JSON that is written already."""
    return Response(text, status, mimetype="application/json")


def wanted_version() -> int | None:
    """The version `If-Match` asks for; `*` asks for none in particular."""
    tags = request.if_match
    if not tags or tags.star_tag:
        return None
    found = [tag or "" for tag in tags.as_set()]
    version = numbers.of(found[0], numbers.MOST_VERSIONS) if len(found) == 1 else None
    if version is None:
        raise BadRequest(N_("If-Match takes one entity tag as this record's answers carry it."))
    return version


def once(make: Callable[[], tuple[Any, int, dict[str, str]]]) -> Response:
    """Answer what `make` gives (shape, status, headers); with an `Idempotency-Key`, a repeat gets the first answer.

    The key is this actor's for 7 days and stands in the transaction of the write itself, so either both are there or
    neither. Another body under the same key is refused (`idempotency_mismatch`).
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return _made(*make())
    if not 1 <= len(key) <= _LONGEST_KEY:
        raise BadRequest(N_("An Idempotency-Key has 1 to {n} characters.", n=_LONGEST_KEY))
    unit, actor = scope.unit(), scope.actor()
    digest = hashlib.sha256(b"\0".join((request.method.encode(), request.path.encode(), request.get_data()))).digest()
    mine = sa.and_(idempotency.c.actor == actor.member, idempotency.c.key == key)
    known = unit.execute(sa.select(idempotency).where(mine)).first()
    if known is not None:
        if known.request_hash != digest:
            raise Invalid(N_("This Idempotency-Key was used for another request."), code="idempotency_mismatch")
        shape, headers = json.loads(known.answer)
        response = _made(shape, known.status, headers)
        response.headers["Idempotency-Replayed"] = "true"
        return response
    shape, status, headers = make()
    row = {"actor": actor.member, "key": key, "request_hash": digest, "status": status, "at": clock.now()}
    try:
        unit.execute(idempotency.insert().values(**row, answer=json.dumps([shape, headers])))
    except IntegrityError as error:
        raise Conflict(N_("The same request is being carried out right now.")) from error
    return _made(shape, status, headers)


def _made(shape: Any, status: int, headers: dict[str, str]) -> Response:
    response = send(shape, status)
    response.headers.update(headers)
    return response
