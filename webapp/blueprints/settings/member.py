"""One member: what he is called, where he belongs, what he may, where he is signed in; how he leaves and comes back."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp import clock
from webapp.access import actors, audit, directory, guard, members, policy, resets, roles, sessions, tokens
from webapp.access.actor import Actor
from webapp.blueprints.settings import blueprint
from webapp.blueprints.settings.members import asked_of_form, choices, problems_of, role_labels
from webapp.db import Unit
from webapp.definitions import versions
from webapp.engines.forms.days import handover
from webapp.errors import Conflict, Denied, Invalid, MortiseError, Stale
from webapp.i18n import N_
from webapp.web import devices, language, numbers, respond, scope, sections, seeing, stamps

_SAID = {
    "saved": N_("Saved"),
    "mailed": N_("The mail is on its way"),
    "ended": N_("Signed out there"),
    "left": N_("The account is closed"),
    "handing": N_("The account is closed; the records are being handed over"),
    "back": N_("The account is open again"),
    "token": N_("The token has ended"),
}


@blueprint.get("/settings/members/<int:number>")
def show_member(number: int) -> Response:
    sections.enter("members")
    return page(number)


@blueprint.post("/settings/members/<int:number>")
def change_member(number: int) -> Response:
    actor, unit = sections.enter("members"), scope.unit()
    given = asked_of_form()
    now = directory.get(unit, actor, number)
    try:
        stamps.require(_stamp(now))
        _change(unit, actor, now, given)
    except (Invalid, Conflict, Denied, Stale) as error:
        scope.end_unit(commit=False)
        return page(number, given=given, error=error)
    return respond.redirect(f"/settings/members/{number}?saved=saved", whole=True)


@blueprint.post("/settings/members/<int:number>/link")
def make_link(number: int) -> Response:
    """A link to set a password: shown once, or sent by mail."""
    actor, unit = sections.enter("members"), scope.unit()
    if request.form.get("by") == "mail" and scope.app().settings.mail is not None:
        resets.mail(unit, actor, number)
        return respond.redirect(f"/settings/members/{number}?saved=mailed", whole=True)
    link = scope.app().settings.base_url + resets.path(resets.invite(unit, actor, number))
    scope.settle()
    return page(number, link=link)


@blueprint.post("/settings/members/<int:number>/end")
def end_members_session(number: int) -> Response:
    actor, unit = sections.enter("members"), scope.unit()
    which = request.form.get("session", "")
    if which == "others":
        sessions.end_all(unit, actor, number)
    else:
        sessions.end_one(unit, actor, number, which)
    return respond.redirect(f"/settings/members/{number}?saved=ended", whole=True)


@blueprint.post("/settings/members/<int:number>/tokens/<int:token>/end")
def end_members_token(number: int, token: int) -> Response:
    tokens.revoke(scope.unit(), sections.enter("members"), token)
    return respond.redirect(f"/settings/members/{number}?saved=token", whole=True)


@blueprint.post("/settings/members/<int:number>/leave")
def close_member(number: int) -> Response:
    """He leaves: nothing of his opens any more; what he owns and heads goes to somebody else, if somebody is named."""
    actor, unit = sections.enter("members"), scope.unit()
    heir = numbers.sent("heir")
    try:
        if heir is None and request.form.get("heir"):
            raise Invalid(N_("Choose who shall have them."))
        members.disable(unit, actor, number, heir=heir)
        if heir:
            handover.start(unit, actor, number, heir)
    except (Invalid, Conflict, Denied) as error:
        scope.end_unit(commit=False)
        return page(number, leaving=error)
    return respond.redirect(f"/settings/members/{number}?saved={'handing' if heir else 'left'}", whole=True)


@blueprint.post("/settings/members/<int:number>/hand-over")
def hand_over(number: int) -> Response:
    """What he owns goes to somebody else; for leavers whose records stayed."""
    actor, unit = sections.enter("members"), scope.unit()
    heir = numbers.sent("heir")
    try:
        handover.start(unit, actor, number, number if heir is None else heir)
    except (Invalid, Conflict, Denied) as error:
        scope.end_unit(commit=False)
        return page(number, leaving=error)
    return respond.redirect(f"/settings/members/{number}?saved=saved", whole=True)


@blueprint.post("/settings/members/<int:number>/return")
def reopen_member(number: int) -> Response:
    members.enable(scope.unit(), sections.enter("members"), number)
    return respond.redirect(f"/settings/members/{number}?saved=back", whole=True)


@blueprint.post("/settings/members/<int:number>/see")
def see_as(number: int) -> Response:
    """Look at everything as this member does; for system administrators."""
    actor, unit = sections.enter("members"), scope.unit()
    guard.require_keeper(actor)
    actors.of_member(unit, number)
    audit.add(unit, actor, "member_seen_as", number)
    response = respond.redirect("/", whole=True)
    seeing.begin(response, number)
    return response


@blueprint.post("/settings/see/stop")
def stop_seeing() -> Response:
    """Be oneself again, back on the page of the member."""
    was = scope.actor()
    back = f"/settings/members/{was.member}" if was.on_behalf_of is not None else "/"
    response = respond.redirect(back, whole=True)
    seeing.stop(response)
    return response


def _change(unit: Unit, actor: Actor, now: directory.Person, given: dict[str, Any]) -> None:
    if given["name"] != now.name:
        members.rename(unit, actor, now.id, given["name"])
    if members.normal_email(given["email"]) != now.email:
        members.readdress(unit, actor, now.id, given["email"])
    if given["locale"] != now.locale:
        members.prefer(unit, actor, now.id, locale=given["locale"])
    further = tuple(sorted(set(given["further"]) - {given["department"]}))
    if (given["department"], further) != (now.department, now.further):
        members.place(unit, actor, now.id, given["department"], further)
        if request.form.get("follow") and given["department"] != now.department:
            handover.follow(unit, actor, now.id, given["department"])
    roles.change(unit, actor, now.id, frozenset(given["roles"]), versions.current(unit))


def page(
    number: int,
    *,
    given: dict[str, Any] | None = None,
    error: MortiseError | None = None,
    leaving: MortiseError | None = None,
    link: str | None = None,
) -> Response:
    actor, unit = scope.actor(), scope.unit()
    now = directory.get(unit, actor, number)
    shown = given or {
        "name": now.name, "email": now.email, "locale": now.locale, "department": now.department,
        "further": now.further, "roles": now.roles,
    }  # fmt: skip
    failed = error or leaving
    is_mine = _is_in_my_care(unit, actor, number)
    return sections.show(
        "members",
        "settings/member.html",
        status=failed.status if failed else 200,
        saved=_SAID.get(request.args.get("saved", "")),
        person=now,
        given=shown,
        problems=problems_of(error),
        leave_problems=problems_of(leaving),
        is_stale=isinstance(error, Stale),
        seen=_stamp(now),
        link=link,
        is_mine=is_mine,
        has_mail=scope.app().settings.mail is not None,
        sessions=devices.shown(sessions.listed(unit, actor, number), "") if is_mine else [],
        tokens=tokens.listed(unit, actor, number) if is_mine else [],
        now=clock.now(),
        owned=[(language.label(form.label), n) for form, n in handover.owned(unit, actor, number)],
        others=[(id_, name) for id_, name in directory.names(unit) if id_ != number],
        labels=role_labels(unit, set(now.roles)),
        rights=_rights(unit, number) if now.state != "left" else [],
        entries=audit.of_member(unit, number, limit=8) if guard.may_audit(actor) else [],
        actions=audit.ACTIONS,
        **choices(unit, actor, frozenset(now.roles)),
    )


def _is_in_my_care(unit: Unit, actor: Actor, number: int) -> bool:
    try:
        guard.require_care_of(unit, actor, number)
    except Denied:
        return False
    return True


def _stamp(now: directory.Person) -> str:
    return stamps.stamp(now.name, now.email, now.locale, now.department, now.further, sorted(now.roles), now.state)


def _rights(unit: Unit, number: int) -> list[dict[str, Any]]:
    """What he may do with each form that exists for him, and why."""
    whose = actors.of_member(unit, number)
    found = []
    for app in versions.current(unit).apps.values():
        for form in app.forms.values():
            if not policy.knows(unit, whose, form):
                continue
            may = [action for action in policy.ACTIONS if policy.may(unit, whose, form, action)]
            why = [language.say(reason) for reason in policy.why(unit, whose, form, "see")]
            found.append({"form": language.label(form.label), "app": language.label(app.label), "may": may, "why": why})
    return found
