"""The first set-up, through the link that the server prints when it starts without members.

Four steps: what the machine has, the firm, the administrator and where to begin, done. What is typed is kept by the
browser (the password alone is not); only the last step writes, and uses the link up.
"""

from __future__ import annotations

import logging
from typing import Any

from flask import Response, make_response, render_template, request

from webapp import catalog, clock
from webapp.access import actors, firm, passwords, sessions, setup
from webapp.blueprints.gate import blueprint
from webapp.definitions import versions
from webapp.errors import MortiseError
from webapp.i18n import LANGUAGES
from webapp.web import currencies, drafts, language, respond, scope, signing, zones

log = logging.getLogger("mortise.setup")
_COOKIE, _PATH = "mortise-setup", "/setup"
#: What each step asks, with the most characters taken.
_ASKED = {"firm": {"firm": 100, "locale": 8, "currency": 8}, "start": {"name": 100, "email": 254, "start": 24}}


@blueprint.get("/setup/<link>")
@signing.public
def setup_show(link: str) -> Response:
    """Step 1: what is there, and what is not."""
    _require(link)
    seen_at = request.host_url.rstrip("/")
    scope.end_unit(commit=False)
    with scope.without_turn():
        from webapp.serving import checks

        found = checks.run(scope.database(), seen_at)
    return _page("check", link, 200, checks=found)


@blueprint.get("/setup/<link>/<any(firm, start):step>")
@signing.public
def setup_step(link: str, step: str) -> Response:
    """Step 2 or 3, with what was typed before; `mend` says what does not fit in it."""
    _require(link)
    given = _given(link)
    problems = _firm_problems(given) if step == "firm" and "mend" in request.args else {}
    return _page(step, link, 200, given=given, problems=problems)


@blueprint.post("/setup/<link>/firm")
@signing.public
@scope.reading
def setup_firm(link: str) -> Response:
    """Keep the firm's settings and go on; back goes back with whatever was typed."""
    _require(link)
    given = _given(link)
    problems = _firm_problems(given)
    if request.form.get("go") == "back":
        return _kept(link, given, setup.path(link))
    if problems:
        return _page("firm", link, 422, given=given, problems=problems)
    response = _kept(link, given, f"{setup.path(link)}/start")
    language.choose(response, given["locale"])
    return response


@blueprint.post("/setup/<link>/start")
@signing.public
@scope.reading
def setup_finish(link: str) -> Response:
    """Make the administrator, name the firm, put the starter app in place, and sign in."""
    _require(link)
    given = _given(link)
    if request.form.get("go") == "back":
        return _kept(link, given, f"{setup.path(link)}/firm")
    if _firm_problems(given):  # the step before was left out, or is from another day
        return _kept(link, given, f"{setup.path(link)}/firm?mend=1")
    try:
        member, cookie = _begin(link, given)
    except setup.LinkUsed:
        raise
    except MortiseError as error:
        return _page(
            "start", link, 422, given=given, problems={p.path: language.say(p.message) for p in error.problems}
        )
    _start_with(given["start"], given["currency"], member)
    response = respond.redirect("/build/import" if given["start"] == "file" else "/setup/done", whole=True)
    signing.set_session_cookie(response, cookie, remember=True)
    drafts.drop(response, _COOKIE, _PATH)
    return response


@blueprint.get("/setup/done")
def setup_done() -> Response:
    """Step 4, for whoever has just been signed in: where phones find it, and what comes next."""
    actor = scope.actor()
    if not actor.is_keeper:
        return respond.redirect("/", whole=True)
    forms = [f for app in versions.current(scope.unit()).apps.values() for f in app.forms.values()]
    first = next((f for f in forms if f.settings.get("quick")), forms[0] if forms else None)
    return make_response(
        render_template(
            "gate/setup_done.html",
            step="done",
            name=actor.name,
            address=scope.app().settings.base_url,
            is_https=scope.app().settings.is_https,
            first=first,
            here="/setup/done",
        )
    )


def _require(link: str) -> None:
    with scope.database().read() as unit:
        setup.require(unit, link)


def _given(link: str) -> dict[str, str]:
    """What was typed on this step over what the browser kept of the others, over what is likely."""
    locale = language.locale()
    found = {"locale": locale, "currency": currencies.of_zone(clock.firm_zone())}
    found["start"] = next(iter(catalog.names()), "")
    found |= drafts.read(_COOKIE, link)
    for key, most in {**_ASKED["firm"], **_ASKED["start"]}.items():
        if key in request.form:
            found[key] = request.form[key].strip()[:most]
    return {**dict.fromkeys((*_ASKED["firm"], *_ASKED["start"]), ""), **found}


def _firm_problems(given: dict[str, str]) -> dict[str, str]:
    values = {"name": given["firm"], "locale": given["locale"], "currency": given["currency"]}
    found = firm.problems(values)
    return {"firm" if p.path == "name" else p.path: language.say(p.message) for p in found}


def _kept(link: str, given: dict[str, str], then: str) -> Response:
    response = respond.redirect(then, whole=True)
    drafts.keep(response, _COOKIE, link, given, _PATH)
    return response


def _begin(link: str, given: dict[str, str]) -> tuple[int, str]:
    """The new administrator's number and the cookie of his session."""
    password, database = request.form.get("password", ""), scope.database()
    passwords.check(password, unlike=(given["name"], given["email"], given["firm"]))
    scope.end_unit(commit=False)
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
            locale=given["locale"],
            currency=given["currency"],
        )
        return member, sessions.begin(unit, member, device=request.user_agent.string, lasts=signing.REMEMBERED)


def _start_with(app: str, currency: str, member: int) -> None:
    """The administrator is there whatever happens here: what goes wrong is logged, and can be done again later."""
    if app not in catalog.names():
        return
    database = scope.database()
    try:
        with database.read() as unit:
            actor = actors.of_member(unit, member)
        versions.start(database, actor, catalog.document(app, currency))
    except MortiseError:
        log.exception("the starter app %s could not be put in place", app)


def _page(step: str, link: str, status: int, **more: Any) -> Response:
    with scope.database().read() as unit:
        in_place = sorted(versions.current(unit).apps)
    here = setup.path(link) + ("" if step == "check" else f"/{step}")
    locale = language.locale()
    context: dict[str, Any] = {"given": {}, "problems": {}, "checks": (), **more}
    text = render_template(
        f"gate/setup_{step}.html",
        step=step,
        link=link,
        here=here,
        starters=_starters(),
        in_place=in_place,
        shortest=passwords.SHORTEST,
        languages=[(key, name) for key, name in language.NAMES.items() if key in LANGUAGES],
        currencies=currencies.choices(locale) if step == "firm" else (),
        zone=zones.named(clock.firm_zone(), locale) if step == "firm" else "",
        zone_name=clock.firm_zone(),
        **context,
    )
    return make_response(text, status)


def _starters() -> list[tuple[str, str, str]]:
    """Starter apps: key, label and what each is for."""
    return [
        (name, language.label(catalog.label(name)), language.label(catalog.about(name))) for name in catalog.names()
    ]
