"""Departments: the tree, who heads what; moving by hand or by key, merging, removing empty ones."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.access import departments, directory
from webapp.blueprints.settings import blueprint
from webapp.blueprints.settings.members import problems_of
from webapp.engines.forms.days import handover
from webapp.errors import Conflict, Invalid, MortiseError, NotFound, Stale
from webapp.web import language, numbers, respond, scope, sections, stamps
from webapp.web.htmx import htmx


@blueprint.get("/settings/departments")
def list_departments() -> Response:
    sections.enter("departments")
    return _page()


@blueprint.post("/settings/departments")
def add_department() -> Response:
    actor, unit = sections.enter("departments"), scope.unit()
    try:
        departments.add(
            unit, actor, request.form.get("name", "")[:200], parent=numbers.sent("parent"), head=numbers.sent("head")
        )
    except (Invalid, NotFound) as error:
        return _again(error)
    return _page()


@blueprint.post("/settings/departments/<int:number>")
def change_department(number: int) -> Response:
    """Its name and its head."""
    actor, unit = sections.enter("departments"), scope.unit()
    try:
        now = departments.get(unit, number)
        stamps.require(stamps.stamp(now.name, now.head))
        name = request.form.get("name", "")[:200]
        if name.strip() != now.name:
            departments.rename(unit, actor, number, name)
        if numbers.sent("head") != now.head:
            departments.set_head(unit, actor, number, numbers.sent("head"))
    except (Invalid, Stale, NotFound) as error:
        return _again(error)
    return _page()


@blueprint.post("/settings/departments/<int:number>/move")
def move_department(number: int) -> Response:
    """Under another, before a sister or behind all."""
    actor, unit = sections.enter("departments"), scope.unit()
    try:
        departments.move(unit, actor, number, numbers.sent("parent"), before=numbers.sent("before"))
    except (Conflict, NotFound) as error:
        return _again(error)
    return _page(moved=number)


@blueprint.post("/settings/departments/<int:number>/merge")
def merge_department(number: int) -> Response:
    actor, unit = sections.enter("departments"), scope.unit()
    into = numbers.sent("into")
    try:
        if into is None:
            raise NotFound(departments.MISSING)
        handover.merge(unit, actor, number, into)
        departments.merge(unit, actor, number, into)
    except (Conflict, NotFound) as error:
        return _again(error)
    return _page()


@blueprint.post("/settings/departments/<int:number>/remove")
def remove_department(number: int) -> Response:
    actor, unit = sections.enter("departments"), scope.unit()
    try:
        departments.remove(unit, actor, number)
    except Conflict as error:
        return _again(error)
    return _page()


@blueprint.get("/settings/departments/<int:number>")
def show_department(number: int) -> Response:
    """One of them to change, in a dialog."""
    sections.enter("departments")
    unit = scope.unit()
    found = departments.get(unit, number)
    tree = departments.tree(unit)
    inside = set(departments.below(unit, number))
    sisters = [d.id for d in tree if d.parent == found.parent]
    at = sisters.index(number)
    context: dict[str, Any] = {
        "one": found,
        "seen": stamps.stamp(found.name, found.head),
        "others": [(d.id, "　" * d.depth + d.name) for d in tree if d.id not in inside],
        "up": sisters[at - 1] if at else None,
        "down": (sisters[at + 2] if at + 2 < len(sisters) else "") if at + 1 < len(sisters) else None,
        "people": directory.names(unit),
        "size": departments.sizes(unit).get(number, 0),
        "is_empty": len(inside) == 1 and not departments.sizes(unit).get(number, 0),
    }
    if htmx.wants_part:
        return respond.part("settings/_department.html", **context)
    return sections.show("departments", "settings/department.html", **context)


def _again(error: MortiseError) -> Response:
    """The tree as it stands, and what was wrong; the dialog stays as it is, with what was typed."""
    scope.end_unit(commit=False)
    said = " ".join(problems_of(error).values()) or language.say(error.message)
    response = respond.trigger(_page(error=said, status=error.status), "m:error", status=error.status, message=said)
    return respond.retarget(response, swap="none") if htmx.wants_part else response


def _page(*, error: str = "", status: int = 200, moved: int | None = None) -> Response:
    if request.method == "POST":
        scope.settle()
    unit = scope.unit()
    tree = departments.tree(unit)
    context: dict[str, Any] = {
        "tree": tree,
        "sizes": departments.sizes(unit),
        "names": dict(directory.names(unit)),
        "error": error,
        "moved": moved,
    }
    if htmx.target_id == "departments":
        return respond.part("settings/_departments.html", status=status, **context)
    return sections.show("departments", "settings/departments.html", status=status, **context)
