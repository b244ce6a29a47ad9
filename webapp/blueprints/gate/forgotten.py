"""Forgotten passwords: asking for a link by mail, and setting a new password with it."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from webapp.access import members, passwords, resets
from webapp.blueprints.gate import blueprint
from webapp.errors import Invalid, TooMany
from webapp.web import language, respond, scope, signing


@blueprint.get("/login/forgotten")
@signing.public
def ask() -> Response:
    return _asking(200, is_sent="sent" in request.args)


@blueprint.post("/login/forgotten")
@signing.public
@scope.reading
def send() -> Response:
    """Always the same answer, whoever has the address; slowed down like signing in."""
    email = request.form.get("email", "").strip()[:254]
    if scope.app().settings.mail is None:
        return _asking(200)
    if not members.is_email(email):
        return _asking(422, email=email, problem=language.say(members.NO_EMAIL))
    try:
        with scope.database().write() as unit:
            resets.ask(unit, email, address=signing.address())
    except TooMany as error:
        response = _asking(429, email=email, problem=language.say(error.message))
        response.headers["Retry-After"] = str(error.detail["retry_after"])
        return response
    return respond.redirect("/login/forgotten?sent=1", whole=True)


@blueprint.get("/login/password/<secret>")
@signing.public
def choose_password(secret: str) -> Response:
    """Looking uses nothing up: mail programs look at links before people do."""
    try:
        with scope.database().read() as unit:
            whose = resets.require(unit, secret)
    except resets.LinkSpent as error:
        return _spent(error)
    return _choosing(200, secret, whose)


@blueprint.post("/login/password/<secret>")
@signing.public
@scope.reading
def set_password(secret: str) -> Response:
    """Set it and lead on to signing in."""
    password, database = request.form.get("password", ""), scope.database()
    try:
        with database.read() as unit:
            whose = resets.require(unit, secret)
        passwords.check(password, unlike=(whose.name, whose.email))
        scope.end_unit(commit=False)
        with scope.without_turn():
            hashed = passwords.hashed(database.settings, password)
        with database.write() as unit:
            unit.origin = scope.origin()
            resets.use(unit, secret, hashed)
    except resets.LinkSpent as error:
        return _spent(error)
    except Invalid as error:
        return _choosing(422, secret, whose, language.say(error.message))
    return respond.redirect("/login?set=1", whole=True)


@blueprint.post("/login/strength")
@signing.public
@scope.reading
def judge() -> Response:
    """How strong the password in the form is, while it is typed; nothing of it is kept."""
    unlike = tuple(request.form.get(key, "")[:254] for key in ("name", "email", "firm"))
    found = passwords.judge(request.form.get("password", "")[: passwords.LONGEST + 1], unlike=unlike)
    return respond.part("gate/_strength.html", level=found.level, text=language.say(found.text))


def _asking(status: int, *, email: str = "", problem: str = "", is_sent: bool = False) -> Response:
    has_mail = scope.app().settings.mail is not None
    text = render_template(
        "gate/forgotten.html", has_mail=has_mail, is_sent=is_sent, email=email, problem=problem, here="/login/forgotten"
    )
    return make_response(text, status)


def _choosing(status: int, secret: str, whose: members.Member, problem: str = "") -> Response:
    text = render_template(
        "gate/new_password.html",
        name=whose.name,
        email=whose.email,
        problem=problem,
        shortest=passwords.SHORTEST,
        here=resets.path(secret),
    )
    return make_response(text, status)


def _spent(error: resets.LinkSpent) -> Response:
    again = "/login/forgotten" if scope.app().settings.mail is not None else None
    text = render_template("gate/spent.html", text=language.say(error.message), again=again, here="/login")
    return make_response(text, error.status)
