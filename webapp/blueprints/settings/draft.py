"""A draft of an app: what publishing it would do in words, and publishing, carrying over or dropping it."""

from __future__ import annotations

from flask import Response, request

from webapp.access import audit
from webapp.blueprints.settings import blueprint, roles
from webapp.definitions import drafts, versions
from webapp.definitions.plan import BLOCKED, LOSS
from webapp.errors import Busy, Conflict, Invalid, MortiseError, NotFound
from webapp.i18n import N_
from webapp.web import language, respond, scope, sections


@blueprint.get("/settings/apps/<app>/draft")
def show_draft(app: str) -> Response:
    sections.enter("apps")
    return _page(app)


@blueprint.post("/settings/apps/<app>/draft/publish")
@scope.reading
def publish_draft(app: str) -> Response:
    """Put it into force. What has come between, or needs consent, is said on the page of the draft."""
    actor = sections.enter("apps")
    draft = drafts.get(scope.unit(), actor, app)
    if draft is None:
        raise NotFound(N_("There is no draft of this app any more."))
    scope.end_unit(commit=False)
    try:
        done = versions.apply(
            scope.database(),
            actor,
            draft.source,
            accept_loss=bool(request.form.get("accept_loss")),
            note=request.form.get("note", "").strip()[:500] or draft.note,
            expect_version=draft.before,
            base=draft.base,
        )
    except (Conflict, Invalid, Busy) as error:
        return _page(app, error)
    with scope.database().write() as unit:
        unit.origin = scope.origin()
        drafts.drop(unit, actor, app)
        if done.is_changed:
            left_out = [one.get("path") for one in draft.left_out]
            audit.add(
                unit, actor, "app_published", app=app, version=done.version, changes=len(done.plan.changes),
                left_out=left_out or None,
            )  # fmt: skip
    fallback = f"/settings/apps/{app}?saved=published"
    return respond.redirect(respond.local(request.form.get("next"), fallback), whole=True)


@blueprint.post("/settings/apps/<app>/draft/rebase")
def rebase_draft(app: str) -> Response:
    """Carry the draft over to the version that came between."""
    actor = sections.enter("apps")
    drafts.rebase(scope.unit(), actor, app)
    return respond.redirect(respond.local(request.form.get("next"), f"/settings/apps/{app}/draft"), whole=True)


@blueprint.post("/settings/apps/<app>/draft/drop")
def drop_draft(app: str) -> Response:
    actor = sections.enter("apps")
    drafts.drop(scope.unit(), actor, app)
    return respond.redirect(respond.local(request.form.get("next"), "/settings/apps?saved=dropped"), whole=True)


def _page(app: str, error: MortiseError | None = None) -> Response:
    actor, unit = scope.actor(), scope.unit()
    context = roles.pending(unit, actor, app)
    draft = context["draft"]
    if draft is None:
        raise NotFound(N_("There is no draft of this app any more."))
    plan = context["plan"]
    problems = [(p.path, p.text(language.locale())) for p in error.problems] if error else []
    return sections.show(
        "apps",
        "settings/draft.html",
        status=error.status if error else 200,
        app=app,
        label=language.label(draft.source.get("label") or app),
        error=language.say(error.message) if error else "",
        problems=problems if plan is None else [],
        needs_consent=plan is not None and plan.severity == LOSS,
        is_blocked=plan is not None and plan.severity == BLOCKED,
        **context,
    )
