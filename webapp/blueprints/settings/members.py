"""Members: who works here, inviting more, and one member's page."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.access import departments, directory, members, resets, roles
from webapp.access.actor import SYSTEM_ROLES, Actor
from webapp.blueprints.settings import blueprint
from webapp.db import Unit
from webapp.definitions import versions
from webapp.errors import Conflict, Denied, Invalid, MortiseError
from webapp.i18n import LANGUAGES
from webapp.web import language, numbers, respond, scope, sections
from webapp.web.htmx import htmx


@blueprint.get("/settings/members")
def list_members() -> Response:
    """All of a state, found by name, pinyin or address, within a department or a role."""
    actor, unit = sections.enter("members"), scope.unit()
    asked = {key: request.args.get(key, "").strip()[:100] for key in ("q", "state", "department", "role")}
    state = asked["state"] if asked["state"] in directory.STATES else directory.HERE
    tree = departments.tree(unit)
    department = numbers.of(asked["department"])
    inside = departments.below(unit, department) if department is not None else ()
    found = directory.listed(
        unit, actor, search=asked["q"], state=state, in_department=inside[:500], role=asked["role"]
    )
    context: dict[str, Any] = {
        "people": found,
        "asked": asked | {"state": state},
        "labels": role_labels(unit, {role for one in found for role in one.roles} | {asked["role"]}),
        "tree": tree,
    }
    if htmx.target_id == "people":
        return respond.part("settings/_people.html", **context)
    return sections.show("members", "settings/members.html", counts=directory.counts(unit, actor), **context)


@blueprint.get("/settings/members/new")
def new_member() -> Response:
    sections.enter("members")
    return _inviting()


@blueprint.post("/settings/members/new")
def invite_member() -> Response:
    """Add a member who sets his password himself, by a link that is shown once or sent by mail."""
    actor, unit = sections.enter("members"), scope.unit()
    given = asked_of_form()
    try:
        number = members.add(
            unit,
            actor,
            given["email"],
            given["name"],
            department_id=given["department"],
            locale=given["locale"],
        )
        if given["further"]:
            members.place(unit, actor, number, given["department"], given["further"])
        if given["roles"]:
            roles.change(unit, actor, number, frozenset(given["roles"]), versions.current(unit))
        link = None
        if request.form.get("by") == "mail" and scope.app().settings.mail is not None:
            resets.mail(unit, actor, number)
        else:
            link = scope.app().settings.base_url + resets.path(resets.invite(unit, actor, number))
    except (Invalid, Conflict, Denied) as error:
        scope.end_unit(commit=False)
        return _inviting(error, given)
    scope.settle()
    if link is None:
        return respond.redirect(f"/settings/members/{number}?saved=mailed", whole=True)
    from webapp.blueprints.settings import member

    response = member.page(number, link=link)
    response.headers["HX-Push-Url"] = f"/settings/members/{number}"
    return response


def asked_of_form() -> dict[str, Any]:
    """What the form of a member holds."""
    form = request.form
    locale = form.get("locale") or None
    return {
        "name": form.get("name", "").strip()[:200],
        "email": form.get("email", "").strip()[:300],
        "locale": locale if locale in LANGUAGES else None,
        "department": numbers.of(form.get("department")),
        "further": tuple(n for text in form.getlist("further") if (n := numbers.of(text)) is not None),
        "roles": tuple(form.getlist("roles")[:200]),
    }


def choices(unit: Unit, actor: Actor, held: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What a member's form offers: the departments, and the roles that the actor may give."""
    definitions = versions.current(unit)
    groups: list[tuple[Any, list[tuple[str, Any, Any]]]] = []
    if actor.is_keeper or held & set(SYSTEM_ROLES):
        groups.append(
            (None, [(role, roles.label_of(role, definitions), roles.ABOUT.get(role)) for role in SYSTEM_ROLES])
        )
    for app in definitions.apps.values():
        entries: list[tuple[str, Any, Any]] = [
            (role.name, role.label, app.document.get("roles", {}).get(role.key, {}).get("description"))
            for role in app.roles.values()
        ]
        if actor.is_keeper:
            builder = f"builder:{app.key}"
            entries.append((builder, roles.label_of(builder, definitions), roles.ABOUT["builder"]))
        groups.append((app.label, entries))
    return {"role_groups": [g for g in groups if g[1]], "tree": departments.tree(unit)}


def role_labels(unit: Unit, names: set[str]) -> dict[str, str]:
    definitions = versions.current(unit)
    return {name: said(roles.label_of(name, definitions)) for name in names if name}


def said(text: Any) -> str:
    """A message or a builder's label in the page's language."""
    from webapp.i18n import Message

    return language.say(text) if isinstance(text, Message) else language.label(text)


def problems_of(error: MortiseError | None) -> dict[str, str]:
    """Problems by field; what belongs to none stands under ``""``."""
    if error is None:
        return {}
    found = {p.path: language.say(p.message) for p in error.problems}
    return found or {"": language.say(error.message)}


def _inviting(error: MortiseError | None = None, given: dict[str, Any] | None = None) -> Response:
    actor, unit = scope.actor(), scope.unit()
    empty = {"name": "", "email": "", "locale": None, "department": None, "further": (), "roles": ()}
    return sections.show(
        "members",
        "settings/member_new.html",
        status=error.status if error else 200,
        given=given or empty,
        problems=problems_of(error),
        has_mail=scope.app().settings.mail is not None,
        **choices(unit, actor),
    )
