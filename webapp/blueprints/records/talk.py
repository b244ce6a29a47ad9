"""What people say about a record: comments, whom one may mention, and follow-ups from the line at the bottom."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request

from webapp.blueprints.records import blueprint
from webapp.blueprints.records.record import changed, composer, outline
from webapp.engines.forms import select
from webapp.engines.forms.around import activities, audience, comments
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Denied, Invalid
from webapp.i18n import N_
from webapp.web import respond, scope, screens


@blueprint.get("/<app>/<form>/<int:id_>/talk")
def talk(app: str, form: str, id_: int) -> Any:
    """The line to say something about a record, by itself: in a dialog over another page."""
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    context = outline(at, record) | {"composer": composer(at, record, activities.of_form(at)) or {}, "is_dialog": True}
    if context["composer"]:
        context["composer"]["is_open"] = True
    return respond.page("records/talk.html", part="records/_say_dialog.html", **context)


@blueprint.post("/<app>/<form>/<int:id_>/talk")
def say(app: str, form: str, id_: int) -> Any:
    """A comment, or (`as` is follow-up) a follow-up of the record. Sent twice it is there once."""
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    is_follow_up = request.form.get("as") == "follow-up"
    try:
        if is_follow_up:
            _log(at, record)
        else:
            comments.add(at.unit, at.actor, record, request.form.get("text", ""), client_id=_client())
    except Invalid as error:
        scope.end_unit(commit=False)
        message = " ".join(p.text(at.locale) for p in error.problems) or error.message.text(at.locale)
        answer = respond.nothing()
        answer.status_code = 422
        return respond.trigger(answer, "m:error", status=422, message=message)
    scope.settle()
    answer = changed(screens.form(app, form), id_)
    if request.headers.get("HX-Request"):
        respond.trigger(answer, "m:said", form=f"say-{id_}", client=str(uuid.uuid4()))
        respond.trigger(answer, "m:ended")
        respond.trigger(answer, "close-dialog")
        if is_follow_up:
            respond.trigger(answer, "toast", text=N_("The follow-up is logged").text(at.locale))
    return answer


def _log(at: Scope, record: Record) -> None:
    kind = activities.of_form(at)
    if kind is None or not activities.may_add(at, kind, record):
        raise Denied(N_("Your role does not allow this in {form}.", form=at.form.label), action="create")
    given: dict[str, Any] = {"text": request.form.get("text", ""), "kind": request.form.get("kind")}
    if kind.next:
        given["next"] = request.form.get("next") or None
    activities.log(at, kind, record, given, client_id=_client())


def _client() -> str | None:
    """The id the page gave it, so that sending it twice makes it once."""
    try:
        return str(uuid.UUID(request.form.get("m__client", "")))
    except ValueError:
        return None


@blueprint.get("/<app>/<form>/<int:id_>/people")
def people(app: str, form: str, id_: int) -> Any:
    """Whom one may mention here, by what was typed after the @."""
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    entries = audience.offered(at.unit, at.form, record.id, request.args.get("m__find", ""))
    return respond.part("records/_people.html", entries=entries)


@blueprint.get("/<app>/<form>/<int:id_>/comments/<int:comment>")
def comment(app: str, form: str, id_: int, comment: int) -> Any:
    """One comment as a small form, to change it."""
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    found = comments.get(at.unit, record, comment)
    if found.author != at.actor.member:
        raise Denied(N_("Only who wrote a comment changes it."), action="edit")
    return _comment_form(at, record, found)


def _comment_form(at: Scope, record: Record, found: comments.Comment, error: str = "", status: int = 200) -> Response:
    text = request.form.get("text", found.text)
    return respond.page(
        "records/comment.html",
        part="records/_comment_form.html",
        status=status,
        at=at,
        record=record,
        links=screens.Links(at),
        comment=found,
        text=text,
        error=error,
    )


@blueprint.post("/<app>/<form>/<int:id_>/comments/<int:comment>")
def rewrite(app: str, form: str, id_: int, comment: int) -> Any:
    """Change a comment of one's own, or (`do` is delete) take it back."""
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    if request.form.get("do") == "delete":
        comments.delete(at.unit, at.actor, record, comment)
    else:
        try:
            comments.edit(at.unit, at.actor, record, comment, request.form.get("text", ""))
        except Invalid as error:
            scope.end_unit(commit=False)
            at = screens.form(app, form)
            return _comment_form(at, record, comments.get(at.unit, record, comment), error.message.text(at.locale), 422)
    scope.settle()
    return changed(screens.form(app, form), id_)
