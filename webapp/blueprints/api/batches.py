"""Many records in one request: all in one transaction, or each on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from webapp.blueprints.api import answers, blueprint, bodies
from webapp.definitions.model import Form
from webapp.engines.forms import bulk, records
from webapp.engines.forms.select import require_form
from webapp.engines.forms.writing import values
from webapp.errors import Invalid, MortiseError, Problem
from webapp.i18n import N_
from webapp.web import language, scope

MOST_ITEMS = 1000


@blueprint.post("/data/<app>/<form_key>/batch")
def batch(app: str, form_key: str) -> Response:
    form = bodies.form(app, form_key)
    asked = bodies.body({"create": list, "update": list, "delete": list, "mode": str})
    items = {verb: _items(asked[verb], verb) for verb in ("create", "update", "delete")}
    if sum(map(len, items.values())) > MOST_ITEMS:
        raise bodies.BadRequest(N_("A batch has at most {n} items.", n=MOST_ITEMS))
    if asked["mode"] not in (None, "all", "each"):
        problem = Problem("mode", N_("One of all, each is expected."), "unknown_value")
        raise bodies.BadRequest(N_("The body is not understood."), problems=[problem])
    run = _each if asked["mode"] == "each" else _all
    return answers.once(lambda: (run(form, items), 200, {}))


_KEYS = {"create": {"values"}, "update": {"id", "version", "values"}, "delete": {"id", "version"}}


def _items(given: list[Any] | None, verb: str) -> list[dict[str, Any]]:
    problems = []
    for i, item in enumerate(given or ()):
        at = f"{verb}[{i}]"
        if not isinstance(item, dict):
            problems.append(Problem(at, N_("A JSON object is expected."), "type"))
            continue
        problems += [
            Problem(f"{at}.{k}", N_("This key is not known here."), "unknown_key") for k in set(item) - _KEYS[verb]
        ]
        if "values" in _KEYS[verb] and not isinstance(item.get("values"), dict):
            problems.append(Problem(f"{at}.values", N_("A JSON object is expected."), "type"))
        for key in {"id", "version"} & _KEYS[verb]:
            if not _is_whole(item.get(key)) and not (key == "version" and item.get(key) is None):
                problems.append(Problem(f"{at}.{key}", N_("A whole number is expected here."), "type"))
    if problems:
        raise bodies.BadRequest(N_("The body is not understood."), problems=problems)
    return list(given or ())


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _all(form: Form, items: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Everything or nothing: the first item that cannot be done takes all back, with its place in the request."""
    problems: list[Problem] = []
    created = _create_all(form, items["create"], problems)
    answer: dict[str, Any] = {"created": created, "updated": [], "deleted": []}
    for verb, name, act in (("update", "updated", _update), ("delete", "deleted", _delete)):
        for i, item in enumerate(items[verb]):
            try:
                with scope.unit().savepoint():
                    answer[name].append(act(form, item))
            except MortiseError as error:
                problems += _placed(error, f"{verb}[{i}]")
    if problems:
        raise Invalid(N_("Nothing was saved: some items cannot be done."), problems=problems)
    return answer


def _create_all(form: Form, items: list[dict[str, Any]], problems: list[Problem]) -> list[dict[str, Any]]:
    unit, actor = scope.unit(), scope.actor()
    if not items:
        return []
    require_form(unit, actor, form, "create")
    rows = []
    for i, item in enumerate(items):
        own: list[Problem] = []
        rows.append(values.take(unit, actor, form, item["values"], own))
        problems += [Problem(f"create[{i}].values.{p.path}", p.message, p.code, p.near) for p in own]
    if problems:
        return []
    results = bulk.create_many(unit, actor, form, rows, via="api")
    for i, result in enumerate(results):
        problems += [Problem(f"create[{i}].values.{p.path}", p.message, p.code, p.near) for p in result.problems]
    return [{"id": result.id, "version": 1} for result in results]


def _create(form: Form, item: dict[str, Any]) -> dict[str, Any]:
    made = records.create(scope.unit(), scope.actor(), form, item["values"], via="api")
    return {"id": made.id, "version": made.version}


def _update(form: Form, item: dict[str, Any]) -> dict[str, Any]:
    found = records.update(
        scope.unit(), scope.actor(), form, item["id"], item["values"], version=item.get("version"), via="api"
    )
    return {"id": found.id, "version": found.version}


def _delete(form: Form, item: dict[str, Any]) -> dict[str, Any]:
    records.delete(scope.unit(), scope.actor(), form, item["id"], version=item.get("version"), via="api")
    return {"id": item["id"]}


def _each(form: Form, items: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Every item on its own: its result, or its problem in the shape of an error answer."""
    verbs: dict[str, tuple[str, Callable[[Form, dict[str, Any]], dict[str, Any]]]] = {
        "create": ("created", _create),
        "update": ("updated", _update),
        "delete": ("deleted", _delete),
    }
    answer: dict[str, Any] = {}
    for verb, (name, act) in verbs.items():
        answer[name] = [_tried(act, form, item) for item in items[verb]]
    return answer


def _tried(act: Callable[[Form, dict[str, Any]], dict[str, Any]], form: Form, item: dict[str, Any]) -> dict[str, Any]:
    try:
        with scope.unit().savepoint():
            return act(form, item)
    except MortiseError as error:
        locale = language.locale()
        errors = [{"path": p.path, "code": p.code, "message": p.text(locale)} for p in error.problems]
        problem = {"code": error.code, "status": error.status, "detail": error.message.text(locale), "errors": errors}
        return {"id": item.get("id"), "problem": problem}


def _placed(error: MortiseError, place: str) -> list[Problem]:
    if not error.problems:
        return [Problem(place, error.message, error.code)]
    return [Problem(f"{place}.values.{p.path}", p.message, p.code, p.near) for p in error.problems]
