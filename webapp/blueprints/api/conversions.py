"""A record becomes others over the API: what its form's `convert` says, in one transaction and one change set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from webapp.blueprints.api import answers, blueprint, bodies
from webapp.engines.forms import converting
from webapp.engines.forms.converting import Choice
from webapp.errors import Problem, nearest
from webapp.i18n import N_
from webapp.web import scope


@blueprint.post("/data/<app>/<form_key>/<int:id_>/convert")
def convert_record(app: str, form_key: str, id_: int) -> Response:
    form = bodies.form(app, form_key)
    given = bodies.body({"into": dict})
    version = answers.wanted_version()

    def make() -> tuple[Any, int, dict[str, str]]:
        unit, actor = scope.unit(), scope.actor()
        _, intos = converting.offer(unit, actor, form, id_)
        choices = _choices(given["into"] or {}, [into.form.key for into in intos])
        done = converting.convert(unit, actor, form, id_, choices, version=version, via="api")
        shape = {
            "into": {key: {"id": made, "made": key in done.made} for key, made in done.into.items()},
            "brought": done.brought,
            "left": done.left,
            "change_set": done.change_set,
        }
        return shape, 200, {}

    return answers.once(make)


def _choices(given: Mapping[str, Any], known: list[str]) -> dict[str, Choice]:
    """`{"account": {"use": 7}, "deal": {"skip": true}, "contact": {"values": {…}}}`; raises `BadRequest`."""
    found: dict[str, Choice] = {}
    problems = []
    for key, said in given.items():
        if key not in known:
            message = N_("This record does not become that.")
            problems.append(Problem(f"into.{key[:40]}", message, "unknown_key", nearest(key[:40], known)))
        elif not isinstance(said, Mapping) or set(said) - {"use", "skip", "values"} or len(said) > 1 or not _fits(said):
            message = N_("One of {example} is expected.", example='{"use": 7}, {"skip": true}, {"values": {…}}')
            problems.append(Problem(f"into.{key}", message, "type"))
        else:
            found[key] = Choice(said.get("use"), bool(said.get("skip")), said.get("values") or {})
    if problems:
        raise bodies.BadRequest(N_("The body is not understood."), problems=problems)
    return found


def _fits(said: Mapping[str, Any]) -> bool:
    use, skip, values = said.get("use"), said.get("skip", False), said.get("values", {})
    is_id = use is None or (isinstance(use, int) and not isinstance(use, bool) and 0 < use < 2**63)
    return is_id and isinstance(skip, bool) and isinstance(values, Mapping)
