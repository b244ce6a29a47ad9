"""Seeing the product as somebody else does: for system administrators, who may see everything anyway; nothing can be
changed meanwhile. A signed cookie says whom, good for this session and half an hour.
"""

from __future__ import annotations

import dataclasses

from flask import Response, g, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from webapp.access import actors
from webapp.access.actors import Known
from webapp.errors import Denied, NotFound
from webapp.i18n import N_
from webapp.web import scope, signing

COOKIE = "mortise-see"
LASTS = 1800
#: What may be sent although it changes something: the way back.
_ALLOWED = ("settings.stop_seeing", "gate.delete")


def install(app: scope.App) -> None:
    app.before_request(_refuse_changes)
    app.context_processor(lambda: {"seeing": name()})


def begin(response: Response, member: int) -> None:
    text = _serializer().dumps({"member": member, "session": signing.session_hash()})
    response.set_cookie(
        COOKIE, str(text), max_age=LASTS, path="/", secure=signing.is_secure(), httponly=True, samesite="Lax"
    )


def stop(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", secure=signing.is_secure(), httponly=True, samesite="Lax")


def name() -> str | None:
    """Whom one is looking as; None where one is oneself."""
    known: Known | None = g.get("known")
    return known.actor.name if known is not None and known.actor.on_behalf_of is not None else None


def through(known: Known) -> Known:
    """The other person for whoever looks as him, to read alone and in the looker's own language; else as it was."""
    text = request.cookies.get(COOKIE)
    if text is None or not known.actor.is_keeper or known.actor.kind != "member":
        return known
    try:
        asked = _serializer().loads(text, max_age=LASTS)
        if not isinstance(asked, dict) or asked.get("session") != known.hash:
            return known
        seen = actors.of_member(scope.unit(), int(asked["member"]))
    except (BadSignature, NotFound, KeyError, ValueError):
        return known
    mine = known.actor
    looking = dataclasses.replace(
        seen, scope="read", on_behalf_of=mine.member, locale=mine.locale, theme=mine.theme, zone=mine.zone
    )
    return dataclasses.replace(known, actor=looking)


def _refuse_changes() -> None:
    if request.method in scope.SAFE or request.endpoint in _ALLOWED or COOKIE not in request.cookies:
        return
    if signing.actor() is not None and name() is not None:
        raise Denied(N_("You are looking as somebody else and can change nothing. End that first."), reason="seeing")


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(scope.app().settings.secret_key, salt="seeing")
