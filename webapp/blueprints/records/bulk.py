"""One change to all picked records: a few at once, many as a job whose progress the page follows."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.records import blueprint
from webapp.blueprints.records.cells import changed_rows, owner_input
from webapp.engines.forms import bulk_jobs, select, undoing
from webapp.engines.forms.bulk_jobs import Order
from webapp.engines.forms.entering import entry, inputs
from webapp.engines.forms.record import Query
from webapp.engines.forms.viewing import views
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import Invalid
from webapp.i18n import N_, Message, label
from webapp.journal import due
from webapp.web import numbers, respond, scope, screens


@blueprint.get("/<app>/<form>/bulk")
def bulk_dialog(app: str, form: str) -> Any:
    """What is to be changed in all picked records: a field and its input."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    return _dialog(at, asked, request.args.get("m__field") or request.args.get("key", ""))


def _dialog(at: Scope, asked: Asked, key: str, error: Invalid | None = None, status: int = 200) -> Response:
    fields = {f.key: f for f in entry.make(at.definitions, at.form, at.visible, at.locale) if not f.is_disabled}
    if at.visible.get("owner") == "write":
        fields["owner"] = owner_input(at)
    if not fields:
        raise Invalid(N_("There is no field that you may change."))
    chosen = fields.get(key) or next(iter(fields.values()))
    if error is not None:
        chosen.errors = [p.text(at.locale) for p in error.problems] or [error.message.text(at.locale)]
    return respond.page(
        "records/bulk.html",
        part="records/_bulk.html",
        status=status,
        at=at,
        links=screens.Links(at, asked),
        fields=list(fields.values()),
        f=chosen,
        count=request.values.get("count", ""),
        form_label=screens.form_label(at),
    )


@blueprint.post("/<app>/<form>/bulk")
def change_many(app: str, form: str) -> Any:
    """`do` edit (with `m__field` and its value) or delete; `ids` with commas, or `all` of the list."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    at.actor.require_write()
    do, key = request.form.get("do", ""), request.form.get("m__field", "")
    ids = None if request.form.get("all") else _ids()
    given: dict[str, Any] = {}
    if do == "edit":
        found = at.form.names.get(key)
        if found is None or at.visible.get(key) != "write":
            raise Invalid(N_("There is no field “{key}”.", key=key[:40]))
        given = inputs.taken(at, request.form.to_dict(flat=False), [key]) if key in at.form.fields else {}
        given = given or {key: request.form.get(key, "")}
    order = Order(at.form.name, do, given, ids, views.where(at, asked), asked.search)
    title = _title(at, do, key)
    if ids is None or len(ids) > bulk_jobs.AT_ONCE:
        job = bulk_jobs.add(at.unit, at.actor, order, title.text(at.locale))
        scope.settle()
        answer = respond.part("records/_job.html", **_progress(screens.form(app, form), job))
        respond.trigger(answer, "close-dialog")
        return respond.retarget(answer, "#job", "innerHTML")
    try:
        state = bulk_jobs.now(at.unit, at.actor, order, title.text(at.locale))
    except Invalid as error:
        scope.end_unit(commit=False)
        at = screens.form(app, form)
        answer = _dialog(at, screens.asked(at), key, error, status=422)
        return respond.retarget(answer, "#dialog", "innerHTML")
    scope.settle()
    at = screens.form(app, form)
    answer = respond.part("records/_changed_rows.html", **changed_rows(at, screens.asked(at), list(ids)))
    respond.trigger(answer, "close-dialog")
    respond.trigger(answer, "m:picked")
    return _say(answer, at, bulk_jobs.result(state))


def _title(at: Scope, do: str, key: str) -> Message:
    name = screens.form_label(at)
    if do == "delete":
        return N_("{form}: moved to the bin", form=name)
    if key not in at.form.names:
        raise Invalid(N_("There is no field that you may change."))
    return N_("{form}: {field} changed", form=name, field=label(at.form.names[key].label, at.locale) or key)


def _ids() -> tuple[int, ...]:
    ids = tuple(numbers.among(request.form.get("ids", "").split(",")))
    if not ids:
        raise Invalid(N_("Pick some records first."))
    return ids


@blueprint.get("/<app>/<form>/picked")
def count_picked(app: str, form: str) -> Any:
    """How many records “all of the list” are."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    query = Query(where=views.where(at, asked), search=asked.search, fields=("id",))
    count, kind = select.count(at.unit, at.actor, at.form, query)
    return {"count": count, "is_exact": kind == "exact"}


@blueprint.get("/<app>/<form>/jobs/<int:id_>")
def job(app: str, form: str, id_: int) -> Any:
    """How far it is; at its end what became of it, with a way back."""
    at = screens.form(app, form)
    found = bulk_jobs.job_of(at.unit, at.actor, id_)
    answer = respond.part("records/_job.html", **_progress(at, id_))
    if found.state in (due.WAITING, due.RUNNING):
        return answer
    answer = respond.part("records/_nothing.html")
    respond.trigger(answer, "m:refetch")
    respond.trigger(answer, "m:picked")
    if found.state == due.FAILED:
        text = (found.result or {}).get("error") or found.error or ""
        return respond.trigger(answer, "toast", text=text, kind="bad")
    if found.state == due.CANCELLED and found.kind == undoing.KIND:
        text = undoing.said((found.progress or {}).get("done") or 0, 0, at.locale)
        return respond.trigger(answer, "toast", text=text)
    if found.state == due.CANCELLED:
        state = (found.progress or {}).get("state") or {}
        return _say(answer, at, {"changed": state.get("changed", 0), "change_set": state.get("change_set")})
    result = found.result or {}
    if found.kind == undoing.KIND:
        text = undoing.said(result.get("undone", 0), result.get("left_count", 0), at.locale)
        return respond.trigger(answer, "toast", text=text)
    return _say(answer, at, result)


@blueprint.post("/<app>/<form>/jobs/<int:id_>/cancel")
def cancel_job(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    at.actor.require_write()
    bulk_jobs.job_of(at.unit, at.actor, id_)
    due.cancel(at.unit, id_)
    scope.settle()
    return job(app, form, id_)


def _progress(at: Scope, id_: int) -> dict[str, Any]:
    found = bulk_jobs.job_of(at.unit, at.actor, id_)
    progress = found.progress or {}
    return {
        "at": at,
        "url": f"{screens.Links(at).base}/jobs/{id_}",
        "done": progress.get("done") or 0,
        "total": progress.get("total") or 0,
        "is_undo": found.kind == undoing.KIND,
        "is_waiting": found.state == due.WAITING,
        "trouble": due.trouble(found),
    }


def _say(answer: Response, at: Scope, result: dict[str, Any]) -> Response:
    text = N_("{n} records changed", n=result.get("changed", 0)).text(at.locale)
    reasons = result.get("reasons") or []
    if result.get("refused"):
        why = "; ".join(f"{reason} ({n})" for reason, n in reasons[:3])
        refused = N_("{n} could not be: {why}", n=result["refused"], why=why).text(at.locale)
        text = N_("{done}. {refused}", done=text, refused=refused).text(at.locale)
    undo = {}
    if result.get("change_set") and result.get("changed"):
        url = f"{screens.Links(at).base}/undo?{screens.asked(at).address()}"
        undo = {"undo": {"url": url, "values": {"change_set": str(result["change_set"])}}}
    return respond.trigger(answer, "toast", text=text, **undo)
