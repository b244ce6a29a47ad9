"""Who is behind a request: a session by cookie or a token by header, found once and remembered."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

from flask import Response, g, request
from flask_login import LoginManager, UserMixin

from webapp import clock
from webapp.access import actors, sessions, tokens
from webapp.access.actor import Actor
from webapp.access.firm import Firm
from webapp.errors import Busy, Unauthenticated
from webapp.i18n import N_
from webapp.web import scope

#: How long a device that asked to be remembered stays signed in; others end with the browser or after a day.
REMEMBERED = timedelta(days=30)
NOT_REMEMBERED = timedelta(hours=24)
_NOTED_EVERY = timedelta(minutes=5)


class User(UserMixin):
    """What Flask-Login knows of somebody who is signed in."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.id = str(actor.member)


def install(app: scope.App) -> None:
    manager = LoginManager()
    manager.session_protection = None  # sessions are rows; there is no cookie of Flask's to protect
    manager.init_app(app, add_context_processor=False)
    manager.request_loader(_user)
    manager.user_loader(lambda _id: None)
    manager.unauthorized_handler(_refuse)
    app.before_request(_need_sign_in)
    app.teardown_request(_note)


def public(view: Any) -> Any:
    """Mark a view that people may open before they sign in; all others need a session or a token."""
    view.is_public = True
    return view


def actor() -> Actor | None:
    """The actor of this request, looked up once; None before sign-in."""
    known = _known()
    return known.actor if known else None


def firm() -> Firm | None:
    """The firm as it was when the actor was looked up; None before sign-in."""
    known = _known()
    return known.firm if known else None


def _known() -> actors.Known | None:
    if "known" not in g:
        g.known = None  # a lookup that raises is not tried again for the error page
        g.known = _find()
    found: actors.Known | None = g.known
    return found


def session_hash() -> str | None:
    """What names the session behind this request; None for a token and before sign-in."""
    known = _known()
    return known.hash if known and known.actor.kind == "member" else None


def forget() -> None:
    """Look again at the next question (after signing in or out)."""
    g.pop("known", None)


def _find() -> actors.Known | None:
    bearer = bearer_token()
    if bearer is not None:
        return actors.by_token(scope.unit(), bearer)
    cookie = session_cookie()
    known = actors.by_session(scope.unit(), cookie) if cookie else None
    if known is None:
        return None
    from webapp.web import seeing

    return seeing.through(known)


def bearer_token() -> str | None:
    """The token of an `Authorization: Bearer` header; None if there is no such header."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


def address() -> str:
    """The network address that asks; trusted proxies are seen through (`webapp.web.proxies`)."""
    return request.remote_addr or ""


def is_secure() -> bool:
    """Whether the browser talks https: by the address people use, or because a trusted proxy says so."""
    return scope.app().settings.is_https or request.is_secure


def cookie_name() -> str:
    return "__Host-mortise" if is_secure() else "mortise"


def session_cookie() -> str | None:
    return request.cookies.get(cookie_name()) or None


def set_session_cookie(response: Response, value: str, *, remember: bool) -> None:
    response.set_cookie(
        cookie_name(),
        value,
        max_age=int(REMEMBERED.total_seconds()) if remember else None,
        path="/",
        secure=is_secure(),
        httponly=True,
        samesite="Lax",
    )


def clear_session_cookie(response: Response) -> None:
    response.delete_cookie(cookie_name(), path="/", secure=is_secure(), httponly=True, samesite="Lax")


def _user(_request: Any) -> User | None:
    found = actor()
    return User(found) if found else None


def _refuse() -> Response:
    raise Unauthenticated(N_("Please sign in."))


def _need_sign_in() -> None:
    view = scope.app().view_functions.get(request.endpoint or "")
    if request.method == "OPTIONS" or getattr(view, "is_public", False) or view is None:
        return
    if actor() is None:
        raise Unauthenticated(N_("Please sign in."))


def _note(_error: BaseException | None) -> None:
    """Write down, at most every five minutes, that a session or token was used."""
    known = g.get("known")
    if known is None or (known.noted_at and clock.now() - known.noted_at < _NOTED_EVERY):
        return
    scope.end_unit(commit=False)
    with contextlib.suppress(Busy), scope.database().write() as unit:  # noted next time
        (tokens if known.actor.kind == "token" else sessions).note_use(unit, known.hash)
