"""Requests that change something must come from our own pages.

Two checks: where the browser says the request comes from (Sec-Fetch-Site, Origin), and a token bound to the session's
cookie (before sign-in: to a cookie of the visit). The token has no time limit, and is masked anew each time so that
compression cannot betray it. Requests with a bearer token carry no cookie and need neither.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Response, g, request
from markupsafe import Markup

from webapp.errors import Denied, Unauthenticated
from webapp.i18n import N_
from webapp.web import scope, signing

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
_SIZE = 32
#: The cookie of the visit outlives every session: where one ends under an open page, several refused requests then
#: speak of one visit, and the sheet that asks to sign in again is believed.
_VISIT = timedelta(days=400)


def install(app: scope.App) -> None:
    app.before_request(check)
    app.after_request(_keep_visit)
    app.jinja_env.globals["csrf_field"] = field
    app.context_processor(lambda: {"csrf_token": token()})


def token(seed: str | None = None) -> str:
    """A token for pages of this session, or of the session whose cookie value is `seed`."""
    digest = _digest(seed or _seed(make=True))
    mask = secrets.token_bytes(_SIZE)
    return base64.urlsafe_b64encode(mask + _xor(mask, digest)).decode()


def field() -> Markup:
    """The hidden input of a plain form."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token())


def from_elsewhere(view: Any) -> Any:
    """Mark a view to which the device itself posts, without a token of ours. It must change nothing."""
    view.is_from_elsewhere = True
    return view


def check() -> None:
    """Raise `Denied` for a request that changes something and does not come from our pages."""
    view = scope.app().view_functions.get(request.endpoint or "")
    if request.method in scope.SAFE or signing.bearer_token() is not None or getattr(view, "is_from_elsewhere", False):
        return
    if request.path.startswith("/api/") and not signing.session_cookie():
        return  # nobody's rights to borrow: a program without a token is told to sign in
    if not _is_from_here():
        raise Denied(N_("This request came from another site."), reason="csrf")
    # After a sign-in over the page its header may be old while the sheet's own field is right.
    given = [text for text in (request.headers.get(HEADER), request.form.get(FIELD)) if text]
    if not any(_is_ours(text) for text in given):
        if given and not signing.session_cookie() and not getattr(view, "is_public", False):
            raise Unauthenticated(N_("Please sign in."))  # the session's cookie has run out under an open page
        raise Denied(N_("This page is out of date. Reload it and try again."), reason="csrf")


def _is_from_here() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    return origin in (_origin(request.host_url), _origin(scope.app().settings.base_url))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_ours(text: str) -> bool:
    seed = _seed(make=False)
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii"))
    except ValueError:
        return False
    if not seed or len(raw) != 2 * _SIZE:
        return False
    return hmac.compare_digest(_xor(raw[:_SIZE], raw[_SIZE:]), _digest(seed))


def _digest(seed: str) -> bytes:
    key = scope.app().settings.secret_key.encode()
    return hmac.new(key, b"csrf:" + seed.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def _visit_name() -> str:
    return signing.cookie_name() + "-visit"


def _seed(*, make: bool) -> str:
    found = signing.session_cookie() or request.cookies.get(_visit_name()) or g.get("new_visit")
    if not found and make:
        found = g.new_visit = secrets.token_urlsafe(24)
    return found or ""


def _keep_visit(response: Response) -> Response:
    if "new_visit" in g:
        response.set_cookie(
            _visit_name(),
            g.new_visit,
            max_age=_VISIT,
            path="/",
            secure=signing.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return response
