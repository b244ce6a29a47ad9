"""The app document: its shape, reading it from text, writing it back.

A `Document` keeps what its author wrote (`source`, plain data in his order) and the completed form (`data`, every
known setting present). The shapes find everything that can be seen without looking at other parts; references,
expressions and cycles are `validate`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.definitions import source
from webapp.definitions.convert import CONVERT
from webapp.definitions.kinds import field_kinds
from webapp.definitions.shapes import Anything, FieldName, FormName, NotYet, WithKind
from webapp.definitions.spec import (
    AnyOf,
    ExpressionText,
    Flag,
    Integer,
    Key,
    Label,
    ListOf,
    MapOf,
    OneOf,
    Report,
    Setting,
    Struct,
    Text,
)
from webapp.definitions.views import view_kinds
from webapp.errors import Invalid, Problem
from webapp.expressions import RESERVED_WORDS
from webapp.i18n import N_

FORMAT = 1
SYSTEM_FIELDS = (
    "id",
    "version",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "owner",
    "owner_department",
    "last_activity_at",
    "deleted_at",
    "deleted_by",
)
#: App and form keys that the product's own addresses use.
RESERVED_KEYS = frozenset(
    [
        "api",
        "approvals",
        "build",
        "dashboards",
        "demo",
        "f",
        "hooks",
        "login",
        "logout",
        "settings",
        "static",
        "live",
        "search",
        "files",
        "me",
        "m",
        "healthz",
        "readyz",
        "metrics",
        "new",
        "offline",
        "setup",
        "share",
    ]
)
#: What a field cannot be called: the words of the language, and what every record has already.
RESERVED_FIELDS = RESERVED_WORDS | frozenset((*SYSTEM_FIELDS, "flow_state"))
SCOPES = ("own", "team", "department", "department_and_below", "mine")
ACTIONS = ("see", "create", "edit", "delete", "export")


@dataclass(frozen=True)
class _FieldKey:
    """A key of a field of the document: a key, or in the rights of a role a system field as well."""

    def check(self, value: Any, path: str, report: Report) -> str | None:
        return value if value in SYSTEM_FIELDS else Key().check(value, path, report)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


@dataclass(frozen=True)
class _Written:
    """Text as a builder writes it for people, several lines possible, in one or more languages."""

    def check(self, value: Any, path: str, report: Report) -> Any:
        return Label(2000).check(value, path, report)

    def schema(self) -> dict[str, Any]:
        return Label(2000).schema()


#: What every field may say, whatever its kind.
COMMON: Mapping[str, Setting] = {
    "label": Setting(Label(), label=N_("Label")),
    "help": Setting(_Written(), label=N_("Help text")),
    "description": Setting(_Written(), label=N_("Note for builders")),
    "required": Setting(Flag(), default=False, label=N_("Required")),
    "unique": Setting(Flag(), default=False, label=N_("No duplicates")),
    "default": Setting(Anything(), label=N_("Default")),
    "was": Setting(Key(), label=N_("Former key")),
    "visible": Setting(ExpressionText("boolean"), label=N_("Visible if")),
}
FIELD = WithKind(COMMON, field_kinds, lambda kind, value, path, report: kind.examine(value, path, report))
VIEW = WithKind({"label": Setting(Label(), label=N_("Label")), "was": Setting(Key())}, view_kinds)
SECTION = Struct(
    {
        "label": Setting(Label(), label=N_("Label")),
        "tab": Setting(Label(), label=N_("Tab")),
        "columns": Setting(Integer(1, 4), default=2, label=N_("Columns")),
        "closed": Setting(Flag(), default=False, label=N_("Folded at first")),
        "visible": Setting(ExpressionText("boolean"), label=N_("Visible if")),
        "fields": Setting(ListOf(FieldName(), most=300), required=True, label=N_("Fields")),
    }
)
CHECK = Struct(
    {
        "when": Setting(ExpressionText("boolean"), required=True, label=N_("When")),
        "say": Setting(_Written(), required=True, label=N_("Say")),
        "field": Setting(FieldName(), label=N_("At field")),
    }
)
#: A record of such a form says that somebody did something: a call, a visit. It is written down beneath the record it
#: points at, and stands in that record's history.
ACTIVITY = Struct(
    {
        "at": Setting(FieldName(("datetime", "date")), required=True, label=N_("When")),
        "text": Setting(FieldName(("text",)), required=True, label=N_("What")),
        "kind": Setting(FieldName(("choice",)), label=N_("Kind")),
        "next": Setting(FieldName(("datetime", "date")), label=N_("Next time")),
    }
)
#: Records of such a form wait for somebody on a day: they stand on his workbench.
DUE = Struct(
    {
        "by": Setting(FieldName(("datetime", "date")), required=True, label=N_("Due on")),
        "who": Setting(FieldName(("member",)), label=N_("Who is meant")),
        "when": Setting(ExpressionText("boolean"), label=N_("Only while")),
        "say": Setting(FieldName(("text",)), label=N_("What is to be done")),
        "done": Setting(MapOf(Anything(), key=FieldName(), most=10), label=N_("Set when done")),
    }
)
#: Records of such a form can be nobody's: they stand in a pool, of which little is seen before one has taken one.
POOL = Struct(
    {
        "field": Setting(FieldName(("boolean",)), required=True, label=N_("Says that it is in the pool")),
        "view": Setting(Key(), required=True, label=N_("View that looks into it")),
        "show": Setting(ListOf(FieldName(), most=60), label=N_("Shown before it is taken")),
        "mask": Setting(ListOf(FieldName(), most=60), label=N_("Masked before it is taken")),
        "most": Setting(Integer(1, 1_000_000), label=N_("At most for one person")),
        "set": Setting(MapOf(Anything(), key=FieldName(), most=10), label=N_("Set when taken")),
        "bring": Setting(ListOf(Key(), most=10), label=N_("Comes along")),
    }
)
TILE = Struct(
    {
        "label": Setting(Label(), required=True, label=N_("Label")),
        "form": Setting(FormName(), required=True, label=N_("Form")),
        "view": Setting(Key(), required=True, label=N_("View")),
        "measure": Setting(ExpressionText(), default="count()", label=N_("Measure")),
    }
)
WORKBENCH = Struct(
    {
        "tiles": Setting(ListOf(TILE, most=12), label=N_("Numbers")),
        "team": Setting(TILE, label=N_("Bars of the team")),
    }
)
FORM = Struct(
    {
        "label": Setting(Label()),
        "icon": Setting(Text(40)),
        "description": Setting(_Written()),
        "was": Setting(Key()),
        "title": Setting(FieldName()),
        "fields": Setting(MapOf(FIELD, key=Key(RESERVED_FIELDS), most=300), required=True),
        "layout": Setting(ListOf(SECTION, most=100, known_by=("label", "fields"))),
        "views": Setting(MapOf(VIEW, most=60)),
        "checks": Setting(ListOf(CHECK, most=100, known_by=("when", "say"))),
        "require_version": Setting(Flag(), default=False),
        "collision": Setting(OneOf(("owner", "exists")), default="owner"),
        "activity": Setting(ACTIVITY),
        "due": Setting(DUE),
        "quick": Setting(ListOf(FieldName(), most=12), label=N_("Quick entry")),
        "convert": Setting(CONVERT, label=N_("Becomes")),
        "pool": Setting(POOL, label=N_("Pool")),
        "known": Setting(MapOf(ListOf(Text(80), least=1, most=6), most=12), label=N_("Told while typing")),
    }
)
_RIGHT = AnyOf((OneOf((True, False, *SCOPES)), ExpressionText("boolean")))
ROLE = Struct(
    {
        "label": Setting(Label()),
        "description": Setting(_Written()),
        "was": Setting(Key()),
        "forms": Setting(
            MapOf(
                Struct(
                    {
                        "may": Setting(Struct({action: Setting(_RIGHT, default=False) for action in ACTIONS})),
                        "fields": Setting(MapOf(OneOf(("hidden", "masked", "read", "write")), key=_FieldKey())),
                    }
                ),
                key=FormName(),
            )
        ),
    }
)
DOCUMENT = Struct(
    {
        "mortise": Setting(OneOf((FORMAT,)), required=True),
        "app": Setting(Key(RESERVED_KEYS), required=True),
        "uses": Setting(ListOf(Key(RESERVED_KEYS), most=50)),
        "label": Setting(Label()),
        "icon": Setting(Text(40)),
        "description": Setting(_Written()),
        "forms": Setting(MapOf(FORM, key=Key(RESERVED_KEYS), most=200), required=True),
        "flows": Setting(NotYet("flows")),
        "rules": Setting(NotYet("rules")),
        "dashboards": Setting(NotYet("dashboards")),
        "roles": Setting(MapOf(ROLE, most=100)),
        "workbench": Setting(WORKBENCH),
    }
)


@dataclass(frozen=True, eq=False)
class Document:
    """One app's document. `source` is what was written, `data` the same with every known setting present."""

    source: Mapping[str, Any]
    data: Mapping[str, Any]

    @property
    def app(self) -> str:
        return str(self.data["app"])

    @property
    def uses(self) -> tuple[str, ...]:
        return tuple(self.data["uses"] or ())

    @property
    def forms(self) -> Mapping[str, Any]:
        forms: Mapping[str, Any] = self.data["forms"]
        return forms

    @property
    def roles(self) -> Mapping[str, Any]:
        return self.data["roles"] or {}

    def text(self) -> str:
        """As it is stored: JSON with the keys in their order."""
        return json.dumps(self.source, ensure_ascii=False, separators=(",", ":"))


def load(text: str | bytes | Mapping[str, Any]) -> Document:
    """A document from YAML or JSON text, or from plain data; raises `Invalid` with all problems of its shape."""
    report = Report()
    document = shaped(text, report)
    if report.problems:
        raise Invalid(N_("The app document needs mending."), problems=once(report.problems))
    return document


def shaped(text: str | bytes | Mapping[str, Any], report: Report) -> Document:
    """The same, but problems of the shape go to `report`; then only what is whole is in the document.

    Raises `Invalid` where there is nothing to look at.
    """
    data = text if isinstance(text, Mapping) else source.read(text)
    if isinstance(text, Mapping):
        source.check_plain(text)
    if not isinstance(data, Mapping):
        problem = Problem("document", N_("A map beginning with “mortise: 1” is expected here."), "type")
        raise Invalid(N_("The document cannot be read."), problems=[problem])
    checked = DOCUMENT.check(data, "", report) or {}
    return Document(source=dict(data), data=_whole(checked) if report.problems else checked)


def _whole(data: Mapping[str, Any]) -> dict[str, Any]:
    """What of a checked document can be looked at; a broken field keeps its key, so that it can be named."""
    found = {name: data.get(name) for name in DOCUMENT.settings}
    found["uses"] = [key for key in found["uses"] or () if key]
    forms = {k: {**dict.fromkeys(FORM.settings), **f} for k, f in (found["forms"] or {}).items() if f}
    for form in forms.values():
        form["fields"] = {k: f or {} for k, f in (form["fields"] or {}).items()}
        form["layout"] = [s for s in form["layout"] or () if s and all(s.get("fields") or [None])]
        form["views"] = {k: v for k, v in (form["views"] or {}).items() if v and v.get("kind")}
        if not (form["convert"] and form["convert"].get("into") and all(form["convert"]["into"])):
            form["convert"] = None
        form["checks"] = [c for c in form["checks"] or () if c and "field" in c]
    found["forms"] = forms
    found["roles"] = {k: r for k, r in (found["roles"] or {}).items() if r and all((r.get("forms") or {}).values())}
    return found


def once(problems: list[Problem]) -> list[Problem]:
    seen: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        seen.setdefault((problem.path or "document", str(problem.message)), problem)
    return list(seen.values())


def dump(document: Document | Mapping[str, Any]) -> str:
    """YAML text that `load` reads back to the same document."""
    return source.write(document.source if isinstance(document, Document) else document)


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of an app document, with the settings of all registered kinds."""
    shape = DOCUMENT.schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mortise app document",
        **shape,
    }
