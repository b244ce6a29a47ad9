"""A member's own password and the devices on which he is signed in."""

from __future__ import annotations

from flask import Response, request

from webapp.access import attempts, members, passwords, secret, sessions
from webapp.blueprints.settings import blueprint
from webapp.errors import Invalid, TooMany
from webapp.i18n import N_
from webapp.web import devices, language, respond, scope, sections, signing

_SAID = {
    "password": N_("The new password is set. You are signed out everywhere else."),
    "ended": N_("Signed out there"),
}


@blueprint.get("/me/security")
def show_security() -> Response:
    return _page(200)


@blueprint.post("/me/security/password")
@scope.reading
def change_password() -> Response:
    """Set a new password; the present one is asked for, and guesses count like those at signing in."""
    actor, database = sections.enter("security"), scope.database()
    now, new = request.form.get("now", ""), request.form.get("password", "")
    mine = members.get(scope.unit(), actor.member)
    kept = members.kept_password(scope.unit(), actor)
    scope.end_unit(commit=False)
    try:
        passwords.check(new, unlike=(mine.name, mine.email))
        with database.write() as unit:
            counted = attempts.begin(unit, mine.email, signing.address())
        with scope.without_turn():
            is_right = passwords.is_right(database.settings, kept, now)
            hashed = passwords.hashed(database.settings, new) if is_right else ""
    except TooMany as error:
        return _page(429, {"now": language.say(error.message)})
    except Invalid as error:
        return _page(422, {"password": language.say(error.message)})
    if not is_right:
        return _page(422, {"now": language.say(N_("This is not your present password."))})
    with database.write() as unit:
        unit.origin = scope.origin()
        attempts.succeed(unit, counted)
        members.set_password(unit, actor, actor.member, hashed, but=signing.session_cookie())
    return respond.redirect("/me/security?saved=password", whole=True)


@blueprint.post("/me/security/end")
def end_session() -> Response:
    """Sign out on one device, or everywhere else."""
    actor, unit = sections.enter("security"), scope.unit()
    which = request.form.get("session", "")
    if which == "others":
        sessions.end_all(unit, actor, actor.member, but=signing.session_cookie())
    else:
        sessions.end_one(unit, actor, actor.member, which)
    return respond.redirect("/me/security?saved=ended", whole=True)


def _page(status: int, problems: dict[str, str] | None = None) -> Response:
    actor, unit = sections.enter("security"), scope.unit()
    cookie = signing.session_cookie()
    here = secret.hashed(cookie) if cookie else ""
    return sections.show(
        "security",
        "settings/security.html",
        status=status,
        saved=_SAID.get(request.args.get("saved", "")),
        problems=problems or {},
        mine=members.get(unit, actor.member),
        sessions=devices.shown(sessions.listed(unit, actor, actor.member), here),
        shortest=passwords.SHORTEST,
    )
