"""The pages: how to begin, and one for each form of the reader's rights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template, request
from markupsafe import Markup

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.blueprints.api import specification
from webapp.blueprints.docs import blueprint, samples, snippets
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.errors import NotFound
from webapp.expressions import functions
from webapp.i18n import N_, Message
from webapp.web import language, respond, scope
from webapp.web.htmx import htmx

#: (method, rest of the address) → what it does, and what else there is to know of it.
_OPERATIONS: dict[tuple[str, str], tuple[Message, Message]] = {
    ("get", ""): (
        N_("List records"),
        N_("Filter, sort, search and choose fields; go on with `next` as `after` until it is null."),
    ),
    ("post", ""): (
        N_("Create a record"),
        N_("With an Idempotency-Key a repeat after a broken connection makes nothing and gets the first answer."),
    ),
    ("get", "/{id}"): (N_("Read one record"), N_("The ETag of the answer is the version of the record.")),
    ("patch", "/{id}"): (
        N_("Change a record"),
        N_("Only the fields you name change. With If-Match a record that has changed since answers 412, nothing lost."),
    ),
    ("delete", "/{id}"): (N_("Put a record into the bin"), N_("It can be restored from there.")),
    ("get", "/{id}/history"): (N_("Read what happened to a record"), N_("Newest first, with before and after.")),
    ("post", "/aggregate"): (
        N_("Group and sum"),
        N_("Counts, sums and averages by one or several fields, over the records you may see."),
    ),
    ("post", "/batch"): (
        N_("Many at once"),
        N_("Up to 1,000 creations, changes and deletions: all or none, or with “mode”: “each” every one for itself."),
    ),
}
_PARAMETERS: dict[str, Message] = {
    "filter": N_("a condition in the language below"),
    "search": N_("words, as in the search of the pages"),
    "sort": N_("fields by commas; with - in front downwards"),
    "fields": N_("fields by commas; all where nothing is said"),
    "limit": N_("records a page, 1 to 1000; 50 where nothing is said"),
    "after": N_("`next` of the page before"),
    "count": N_("none, capped (stops at 10,000) or exact"),
    "id": N_("number of the record"),
    "If-Match": N_("version that must still be there"),
    "Idempotency-Key": N_("your own name for this request, good for 7 days"),
}
_GROUPS: dict[str, Message] = {
    "text": N_("Texts"),
    "number": N_("Numbers"),
    "time": N_("Dates and times"),
    "logic": N_("Conditions"),
    "people": N_("People"),
}
#: Writing comes after reading.
_ORDER = list(_OPERATIONS)


@dataclass(frozen=True)
class Operation:
    """One call. `tried` are the inputs of its form: name, where it goes, a value to begin with, what it is."""

    key: str
    method: str
    path: str
    title: Message
    about: Message
    tried: tuple[tuple[str, str, str, Message | None], ...]
    body: str
    answer: str
    snippets: dict[str, str]

    @property
    def is_writing(self) -> bool:
        return self.method in ("POST", "PATCH", "DELETE") and not self.path.endswith("/aggregate")


@blueprint.get("/api/docs")
def overview() -> Response:
    """How to begin: tokens, pages of records, errors, limits; the language with all its functions."""
    unit, actor = scope.unit(), scope.actor()
    forms = _forms(unit, actor)
    first = forms[0][0] if forms else None
    path = f"/api/v1/data/{first.app}/{first.key}" if first else "/api/v1/apps"
    grouped = {key: [f for f in functions if f.group == key] for key in _GROUPS}
    return _show(
        "docs/overview.html",
        None,
        forms,
        first=snippets.request(_base(), "GET", path, query={"limit": 3} if first else None),
        groups=[(label, grouped[key]) for key, label in _GROUPS.items() if grouped[key]],
        rate=scope.app().settings.api_rate,
    )


@blueprint.get("/api/docs/<app>/<form_key>")
def of_form(app: str, form_key: str) -> Response:
    """One form: its fields, its calls in several tools, and a form for each to try it."""
    unit, actor = scope.unit(), scope.actor()
    forms = _forms(unit, actor)
    form = next((f for f, _ in forms if (f.app, f.key) == (app, form_key)), None)
    if form is None:
        raise NotFound(N_("There is no form “{key}”.", key=f"{app}.{form_key}"))
    definitions = versions.current(unit)
    rights = policy.fields(unit, actor, form)
    described = specification.described(unit, actor)
    return _show(
        "docs/form.html",
        form,
        forms,
        form=form,
        label=language.label(form.label),
        fields=[_field(key, f, rights[key]) for key, f in form.fields.items() if rights.get(key, "hidden") != "hidden"],
        filters=samples.filters(definitions, form, rights, policy.eyes(unit, actor), language.locale()),
        operations=_operations(described, form, dict(rights)),
    )


def _forms(unit: Unit, actor: Actor) -> list[tuple[Form, str]]:
    """Forms that he may see, with their app's name."""
    return [
        (form, language.label(app.label))
        for app in versions.current(unit).apps.values()
        for form in app.forms.values()
        if policy.may(unit, actor, form, "see")
    ]


def _base() -> str:
    return request.host_url.rstrip("/")


def _field(key: str, field: Field, right: str) -> dict[str, Any]:
    options = [
        {"value": o.value, "label": language.label(o.label)} for o in (field.type.options or ()) if o.value is not None
    ]
    sample = {"masked": "138****8000"} if right == "masked" else samples.value(field, language.locale())
    return {
        "key": key,
        "label": language.label(field.label),
        "kind": language.say(field.kind.label),
        "right": right,
        "is_given": right == "write" and field.kind.is_input,
        "is_required": field.is_required,
        "is_unique": field.is_unique,
        "options": options[:40],
        "target": field.type.target if field.type.name == "record" else None,
        "sample": snippets.compact(sample) if field.type.name != "records" else "",
    }


def _operations(described: dict[str, Any], form: Form, rights: dict[str, str]) -> list[Operation]:
    """What the description has for this form, in an order to read."""
    at = f"/data/{form.app}/{form.key}"
    found = []
    for method, rest in _ORDER:
        said = described["paths"].get(at + rest, {})
        if method in said:
            found.append(_operation(form, rights, method, rest, said))
    return found


def _operation(form: Form, rights: dict[str, str], method: str, rest: str, said: dict[str, Any]) -> Operation:
    title, about = _OPERATIONS[method, rest]
    path = f"/api/v1/data/{form.app}/{form.key}{rest}"
    parameters = [*said.get("parameters", ()), *said[method].get("parameters", ())]
    body, query, headers = _example(form, rights, method, rest)
    tried = [
        (p["name"], p["in"], str({**query, **headers, "id": ""}.get(p["name"], "")), _PARAMETERS.get(p["name"]))
        for p in parameters
    ]
    return Operation(
        key=f"{method}{rest}".replace("/", "-").replace("{", "").replace("}", ""),
        method=method.upper(),
        path=path,
        title=title,
        about=about,
        tried=tuple(tried),
        body=snippets.shown(body) if body is not None else "",
        answer=_answer(form, rights, method, rest),
        snippets=snippets.request(
            _base(), method.upper(), path.replace("{id}", "128"), query=query, body=body, headers=headers
        ),
    )


def _example(form: Form, rights: dict[str, str], method: str, rest: str) -> tuple[Any, dict[str, Any], dict[str, str]]:
    """Body, query and headers of a believable request."""
    if (method, rest) == ("get", ""):
        return None, {"limit": 3, "sort": "-id"}, {}
    if (method, rest) == ("post", ""):
        return {"values": samples.body(form, rights, language.locale())}, {}, {"Idempotency-Key": "order-4711"}
    if (method, rest) == ("patch", "/{id}"):
        return {"values": samples.body(form, rights, language.locale(), most=2)}, {}, {"If-Match": '"3"'}
    if rest == "/aggregate":
        group, measure = _grouped(form, rights)
        return {"group": group, "measures": ["count()", *measure], "limit": 20}, {}, {}
    if rest == "/batch":
        one = samples.body(form, rights, language.locale(), most=3)
        return {"create": [{"values": one}, {"values": one}], "mode": "each"}, {}, {"Idempotency-Key": "import-2026-11"}
    return None, {}, {}


def _grouped(form: Form, rights: dict[str, str]) -> tuple[list[str], list[str]]:
    mine = [(k, f) for k, f in form.fields.items() if rights.get(k) in ("read", "write")]
    group = [k for k, f in mine if f.type.name == "choice"][:1] or ["owner"]
    measures = [f"sum({k})" for k, f in mine if f.type.name == "number" and f.type.scale][:1]
    return group, measures


def _answer(form: Form, rights: dict[str, str], method: str, rest: str) -> str:
    record = samples.record(form, rights, language.locale())
    if (method, rest) == ("get", ""):
        return snippets.shown({"records": [record], "next": "eyJhZnRlciI6MTI4fQ…"})
    if rest == "/aggregate":
        return snippets.shown({"rows": [{"group": ["…"], "measures": [42, "1286000.00"]}]})
    if rest == "/batch":
        return snippets.shown(
            {"created": [{"id": 129, "version": 1}, {"id": 130, "version": 1}], "updated": [], "deleted": []}
        )
    if rest == "/{id}/history" or method == "delete":
        return ""
    return snippets.shown(record)


def _show(template: str, here: Form | None, forms: list[tuple[Form, str]], **context: Any) -> Response:
    by_app: dict[str, list[dict[str, Any]]] = {}
    for one, app in forms:
        entry = {"url": f"/api/docs/{one.app}/{one.key}", "label": language.label(one.label), "icon": one.icon}
        by_app.setdefault(app, []).append({**entry, "is_here": one is here})
    context |= {"by_app": by_app, "tools": snippets.TOOLS, "is_overview": here is None, "base": _base()}
    if not htmx.wants_part:
        return make_response(render_template(template, **context))
    body = Markup(respond.render_block(template, "doc", **context))  # noqa: S704 (a template's own output)
    return make_response(render_template("docs/_content.html", body=body, **context))
