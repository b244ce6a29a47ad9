"""The second step: which column is written to which field, and how the file is read."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.transfer import blueprint
from webapp.definitions import versions
from webapp.definitions.model import Field
from webapp.engines.forms.transfer import drafts, looking, making, verdicts, wizard
from webapp.engines.forms.transfer.drafts import Draft
from webapp.engines.forms.transfer.heads import letters
from webapp.engines.forms.transfer.sheets import Reading
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Invalid, MortiseError
from webapp.files import shelf
from webapp.files.store import store_of
from webapp.i18n import label
from webapp.web import numbers, respond, scope, screens
from webapp.web.htmx import htmx

ENCODINGS = (
    ("utf-8", "UTF-8"),
    ("gb18030", "GBK / GB18030"),
    ("utf-16", "UTF-16"),
    ("big5", "Big5"),
    ("cp1252", "Windows-1252"),
)
DELIMITERS = ((",", ","), ("\t", "Tab"), (";", ";"), ("|", "|"), ("，", "，"))
#: Constant values that can be given on the page.
CONSTANTS = 5


@blueprint.get("/<app>/<form>/import/<int:id_>")
def step(app: str, form: str, id_: int) -> Any:
    """Where this import is: matching, its check, or its result."""
    at = screens.form(app, form)
    draft = drafts.get(at.unit, at.actor, id_, at.form.name)
    base = address(at, draft)
    if draft.job is not None:
        return respond.redirect(f"{base}/result")
    return columns_page(at, draft)


@blueprint.post("/<app>/<form>/import/<int:id_>/look")
@scope.reading
def look(app: str, form: str, id_: int) -> Any:
    """Another sheet, row of headings, encoding or delimiter: the file is read and matched anew."""
    at = screens.form(app, form)
    draft = drafts.get(at.unit, at.actor, id_, at.form.name)
    wizard.require(at.unit, at.actor, at.form)
    facts, reading = draft.facts, reading_of(draft)
    if any(reading.get(k) != draft.map.get(k) for k in ("sheet", "encoding", "delimiter", "fill")):
        file = shelf.get(at.unit, draft.file, member=at.actor.member)
        scope.end_unit(commit=False)
        try:
            with scope.aside(at.actor.member), store_of(scope.app().settings).local(file.hash) as path:
                facts = looking.look(path, read_as(reading), is_asked=True)
        except MortiseError as error:
            return columns_page(screens.form(app, form), draft, error)
    scope.end_unit(commit=False)
    with scope.writing() as unit:
        at = screens.form_in(unit, app, form)
        said, notes = wizard.propose(unit, at.actor, at.form, facts, reading, is_fresh=request.form.get("fresh") == "1")
        draft = drafts.get(unit, at.actor, id_, at.form.name)
        draft = wizard.change(unit, draft, draft.version, said, notes)
        drafts.change(unit, draft, facts=facts)
    return respond.redirect(address(at, draft))


def read_as(given: dict[str, Any]) -> Reading:
    """What `reading_of` found, as the reader takes it."""
    return Reading(
        given.get("sheet"), given.get("encoding"), given.get("delimiter"), given.get("comment"), bool(given.get("fill"))
    )


def reading_of(draft: Draft) -> dict[str, Any]:
    """What was chosen of how to read the file; a sheet by its name, as it was found."""
    found: dict[str, Any] = {}
    for key in ("sheet", "encoding", "delimiter"):
        found[key] = request.form.get(key) or draft.map.get(key)
    found["comment"] = draft.map.get("comment")
    found["fill"] = (request.form.get("fill") == "1") if "m__fill" in request.form else draft.map.get("fill")
    if found["encoding"] == "auto":
        found["encoding"] = None
    is_other = found["sheet"] != draft.map.get("sheet")
    found["header"] = numbers.sent("header", 9999) if not is_other else None
    return {k: v for k, v in found.items() if v not in (None, False) or k == "header"}


@blueprint.post("/<app>/<form>/import/<int:id_>/columns")
def match(app: str, form: str, id_: int) -> Any:
    """Keep what was chosen; with `go=check` the whole file is checked."""
    at = screens.form(app, form)
    wizard.require(at.unit, at.actor, at.form)
    draft = drafts.get(at.unit, at.actor, id_, at.form.name)
    fields = wizard.fields_of(at.unit, at.actor, at.form)
    said = sent(draft, fields)
    if said != draft.map:
        draft = wizard.change(at.unit, draft, draft.version, said)
    if request.form.get("go") != "check":
        scope.settle()
        at = screens.form(app, form)
        return columns_page(at, drafts.get(at.unit, at.actor, id_, at.form.name))
    problems = _problems(at, draft, fields)
    if problems:
        scope.settle()
        return columns_page(screens.form(app, form), draft, Invalid(problems[0]))
    draft = wizard.rehearse(at.unit, at.actor, at.form, draft)
    return respond.redirect(f"{address(at, draft)}/check")


def sent(draft: Draft, fields: dict[str, Field]) -> dict[str, Any]:
    """The map as it stands on the page that was sent; what the page has nothing of stays."""
    given = request.form
    said = {**draft.map}
    width = len(draft.facts.columns)
    chosen = {letters(i): given.get(f"place-{letters(i)}") for i in range(width)}
    said["places"] = {place: key if key in fields else None for place, key in chosen.items()}
    mapped = {key for key in said["places"].values() if key}
    said.pop("key", None)
    if given.get("existing") in ("update", "skip") and given.get("key") in mapped:
        said |= {"key": given["key"], "existing": given["existing"]}
    pairs = zip(given.getlist("constant-field"), given.getlist("constant-value"), strict=False)
    said["constants"] = {key: text.strip() for key, text in pairs if key in fields and text.strip()}
    by = {key: given.get(f"by-{key}") for key in mapped}
    said["by"] = {key: value for key, value in by.items() if value}
    said["create"] = sorted(key for key in mapped if given.get(f"create-{key}"))
    return said


def _problems(at: Scope, draft: Draft, fields: dict[str, Field]) -> list[Any]:
    """Why this map cannot be checked yet."""
    from webapp.i18n import N_

    said = draft.said
    keys = [key for key in said.places.values() if key]
    if not keys:
        return [N_("Choose a field for one column at least.")]
    if len(keys) > len(set(keys)):
        return [N_("Two columns are written to the same field; choose one.")]
    if set(keys) & set(said.constants):
        return [N_("A field has a column and a fixed value; choose one.")]
    if not said.key and (lacking := verdicts.lacking(at.form, fields, said)):
        names = ", ".join(label(f.label, at.locale) or f.key for f in lacking)
        return [N_("Must be filled and has no column: {fields}. Give every row a value below.", fields=names)]
    return []


def address(at: Scope, draft: Draft) -> str:
    return f"{screens.Links(at).base}/import/{draft.id}"


def columns_page(at: Scope, draft: Draft, error: MortiseError | None = None) -> Response:
    """The page of the second step, or the part of it that follows every choice."""
    fields = wizard.fields_of(at.unit, at.actor, at.form)
    table = wizard.table_of(draft.facts, fields, draft.map)
    notes, said = draft.draft or {}, draft.said
    whys = {i: notes.get("whys", {}).get(letters(i), "") for i in range(len(table.columns))}
    told = verdicts.judge(at.unit, at.actor, at.form, fields, said, table.columns, whys)
    lines = [_line(i, table, said, told[i]) for i in range(len(table.columns))]
    return respond.page(
        "transfer/columns.html",
        part="transfer/_columns.html" if htmx.target_id == "import" else None,
        status=error.status if error else 200,
        at=at,
        links=screens.Links(at),
        form_label=screens.form_label(at),
        address=address(at, draft),
        draft=draft,
        said=said,
        table=table,
        lines=lines,
        good=sum(1 for line in lines if line["key"] and line["verdict"].tone == "ok"),
        doubtful=sum(1 for line in lines if line["verdict"].tone in ("warn", "bad")),
        is_remembered=bool(notes.get("is_remembered")),
        choices=_choices(at, fields),
        keys=_keys(at, fields, said),
        constants=_constants(at, fields, draft),
        linked=_linked(at, fields, draft),
        encodings=ENCODINGS,
        delimiters=DELIMITERS,
        head_rows=head_rows(draft),
        may_edit=at.may("edit"),
        error=error,
    )


def _line(index: int, table: wizard.Table, said: Any, verdict: verdicts.Verdict) -> dict[str, Any]:
    place = letters(index)
    return {
        "place": place,
        "heading": table.headings[index] if index < len(table.headings) else "",
        "examples": verdicts.examples(table.columns[index]),
        "key": said.places.get(place) or "",
        "verdict": verdict,
    }


def _choices(at: Scope, fields: dict[str, Field]) -> list[dict[str, Any]]:
    """The fields to choose from; those that must be filled are marked."""
    return [
        {
            "value": key,
            "label": _name(at, f) + (" *" if f.is_required else ""),
            "icon": screens.SHAPE_ICONS.get(f.type.name),
        }
        for key, f in fields.items()
    ]


def _name(at: Scope, field: Field) -> str:
    return label(field.label, at.locale) or field.key


def _keys(at: Scope, fields: dict[str, Field], said: Any) -> list[tuple[str, str]]:
    """The mapped fields that records can be known by: those without duplicates first, then what names a record."""
    mapped = [k for k in dict.fromkeys(said.places.values()) if k and _is_key(fields[k])]
    mapped.sort(key=lambda k: (not fields[k].is_unique, k != at.form.title))
    return [(k, _name(at, fields[k])) for k in mapped]


def _is_key(field: Field) -> bool:
    return field.column is not None and field.type.name in ("text", "number", "date", "datetime", "record", "choice")


def _constants(at: Scope, fields: dict[str, Field], draft: Draft) -> list[dict[str, Any]]:
    """Values for every row: those given, those that are lacking, and one empty line."""
    given = dict(draft.map.get("constants", {}))
    if not draft.map.get("key"):
        for field in verdicts.lacking(at.form, fields, draft.said):
            given.setdefault(field.key, "")
    lines = [{"key": k, "value": v, "options": _options(at, fields[k])} for k, v in given.items() if k in fields]
    return [*lines, {"key": "", "value": "", "options": []}][: max(CONSTANTS, len(lines))]


def _options(at: Scope, field: Field) -> list[str]:
    return [label(o.label, at.locale) or o.value for o in field.type.options][:200]


def _linked(at: Scope, fields: dict[str, Field], draft: Draft) -> list[dict[str, Any]]:
    """The link columns: by what their records are found, and whether missing ones can be made."""
    found = []
    for key in dict.fromkeys(k for k in draft.said.places.values() if k):
        field = fields.get(key)
        if field is None or field.type.name != "record" or not field.type.target:
            continue
        target = versions.current(at.unit).form(field.type.target)
        rights = wizard.fields_of(at.unit, at.actor, target) | {target.title: target.field(target.title)}
        ways = [(k, _name(at, f)) for k, f in rights.items() if f.is_unique and k != target.title and f.column]
        found.append(
            {
                "key": key,
                "label": _name(at, field),
                "target": label(target.label, at.locale) or target.key,
                "by": draft.map.get("by", {}).get(key, ""),
                "ways": [("", _name(at, target.field(target.title))), *ways, ("id", "#")],
                "may_create": making.may(at.unit, at.actor, at.form, field),
                "is_created": key in draft.map.get("create", ()),
            }
        )
    return found


def head_rows(draft: Draft) -> list[tuple[int, str]]:
    """The first rows, to choose the one of the headings from."""
    first = draft.facts.first
    rows = []
    for i in range(min(8, len(first))):
        cells = [str(c).replace("\n", " ") for c in first.row(i) if c is not None]
        text = " · ".join(cells[:4])
        rows.append((first.numbers[i], text[:40] + ("…" if len(text) > 40 or len(cells) > 4 else "")))
    return rows
