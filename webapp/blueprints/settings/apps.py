"""Apps: what is in force, every version with what it changed, documents in and out, what could not be built."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, request

from webapp import catalog
from webapp.access import audit, directory, firm
from webapp.access.actor import Actor
from webapp.blueprints.settings import blueprint
from webapp.db import Unit
from webapp.definitions import drafts, versions
from webapp.definitions.apply import require
from webapp.errors import Conflict, Denied, Invalid, MortiseError, NotFound
from webapp.i18n import N_
from webapp.web import language, numbers, respond, scope, sections

_LARGEST = 2 * 1024 * 1024
_SAID = {
    "published": N_("Published"),
    "dropped": N_("The draft is gone"),
    "retried": N_("It is being tried again"),
    "same": N_("There is nothing new in the catalog"),
}


@blueprint.get("/settings/apps")
def list_apps() -> Response:
    sections.enter("apps")
    return _all()


@blueprint.get("/settings/apps/<app>")
def show_app(app: str) -> Response:
    """Its versions, newest first."""
    actor, unit = sections.enter("apps"), scope.unit()
    found = _app(unit, actor, app)
    return sections.show(
        "apps",
        "settings/app.html",
        saved=_SAID.get(request.args.get("saved", "")),
        app=found,
        label=language.label(found.label),
        history=versions.history(unit, app),
        names=directory.everybody(unit),
        building=versions.building(unit, app),
        draft=drafts.get(unit, actor, app),
        is_from_catalog=app in catalog.names(),
        is_followed=versions.follows(unit, app),
        locale=language.locale(),
    )


@blueprint.get("/settings/apps/<app>/document")
def export_document(app: str) -> Response:
    """The document as a file: of the version in force, or of an older one."""
    actor, unit = sections.enter("apps"), scope.unit()
    _app(unit, actor, app)
    version = numbers.asked("version", numbers.MOST_VERSIONS)
    text = versions.dump(versions.document(unit, app, version))
    response = make_response(text)
    response.mimetype = "application/yaml"
    name = f"{app}-{version}.yaml" if version else f"{app}.yaml"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.post("/settings/apps/upload")
def upload_document() -> Response:
    """Check a document, name everything that needs mending, and keep it as a draft whose plan comes next."""
    actor, unit = sections.enter("apps"), scope.unit()
    file = request.files.get("file")
    data = file.stream.read(_LARGEST + 1) if file is not None and file.filename else b""
    text = data or request.form.get("text", "").encode("utf-8", "replace")
    try:
        if not text.strip():
            raise Invalid(N_("Choose a file, or paste the document."))
        if len(text) > _LARGEST:
            raise Invalid(N_("This is too large"))
        definitions = versions.current(unit)
        document = versions.validate(text, definitions)
        require(actor, document.app)
        before = definitions.apps[document.app].version if document.app in definitions.apps else 0
        drafts.keep(unit, actor, document.app, document.source, before)
    except (Invalid, Denied) as error:
        scope.end_unit(commit=False)
        return _all(error=error, text=text.decode("utf-8", "replace")[:200_000])
    scope.settle()
    return respond.redirect(f"/settings/apps/{document.app}/draft", whole=True)


@blueprint.post("/settings/apps/<app>/start")
def start_app(app: str) -> Response:
    """Begin a draft of a starter app."""
    actor, unit = sections.enter("apps"), scope.unit()
    require(actor, app)
    if app in versions.current(unit).apps:
        raise Conflict(N_("This app is in place already."))
    document = versions.validate(catalog.document(app, firm.get(unit).currency), versions.current(unit))
    drafts.keep(unit, actor, app, document.source, 0, base=document.source)
    return respond.redirect(f"/settings/apps/{app}/draft", whole=True)


@blueprint.post("/settings/apps/<app>/rollback")
def rollback_app(app: str) -> Response:
    """Begin a draft that is an older version again."""
    actor, unit = sections.enter("apps"), scope.unit()
    _app(unit, actor, app)
    version = numbers.sent("version", numbers.MOST_VERSIONS)
    if version is None:
        asked = request.form.get("version", "")[:20]
        raise NotFound(N_("The app {app} has no version {version}.", app=app, version=asked))
    drafts.of_version(unit, actor, app, version)
    return respond.redirect(f"/settings/apps/{app}/draft", whole=True)


@blueprint.post("/settings/apps/<app>/upgrade")
def upgrade_app(app: str) -> Response:
    """Begin a draft that is the catalog's newer document, with the firm's own changes kept."""
    actor, unit = sections.enter("apps"), scope.unit()
    _app(unit, actor, app)
    began = numbers.sent("base", numbers.MOST_VERSIONS)
    proposal = versions.propose(unit, app, catalog.document(app, firm.get(unit).currency), began=began)
    if proposal.plan.is_empty and not proposal.disputed:
        return respond.redirect(f"/settings/apps/{app}?saved=same", whole=True)
    note = language.say(N_("upgrade from the catalog"))
    drafts.of_upgrade(unit, actor, proposal, note)
    return respond.redirect(f"/settings/apps/{app}/draft", whole=True)


@blueprint.post("/settings/apps/<app>/retry")
@scope.reading
def retry_app(app: str) -> Response:
    """Try again what the data did not let be built."""
    actor = sections.enter("apps")
    _app(scope.unit(), actor, app)
    scope.end_unit(commit=False)
    count = versions.retry(scope.database(), actor, app)
    with scope.database().write() as unit:
        unit.origin = scope.origin()
        audit.add(unit, actor, "app_retried", app=app, count=count)
    return respond.redirect(f"/settings/apps/{app}?saved=retried", whole=True)


def _app(unit: Unit, actor: Actor, app: str) -> Any:
    """The app, if he builds it; else it does not exist here."""
    found = versions.current(unit).apps.get(app)
    if found is None or not actor.builds(app):
        raise NotFound(N_("There is no app “{key}”.", key=app))
    return found


def _all(*, error: MortiseError | None = None, text: str = "") -> Response:
    actor, unit = scope.actor(), scope.unit()
    apps = [app for app in versions.current(unit).apps.values() if actor.builds(app.key)]
    building, published = versions.building(unit), versions.published(unit)
    shown = []
    for app in apps:
        at, by = published[app.key]
        work = [w["state"] for w in building if w["app"] == app.key]
        shown.append(
            {
                "key": app.key, "label": language.label(app.label), "icon": app.icon, "version": app.version,
                "forms": len(app.forms), "at": at, "by": by,
                "open": work.count("open"), "failed": work.count("failed"),
            }
        )  # fmt: skip
    problems = [(p.path, p.text(language.locale())) for p in error.problems] if error else []
    starters = [
        (name, language.label(catalog.label(name)))
        for name in catalog.names()
        if name not in versions.current(unit).apps and actor.builds(name)
    ]
    return sections.show(
        "apps",
        "settings/apps.html",
        status=error.status if error else 200,
        saved=_SAID.get(request.args.get("saved", "")),
        apps=shown,
        names=directory.everybody(unit),
        starters=starters,
        drafted=drafts.mine(unit, actor),
        error=language.say(error.message) if error else "",
        problems=problems,
        text=text,
    )
