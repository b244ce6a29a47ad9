"""The first set-up, through the link that the server prints when it starts without members."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request

from webapp import catalog
from webapp.access import actors, passwords, sessions, setup
from webapp.blueprints.gate import blueprint
from webapp.errors import MortiseError
from webapp.i18n import LANGUAGES
from webapp.web import language, respond, scope, signing


@blueprint.get("/setup/<link>")
@signing.public
def setup_show(link: str) -> Response:
    with scope.database().read() as unit:
        setup.require(unit, link)
    return _answer(200, link, {"locale": language.locale(), "start": "crm"})


@blueprint.post("/setup/<link>")
@signing.public
@scope.reading
def setup_create(link: str) -> Response:
    """Make the administrator, name the firm, put the starter app in place, and sign in."""
    given = {key: request.form.get(key, "").strip() for key in ("firm", "name", "email", "locale", "start")}
    password = request.form.get("password", "")
    database = scope.database()
    with database.read() as unit:
        setup.require(unit, link)
    try:
        passwords.check(password, unlike=(given["name"], given["email"]))
        with scope.without_turn():
            hashed = passwords.hashed(database.settings, password)
        with database.write() as unit:
            unit.origin = scope.origin()
            setup.claim(unit, link)
            member = setup.begin(
                unit,
                email=given["email"],
                name=given["name"],
                password=hashed,
                firm_name=given["firm"],
                locale=given["locale"] if given["locale"] in LANGUAGES else database.settings.locale,
            )
            cookie = sessions.begin(unit, member, device=request.user_agent.string, lasts=signing.REMEMBERED)
    except setup.LinkUsed:
        raise
    except MortiseError as error:
        return _answer(422, link, given, {p.path: language.say(p.message) for p in error.problems})
    _start_with(given["start"], member)
    response = respond.redirect("/", whole=True)
    signing.set_session_cookie(response, cookie, remember=True)
    return response


def _start_with(app: str, member: int) -> None:
    if app not in catalog.names():
        return
    from webapp.definitions import versions

    database = scope.database()
    with database.read() as unit:
        actor = actors.of_member(unit, member)
    versions.start(database, actor, catalog.text(app))


def _answer(status: int, link: str, given: dict[str, Any], problems: dict[str, str] | None = None) -> Response:
    text = render_template(
        "gate/setup.html",
        link=link,
        given=given,
        problems=problems or {},
        starters=catalog.names(),
        shortest=passwords.SHORTEST,
        here=setup.path(link),
    )
    return make_response(text, status)
