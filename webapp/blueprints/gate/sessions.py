"""Sign-in and sign-out."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, make_response, render_template, request

from webapp.access import sessions, signin
from webapp.access.signin import WrongPassword
from webapp.blueprints.gate import blueprint
from webapp.errors import MortiseError, TooMany
from webapp.web import csrf, language, respond, scope, shared, signing
from webapp.web.htmx import htmx


@blueprint.get("/login")
@signing.public
def show() -> Response:
    """The sign-in page; somebody who is signed in goes on to where he wanted."""
    wanted = respond.local(request.args.get("next"))
    if scope.visitor() is not None:
        return respond.redirect(wanted, whole=True)
    return _answer(200, wanted=wanted)


@blueprint.post("/login")
@signing.public
@scope.reading
def create() -> Response:
    """Sign in: to the wanted page, or over the page that was open (`sheet`)."""
    form = request.form
    wanted = respond.local(form.get("next"))
    remember = form.get("remember") == "true"
    try:
        made = signin.sign_in(
            scope.database(),
            form.get("email", "")[:254],
            form.get("password", ""),
            address=signing.address(),
            device=request.user_agent.string,
            lasts=signing.REMEMBERED if remember else signing.NOT_REMEMBERED,
            outside=scope.without_turn(),
            replaces=signing.session_cookie(),
        )
    except (WrongPassword, TooMany) as error:
        return _refused(error, wanted)
    if form.get("sheet"):
        response = make_response("")
        response.headers["HX-Reswap"] = "none"
        respond.trigger(response, "m:signed-in", member=made.member, csrf=csrf.token(made.cookie))
    else:
        response = respond.redirect(wanted, whole=True)
    signing.set_session_cookie(response, made.cookie, remember=remember)
    return response


@blueprint.post("/logout")
@signing.public
def delete() -> Response:
    """Sign out here; the browser forgets pages and drafts of this member."""
    cookie = signing.session_cookie()
    if cookie:
        sessions.end(scope.unit(), cookie)
    signing.forget()
    response = respond.redirect("/login", whole=True)
    signing.clear_session_cookie(response)
    shared.drop(response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _refused(error: MortiseError, wanted: str) -> Response:
    response = _answer(
        error.status, wanted=wanted, email=request.form.get("email", ""), problem=language.say(error.message)
    )
    if "retry_after" in error.detail:
        response.headers["Retry-After"] = str(error.detail["retry_after"])
    return response


def _answer(status: int, *, wanted: str, email: str = "", problem: str | None = None) -> Response:
    is_sheet = bool(request.form.get("sheet"))
    template = "gate/_sheet.html" if is_sheet else "gate/_login.html" if htmx.wants_part else "gate/login.html"
    text = render_template(
        template,
        wanted=wanted,
        email=email,
        problem=problem,
        is_set="set" in request.args,
        here="/login?" + urlencode({"next": wanted}),
    )
    response = make_response(text, status)
    if is_sheet and status == 429:
        response.headers["HX-Retarget"] = "#sign-in-form"
    return response
