"""OpenAPI 3.1 of exactly what this token may reach, made from the forms it may see."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.blueprints.api import answers, blueprint, bodies
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms.writing import attaching
from webapp.i18n import label
from webapp.web import language, scope

_MASKED = {"type": "object", "properties": {"masked": {"type": "string"}}, "required": ["masked"]}
_LINK = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "title": {"type": "string"}, "deleted": {"type": "boolean"}},
    "required": ["id", "title"],
}
_MOMENT = {"type": "string", "format": "date-time"}
_PERSON = {"anyOf": [{"type": "null"}, _LINK, _MASKED]}
_PROBLEM = {
    "type": "object",
    "properties": {
        "code": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {k: {"type": "string"} for k in ("path", "code", "message")},
                "required": ["path", "code", "message"],
            },
        },
    },
    "required": ["code", "status", "title", "detail"],
}


@blueprint.get("/openapi.json")
def specification() -> Response:
    bodies.query(())
    return answers.send(described(scope.unit(), scope.actor()))


def described(unit: Unit, actor: Actor) -> dict[str, Any]:
    """The whole description of what `actor` may reach."""
    forms = [
        form
        for app in versions.current(unit).apps.values()
        for form in app.forms.values()
        if policy.may(unit, actor, form, "see")
    ]
    of_app = _operation("One app: its forms; its document for those who build it", {"type": "object"}, ["apps"])
    paths: dict[str, Any] = {
        "/apps": {"get": _operation("Apps and forms", {"type": "object"}, ["apps"])},
        "/apps/{key}": {"get": of_app, "parameters": [_parameter("key", "path", {"type": "string"}, required=True)]},
    }
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    for form in forms:
        schemas[_name(form)] = _record(unit, actor, form)
        schemas[_name(form) + "Input"] = _input(unit, actor, form)
        schemas[_name(form) + "New"] = _new(form, schemas[_name(form) + "Input"])
        paths.update(_paths(unit, actor, form))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mortise", "version": "1", "description": _ABOUT},
        "servers": [{"url": request.root_url.rstrip("/") + "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": _PROBLEM_ANSWER, "TooMany": _TOO_MANY},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _name(form: Form) -> str:
    return f"{form.app}.{form.key}"


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _record(unit: Unit, actor: Actor, form: Form) -> dict[str, Any]:
    rights = policy.fields(unit, actor, form)
    locale = language.locale()
    values: dict[str, Any] = {}
    for key, field in form.fields.items():
        right = rights.get(key, "hidden")
        if right == "hidden" or field.type.name == "records":
            continue
        schema = {"anyOf": [{"type": "null"}, _MASKED]} if right == "masked" else _answer(field)
        values[key] = {**schema, "title": label(field.label, locale)}
    stamps = {"created_at": _MOMENT, "updated_at": _MOMENT, "last_activity_at": _MOMENT}
    people = dict.fromkeys(("created_by", "updated_by", "owner_department"), _PERSON)
    values["owner"] = _PERSON
    return {
        "type": "object",
        "title": label(form.label, locale),
        "properties": {
            "id": {"type": "integer"},
            "version": {"type": "integer"},
            "values": {"type": "object", "properties": values},
            **stamps,
            **people,
        },
        "required": ["id", "version", "values"],
    }


def _answer(field: Any) -> dict[str, Any]:
    """What goes out of a field: links with their title, or the little that is left of one out of sight."""
    if field.type.name in ("record", "member", "department"):
        return dict(_PERSON)
    found: dict[str, Any] = field.kind.json_schema(field)
    return found


def _input(unit: Unit, actor: Actor, form: Form) -> dict[str, Any]:
    rights = policy.fields(unit, actor, form)
    values = {k: f.kind.json_schema(f) for k, f in form.fields.items() if rights.get(k) == "write" and f.kind.is_input}
    shape = {"type": "object", "properties": values, "additionalProperties": False}
    return _closed({"values": shape}, required=("values",))


def _closed(properties: dict[str, Any], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object of these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _new(form: Form, shape: dict[str, Any]) -> dict[str, Any]:
    """What creating takes: the values, and the id a device gave the record so that sending it twice makes it once."""
    return _closed(
        {**shape["properties"], "client_id": {"type": ["string", "null"], "format": "uuid"}}, required=("values",)
    )


_COMMENT = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "author": _LINK,
        "text": {"type": "string"},
        "at": _MOMENT,
        "edited_at": {"anyOf": [{"type": "null"}, _MOMENT]},
        "mentions": {"type": "array", "items": _LINK},
    },
    "required": ["id", "author", "text", "at"],
}
_COMMENTS = {
    "type": "object",
    "properties": {"comments": {"type": "array", "items": _COMMENT}},
    "required": ["comments"],
}
_COMMENT_TEXT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "maxLength": 5000, "description": "`@Name` mentions who may see the record"}
    },
    "required": ["text"],
    "additionalProperties": False,
}
_COMMENT_INPUT = {
    **_COMMENT_TEXT,
    "properties": {**_COMMENT_TEXT["properties"], "client_id": {"type": "string", "format": "uuid"}},
}
_COMMENT_ID = {"name": "comment", "in": "path", "required": True, "schema": {"type": "integer"}}


def _paths(unit: Unit, actor: Actor, form: Form) -> dict[str, Any]:
    at = f"/data/{form.app}/{form.key}"
    tags = [_name(form)]
    record = _ref(_name(form))
    body, new = (_body(_ref(_name(form) + suffix)) for suffix in ("Input", "New"))
    page = {
        "type": "object",
        "properties": {
            "records": {"type": "array", "items": record},
            "next": {"type": ["string", "null"]},
            "count": {"type": "integer"},
            "count_is": {"enum": ["exact", "at_least"]},
        },
        "required": ["records", "next"],
    }
    many: dict[str, Any] = {"get": {**_operation("List", page, tags), "parameters": _LIST_PARAMETERS}}
    one: dict[str, Any] = {"get": _operation("Read", record, tags), "parameters": [_ID]}
    if policy.may(unit, actor, form, "create"):
        many["post"] = {**_operation("Create", record, tags, 201), "requestBody": new, "parameters": [_IDEMPOTENCY]}
    if policy.may(unit, actor, form, "edit"):
        one["patch"] = {**_operation("Change", record, tags), "requestBody": body, "parameters": [_IF_MATCH]}
    if policy.may(unit, actor, form, "delete"):
        one["delete"] = {**_operation("Put into the bin", None, tags, 204), "parameters": [_IF_MATCH]}
    found = {
        at: many,
        f"{at}/{{id}}": one,
        f"{at}/{{id}}/history": {"get": _operation("History", _EVENTS, tags), "parameters": [_ID]},
        f"{at}/{{id}}/comments": {
            "get": _operation("Comments", _COMMENTS, tags),
            "post": {**_operation("Comment", _COMMENT, tags, 201), "requestBody": _body(_COMMENT_INPUT)},
            "parameters": [_ID],
        },
        f"{at}/{{id}}/comments/{{comment}}": {
            "patch": {**_operation("Change one's own comment", _COMMENT, tags), "requestBody": _body(_COMMENT_TEXT)},
            "delete": _operation("Take a comment back", None, tags, 204),
            "parameters": [_ID, _COMMENT_ID],
        },
        f"{at}/aggregate": {
            "post": {**_operation("Groups and measures", _ROWS, tags), "requestBody": _body(_AGGREGATE)}
        },
    }
    for key in attaching.keys(form):
        if policy.fields(unit, actor, form).get(key) == "write":
            file = form.fields[key].kind.json_schema(form.fields[key])["items"]["anyOf"][0]
            upload = {**_operation("Upload a file, to be named by its id in a record", file, tags, 201), **_UPLOAD}
            found[f"{at}/files/{key}"] = {"post": {**upload, "parameters": [_FILE_NAME]}}
    if form.settings.get("convert") and policy.may(unit, actor, form, "edit"):
        convert = {**_operation("Becomes other records", _CONVERTED, tags), "requestBody": _body(_convert(form))}
        found[f"{at}/{{id}}/convert"] = {"post": {**convert, "parameters": [_ID, _IF_MATCH, _IDEMPOTENCY]}}
    if any(policy.may(unit, actor, form, action) for action in ("create", "edit", "delete")):
        batch = {**_operation("Many at once", {"type": "object"}, tags), "requestBody": _body(_batch(form))}
        found[f"{at}/batch"] = {"post": {**batch, "parameters": [_IDEMPOTENCY]}}
    return found


def _operation(summary: str, schema: dict[str, Any] | None, tags: list[str], status: int = 200) -> dict[str, Any]:
    good: dict[str, Any] = {"description": summary}
    if schema is not None:
        good["content"] = {"application/json": {"schema": schema}}
    problem = {"$ref": "#/components/responses/Problem"}
    return {
        "summary": summary,
        "tags": tags,
        "responses": {
            str(status): good,
            **dict.fromkeys(_PROBLEMS, problem),
            "429": {"$ref": "#/components/responses/TooMany"},
            "default": problem,
        },
    }


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


#: Statuses that are told as problem documents; `default` is for those of the server (503).
_PROBLEMS = ("400", "401", "403", "404", "405", "409", "412", "413", "415", "422")
_PROBLEM_ANSWER = {
    "description": "What went wrong, with a stable code and a message for each field",
    "content": {"application/problem+json": {"schema": _ref("Problem")}},
}

_WHOLE_HEADER = {"schema": {"type": "integer", "minimum": 0}}
_TOO_MANY = {
    **_PROBLEM_ANSWER,
    "description": "Too many requests: come back after `Retry-After` seconds",
    "headers": dict.fromkeys(
        ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"), _WHOLE_HEADER
    ),
}
_ABOUT = (
    "Exactly what the member behind this token may reach. Every answer carries `RateLimit-Limit` (requests a minute), "
    "`RateLimit-Remaining` and `RateLimit-Reset` (seconds until all of them are back)."
)


def _parameter(name: str, where: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": where, "required": required, "schema": schema}


_ID = _parameter("id", "path", {"type": "integer", "minimum": 1}, required=True)
_IF_MATCH = _parameter("If-Match", "header", {"type": "string"})
_FILE_NAME = _parameter("name", "query", {"type": "string"})
_UPLOAD = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}
_IDEMPOTENCY = _parameter("Idempotency-Key", "header", {"type": "string", "minLength": 1, "maxLength": 200})
_LIST_PARAMETERS = [
    _parameter("filter", "query", {"type": "string"}),
    _parameter("search", "query", {"type": "string"}),
    _parameter("sort", "query", {"type": "string"}),
    _parameter("fields", "query", {"type": "string"}),
    _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 1000}),
    _parameter("after", "query", {"type": "string"}),
    _parameter("count", "query", {"enum": ["none", "capped", "exact"]}),
]
_EVENTS = {"type": "object", "properties": {"events": {"type": "array", "items": {"type": "object"}}}}
_ROWS = {
    "type": "object",
    "properties": {
        "rows": {
            "type": "array",
            "items": {"type": "object", "properties": {"group": {"type": "array"}, "measures": {"type": "array"}}},
        }
    },
}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_AGGREGATE = _closed(
    {
        "group": {**_TEXTS, "type": ["array", "null"]},
        "measures": {**_TEXTS, "type": ["array", "null"]},
        "filter": {"type": ["string", "null"]},
        "search": {"type": ["string", "null"]},
        "sort": {"type": ["string", "null"]},
        "limit": {"type": ["integer", "null"], "minimum": 1, "maximum": 10000},
    }
)
_WHOLE = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
_VERSION = {**_WHOLE, "type": ["integer", "null"]}


def _batch(form: Form) -> dict[str, Any]:
    values = {"$ref": f"#/components/schemas/{_name(form)}Input/properties/values"}
    items = {
        "create": _closed({"values": values}, required=("values",)),
        "update": _closed({"id": _WHOLE, "version": _VERSION, "values": values}, required=("id", "values")),
        "delete": _closed({"id": _WHOLE, "version": _VERSION}, required=("id",)),
    }
    lists = {verb: {"type": ["array", "null"], "items": item, "maxItems": 1000} for verb, item in items.items()}
    return _closed({**lists, "mode": {"enum": ["all", "each", None]}})


_CONVERTED = {
    "type": "object",
    "properties": {
        "into": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "made": {"type": "boolean"}},
            },
        },
        "brought": {"type": "integer"},
        "left": {"type": "integer"},
        "change_set": {"type": "integer"},
    },
}


def _convert(form: Form) -> dict[str, Any]:
    """For each form it becomes: a record that is there (`use`), none (`skip`), or a new one with these values."""
    choice = {
        "oneOf": [
            _closed({"use": _WHOLE}, required=("use",)),
            _closed({"skip": {"type": "boolean"}}, required=("skip",)),
            _closed({"values": {"type": "object"}}, required=("values",)),
        ]
    }
    keys = [into["form"] for into in form.settings["convert"]["into"]]
    return _closed({"into": {**_closed(dict.fromkeys(keys, choice)), "type": ["object", "null"]}})
