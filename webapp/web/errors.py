"""Error pages: in the person's language, whole or as a part, and as problem documents for the API."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from flask import Response, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.urls import iri_to_uri

from webapp import db
from webapp.access import roles
from webapp.errors import Denied, MortiseError, Problem, TooMany, Unauthenticated
from webapp.i18n import N_, Message
from webapp.web import language, respond, scope
from webapp.web.htmx import htmx

log = logging.getLogger("mortise.web")

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

#: So many administrators are named where a right is missing.
_ASKED = 3

#: status → icon, heading, what it means.
_SAID: dict[int, tuple[str, Message, Message]] = {
    400: (
        "alert-circle",
        N_("This request cannot be read"),
        N_("Something in the address or in what was sent is not right."),
    ),
    403: ("lock", N_("You may not do this"), N_("Your roles do not allow it. An administrator can change that.")),
    404: (
        "map-search",
        N_("There is nothing here"),
        N_("The address may be wrong, the record may be deleted, or it lies outside what you may see."),
    ),
    405: ("map-search", N_("This does not work here"), N_("The address exists, but not for this kind of request.")),
    409: ("alert-circle", N_("This does not fit what is there"), N_("Something stands in the way.")),
    410: ("clock-off", N_("This is no longer here"), N_("The link has been used or has expired.")),
    412: ("refresh", N_("Somebody else changed this meanwhile"), N_("Reload to see the present state.")),
    413: ("file-alert", N_("This is too large"), N_("What was sent is larger than this server takes.")),
    415: ("file-alert", N_("This kind of content is not taken"), N_("Something else was expected here.")),
    422: ("alert-circle", N_("Something needs mending"), N_("Nothing was saved.")),
    429: ("clock-pause", N_("Too many tries"), N_("Wait a moment, then try again.")),
    500: (
        "plug-connected-x",
        N_("Something went wrong; what you typed is still there"),
        N_("Try once more. If it fails again, give the number to your administrator."),
    ),
    503: ("hourglass", N_("The server is busy"), N_("Try again in a moment.")),
}


def install(app: scope.App) -> None:
    app.register_error_handler(MortiseError, _expected)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _expected(error: MortiseError) -> Response:
    if isinstance(error, Unauthenticated):
        return _lapsed(error)
    if error.status >= 500 and error.status != 503:
        return _unexpected(error)
    is_right = isinstance(error, Denied) and error.detail.get("reason") != "csrf"
    response = answer(error.status, error.code, error.message, error.problems, is_right=is_right)
    if isinstance(error, TooMany) and "retry_after" in error.detail:
        response.headers["Retry-After"] = str(error.detail["retry_after"])
    return response


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # redirects to the canonical address
        return make_response(error.get_response())
    if error.code >= 500 and error.code != 503:
        return _unexpected(error)
    response = answer(error.code, _code(error.code), None)
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    """Log with a short number that the person can tell the administrator; a full disk and the like are told as such."""
    error = getattr(error, "original_exception", None) or error
    if (known := db.trouble(error)) is not None:
        log.error("%s at %s %s", known.code, request.method, request.path, exc_info=error)
        return answer(known.status, known.code, known.message)
    if (wrong := db.unfit(error)) is not None:
        log.warning("unfit input at %s %s: %s", request.method, request.path, error)
        return answer(wrong.status, wrong.code, wrong.message)
    number = (
        "".join(secrets.choice(_LETTERS) for _ in range(4)) + "-" + "".join(secrets.choice(_LETTERS) for _ in range(2))
    )
    log.error("error %s at %s %s", number, request.method, request.path, exc_info=error)
    if scope.app().testing:
        raise error
    return answer(500, "internal", None, number=number)


def answer(
    status: int,
    code: str,
    message: Message | None,
    problems: tuple[Problem, ...] = (),
    *,
    number: str | None = None,
    is_right: bool = False,
) -> Response:
    """The error as a problem document for the API, as a part for htmx, else as a page of its own.

    is_right  a right is missing: a page says who could give it
    """
    icon, heading, meaning = _SAID.get(status) or _SAID[400 if status < 500 else 500]
    try:
        locale = language.locale()
        shown = {
            "status": status,
            "icon_name": icon,
            "heading": heading.text(locale),
            "text": (message if message is not None and (status != 404 or wants_json()) else meaning).text(locale),
            "problems": [(p.path, p.text(locale)) for p in problems],
            "number": number,
            "again": request.full_path.rstrip("?") if request.method == "GET" else None,
        }
        if wants_json():
            return _problem_document(code, shown, problems)
        return _part(shown) if htmx.wants_part else _page(shown | {"ask": _whom_to_ask() if is_right else ""})
    except Exception:
        if status == 500:  # the database itself is away: say so without it
            log.exception("error page failed")
            return make_response(f"<!doctype html><title>500</title><h1>500</h1><p>{number}</p>", 500)
        raise


def wants_json() -> bool:
    if request.path.startswith("/api/") and not request.path.startswith("/api/docs"):
        return True
    best = request.accept_mimetypes.best_match(("text/html", "application/json"))
    return best == "application/json" and not htmx


def _problem_document(code: str, shown: dict[str, Any], problems: tuple[Problem, ...]) -> Response:
    body: dict[str, Any] = {"code": code, "status": shown["status"], "title": shown["heading"], "detail": shown["text"]}
    if problems:
        said = zip(problems, shown["problems"], strict=True)
        body["errors"] = [{"path": p.path, "code": p.code, "message": text} for p, (_, text) in said]
    if shown["number"]:
        body["number"] = shown["number"]
    response = make_response(jsonify(body), shown["status"])
    response.mimetype = "application/problem+json"
    return response


def _part(shown: dict[str, Any]) -> Response:
    """Under htmx the page is told by an event; nothing is swapped away from under somebody who was typing."""
    response = make_response(render_template("errors/_part.html", **shown), shown["status"])
    if request.method not in scope.SAFE:
        response.headers["HX-Reswap"] = "none"
    problems = [{"path": path, "message": text} for path, text in shown["problems"]]
    detail = {"status": shown["status"], "message": shown["text"], "number": shown["number"], "problems": problems}
    return respond.trigger(response, "m:error", **detail)


def _page(shown: dict[str, Any]) -> Response:
    template = "errors/page.html" if scope.visitor() else "errors/gate.html"
    return make_response(render_template(template, **shown), shown["status"])


def _whom_to_ask() -> str:
    """The first administrators by name; nobody for somebody who is one, or who is not signed in."""
    visitor = scope.visitor()
    if visitor is None or visitor.is_keeper:
        return ""
    return ("、" if language.locale() == "zh" else ", ").join(roles.keepers(scope.unit())[:_ASKED])


def _lapsed(error: Unauthenticated) -> Response:
    """Nobody is signed in: the API hears it; htmx gets a sign-in sheet over the page; a browser is sent to sign in."""
    g.pop("known", None)
    g.known = None
    if wants_json():
        response = answer(401, error.code, error.message)
        response.headers["WWW-Authenticate"] = 'Bearer realm="mortise"'
        return response
    if htmx:
        response = make_response(render_template("gate/_sheet.html", email="", problem=None), 401)
        response.headers["HX-Reswap"] = "none"
        return response
    wanted = iri_to_uri(request.full_path.rstrip("?")) if request.method == "GET" else "/"
    return respond.redirect("/login" if wanted == "/" else _with_next(wanted))


def _with_next(wanted: str) -> str:
    from urllib.parse import quote

    return "/login?next=" + quote(wanted, safe="/")


def _code(status: int) -> str:
    names = {400: "bad_request", 403: "denied", 404: "not_found", 405: "method_not_allowed", 410: "gone"}
    return {**names, 413: "too_large", 415: "unsupported_media_type", 422: "invalid", 429: "too_many"}.get(
        status, f"http_{status}"
    )
