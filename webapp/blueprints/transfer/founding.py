"""New form from a file: what its columns could be is shown as a table to correct, then published and filled."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.transfer import blueprint
from webapp.blueprints.transfer.columns import DELIMITERS, ENCODINGS, head_rows, read_as, reading_of
from webapp.blueprints.transfer.uploads import Arrived, arrive
from webapp.definitions import versions
from webapp.definitions.kinds import field_kinds
from webapp.engines.forms.transfer import drafts, founding, looking, profiling, sheets, wizard
from webapp.engines.forms.transfer.drafts import Draft
from webapp.engines.forms.transfer.founding import Looked
from webapp.engines.forms.transfer.heads import letters
from webapp.errors import Conflict, Denied, Invalid, MortiseError
from webapp.files import shelf
from webapp.files.store import store_of
from webapp.i18n import N_, label
from webapp.web import language, numbers, respond, scope, screens
from webapp.web.htmx import htmx

#: Options named on the page.
NAMED = 6


@blueprint.get("/build/import")
def found() -> Any:
    founding.require(scope.actor())
    return _upload_page()


def _upload_page(error: MortiseError | None = None) -> Response:
    return respond.page(
        "transfer/found.html",
        status=error.status if error else 200,
        action="/build/import",
        error=error,
        pasted=request.form.get("text", "") if error else "",
        most=sheets.MOST_BYTES >> 20,
    )


@blueprint.post("/build/import")
@scope.large(sheets.MOST_BYTES + (1 << 20))
@scope.reading
def found_file() -> Any:
    actor = scope.actor()
    founding.require(actor)
    store = store_of(scope.app().settings)
    try:
        wizard.require_room(scope.unit(), actor, request.content_length or 0)
        arrived = arrive(store)
    except MortiseError as error:
        return _upload_page(error)
    try:
        looked = _looked(arrived)
        with scope.writing() as unit:
            file = wizard.keep(unit, actor, store, arrived.incoming, arrived.name)
            draft = founding.propose(unit, actor, arrived.name, looked, language.current_firm().currency)
            said = _said(arrived.facts, looked, {})
            id_ = drafts.add(
                unit, actor, form=None, file=file, name=arrived.name, facts=arrived.facts, said=said, draft=draft
            )
    except MortiseError as error:
        return _upload_page(error)
    finally:
        store.discard(arrived.incoming)
    return respond.redirect(f"/build/import/{id_}")


def _looked(arrived: Arrived) -> Looked:
    with scope.aside(scope.actor().member):
        return founding.profile(arrived.incoming.path, arrived.facts.reading, None)


def _said(facts: looking.Facts, looked: Looked, reading: dict[str, Any]) -> dict[str, Any]:
    """How the file is read, as a map says it."""
    return {**wizard.reading_of(facts), **reading, "header": looked.header}


@blueprint.get("/build/import/<int:id_>")
def found_step(id_: int) -> Any:
    founding.require(scope.actor())
    return _table_page(drafts.get(scope.unit(), scope.actor(), id_))


@blueprint.post("/build/import/<int:id_>/look")
@scope.reading
def found_look(id_: int) -> Any:
    """Another sheet or row of headings: everything is proposed anew."""
    actor = scope.actor()
    founding.require(actor)
    draft = drafts.get(scope.unit(), actor, id_)
    file = shelf.get(scope.unit(), draft.file, member=actor.member)
    given = reading_of(draft)
    reading = read_as(given)
    scope.end_unit(commit=False)
    try:
        with scope.aside(actor.member), store_of(scope.app().settings).local(file.hash) as path:
            facts = looking.look(path, reading, is_asked=True)
            looked = founding.profile(path, facts.reading, given.get("header"))
    except MortiseError as error:
        return _table_page(draft, error)
    with scope.writing() as unit:
        draft = drafts.get(unit, actor, id_)
        made = founding.propose(unit, actor, draft.name, looked, language.current_firm().currency)
        drafts.change(unit, draft, facts=facts, map=_said(facts, looked, given), draft=made)
    return respond.redirect(f"/build/import/{id_}")


@blueprint.post("/build/import/<int:id_>")
@scope.reading
def found_form(id_: int) -> Any:
    """Keep what was corrected; with `go=make` the form is published and its rows are imported."""
    actor = scope.actor()
    founding.require(actor)
    draft = drafts.get(scope.unit(), actor, id_)
    made = _sent(draft)
    scope.end_unit(commit=False)
    with scope.writing() as unit:
        draft = drafts.change(unit, drafts.get(unit, actor, id_), draft=made)
    if request.form.get("go") != "make":
        return _table_page(draft)
    try:
        with scope.database().read() as unit:
            founded = founding.compose(unit, actor, made, draft.facts, int(draft.map.get("header", 1)))
        founding.publish(scope.database(), actor, founded)
    except (Invalid, Denied, Conflict) as error:
        return _table_page(draft, error)
    with scope.writing() as unit:
        form = versions.current(unit).form(founded.form)
        said = {**draft.map, **founded.map}
        draft = drafts.change(unit, drafts.get(unit, actor, id_), form=founded.form, map=said, draft={})
        if wizard.may(unit, actor, form):
            wizard.start(unit, actor, form, draft)
    app, key = founded.form.split(".")
    return respond.redirect(f"/{app}/{key}/import/{id_}/result")


def _sent(draft: Draft) -> dict[str, Any]:
    """The draft as it stands on the page that was sent."""
    given = request.form
    made: dict[str, Any] = {**(draft.draft or {})}
    made |= {k: given.get(k, "").strip() for k in ("label", "app", "app_label")}
    made["roles"] = given.getlist("role")
    fields = []
    for one in made["fields"]:
        place, profile = letters(one["index"]), made["profiles"][one["index"]]
        kind = given.get(f"kind-{place}", one["kind"])
        settings = {**one["settings"]}
        if kind == "link":
            settings["to"] = given.get(f"to-{place}") or settings.get("to", "")
        fields.append(
            {
                **one,
                "is_on": bool(given.get(f"on-{place}")),
                "label": given.get(f"label-{place}", one["label"]).strip()[:200] or one["label"],
                "kind": kind,
                "settings": settings,
                "empties": list(profile["placeholders"]) if given.get(f"empty-{place}") else [],
                "is_unique": bool(given.get(f"unique-{place}")),
            }
        )
    made["fields"] = fields
    made["title"] = numbers.of(given.get("title"), 9999)
    return made


def _table_page(draft: Draft, error: MortiseError | None = None) -> Response:
    unit, actor, locale = scope.unit(), scope.actor(), language.locale()
    made = dict(draft.draft or {})
    forms = [
        (f.name, f"{label(a.label, locale) or a.key} – {label(f.label, locale) or f.key}")
        for a in versions.current(unit).apps.values()
        for f in a.forms.values()
    ]
    app = versions.current(unit).apps.get(made.get("app") or "")
    problems = {p.path.partition(".")[2]: p.message for p in error.problems} if error else {}
    return respond.page(
        "transfer/founding.html",
        part="transfer/_founding.html" if htmx.target_id == "import" else None,
        status=error.status if error else 200,
        draft=draft,
        made=made,
        lines=[_line(made, one, locale, problems) for one in made["fields"]],
        kinds=[(k, field_kinds.get(k).label) for k in founding.KINDS],
        forms=forms,
        apps=founding.apps(unit, actor),
        may_found=actor.may_found,
        roles=[(r.key, label(r.label, locale) or r.key) for r in app.roles.values()] if app else [],
        on=sum(1 for one in made["fields"] if one["is_on"]),
        encodings=ENCODINGS,
        delimiters=DELIMITERS,
        head_rows=head_rows(draft),
        header=draft.map.get("header", 1),
        icons=screens.SHAPE_ICONS,
        error=error,
    )


def _line(made: dict[str, Any], one: dict[str, Any], locale: str, problems: dict[str, Any]) -> dict[str, Any]:
    """A column of the file on the page: what is known of it, and what it becomes."""
    profile = profiling.of_json(made["profiles"][one["index"]])
    place = letters(one["index"])
    options = [o["label"] for o in one["settings"].get("options", ())]
    return {
        **one,
        "place": place,
        "examples": profile.examples[:3],
        "options": options[:NAMED],
        "more": max(len(options) - NAMED, 0),
        "may_be_unique": profile.are_unique is True,
        "filled": profile.filled,
        "blank": made["rows"] - profile.filled - sum(profile.placeholders.values()),
        "placeholders": list(profile.placeholders),
        "placeholder_rows": sum(profile.placeholders.values()),
        "fits": founding.fits(one["kind"], profile),
        "notes": [_NOTES[n].text(locale) for n in one["notes"] if n in _NOTES],
        "problem": problems.get(place),
    }


_NOTES = {
    "merged": N_("Values that differ only in case become one option"),
    "zeros": N_("Begins with 0: kept as text"),
    "long_number": N_("Numbers of 16 digits or more: kept as text"),
}
