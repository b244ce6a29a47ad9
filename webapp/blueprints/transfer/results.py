"""The third and fourth step: the check of the whole file, the import itself, and what is left of it to mend."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Response, request

from webapp.blueprints.transfer import blueprint
from webapp.blueprints.transfer.columns import address
from webapp.blueprints.transfer.exports import download
from webapp.engines.forms.transfer import drafts, looking, options, sheets, spool, wizard
from webapp.engines.forms.transfer.drafts import Draft
from webapp.engines.forms.transfer.sheets import Reading
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Conflict, MortiseError, NotFound
from webapp.files.store import store_of
from webapp.i18n import N_, label
from webapp.journal import due
from webapp.journal.due import Job
from webapp.web import numbers, respond, scope, screens
from webapp.web.htmx import htmx

#: Rejected rows that can be mended on the page, values that can be decided about there.
MENDED, DECIDED = 100, 60
_DECIDABLE = ("unknown_option", "unknown_link")


def _loaded(app: str, form: str, id_: int) -> tuple[Scope, Draft]:
    at = screens.form(app, form)
    wizard.require(at.unit, at.actor, at.form)
    return at, drafts.get(at.unit, at.actor, id_, at.form.name)


@blueprint.get("/<app>/<form>/import/<int:id_>/check")
def check(app: str, form: str, id_: int) -> Any:
    at, draft = _loaded(app, form, id_)
    if draft.job is not None:
        return respond.redirect(f"{address(at, draft)}/result")
    job = wizard.job_of(at.unit, draft.rehearsal)
    if job is None:
        return respond.redirect(address(at, draft))
    return _check_page(at, draft, job)


def _check_page(at: Scope, draft: Draft, job: Job, error: MortiseError | None = None) -> Response:
    result = job.result or {}
    fields = wizard.fields_of(at.unit, at.actor, at.form)
    table = wizard.table_of(draft.facts, fields, draft.map)
    reasons = result.get("reasons") or []
    places = {key: i for i, (_, key) in enumerate(result.get("columns") or ()) if key}
    return respond.page(
        "transfer/check.html",
        part="transfer/_check.html" if htmx.target_id == "import" else None,
        status=error.status if error else 200,
        **_frame(at, draft),
        job=job,
        progress=_progress(job),
        trouble=due.trouble(job),
        result=result,
        written=result.get("inserted", 0) + result.get("updated", 0),
        headings=table.headings,
        sample=[_row(line, places) for line in result.get("sample") or ()],
        decide=[_decision(at, fields, one) for one in reasons if one["code"] in _DECIDABLE][:DECIDED],
        others=[_reason(at, fields, one) for one in reasons if one["code"] not in _DECIDABLE][:DECIDED],
        may_build=at.actor.may_build(at.form.app),
        error=error,
    )


def _frame(at: Scope, draft: Draft) -> dict[str, Any]:
    return {
        "at": at,
        "links": screens.Links(at),
        "form_label": screens.form_label(at),
        "address": address(at, draft),
        "draft": draft,
    }


def _progress(job: Job) -> dict[str, Any]:
    found = job.progress or {}
    return {"done": found.get("done") or 0, "total": found.get("total")}


def _row(line: list[Any], places: dict[str, int]) -> dict[str, Any]:
    """A row of the sample with its wrong cells marked."""
    number, cells, outcome, why = line
    bad = {places[key] for key, _ in why if key in places}
    return {"number": number, "cells": cells, "outcome": outcome, "bad": bad, "why": [text for _, text in why]}


def _reason(at: Scope, fields: Any, one: dict[str, Any]) -> dict[str, Any]:
    field = fields.get(one["field"])
    return {**one, "label": (label(field.label, at.locale) or field.key) if field else one["field"]}


def _decision(at: Scope, fields: Any, one: dict[str, Any]) -> dict[str, Any]:
    """A value that is no option and no record: what it can be taken for."""
    field = fields.get(one["field"])
    options = field.type.options if field else ()
    near = one["near"]
    for option in options:  # the nearest was found among the names in all languages
        names = option.label.values() if isinstance(option.label, Mapping) else [option.label]
        if near in (option.value, *names):
            near = label(option.label, at.locale) or option.value
            break
    found = [label(o.label, at.locale) or o.value for o in options][:300]
    return {**_reason(at, fields, one), "near": near, "options": found, "is_choice": bool(found)}


@blueprint.post("/<app>/<form>/import/<int:id_>/values")
@scope.reading
def decide(app: str, form: str, id_: int) -> Any:
    """What is meant by values that were not known: then the file is checked again."""
    at, draft = _loaded(app, form, id_)
    said: dict[str, Any] = {**draft.map, "values": {k: dict(v) for k, v in draft.map.get("values", {}).items()}}
    new: dict[str, list[str]] = {}
    given = request.form
    lines = zip(given.getlist("field"), given.getlist("value"), given.getlist("to"), strict=False)
    for key, value, to in lines:
        if to == "=new":
            new.setdefault(key, []).append(value)
        elif to == "=empty":
            said["values"].setdefault(key, {})[value] = None
        elif to.strip():
            said["values"].setdefault(key, {})[value] = to.removeprefix("=")
    name, actor = at.form.name, at.actor
    scope.end_unit(commit=False)
    try:
        if new:
            options.add(scope.database(), actor, name, dict(new))
    except MortiseError as error:
        at, draft = _loaded(app, form, id_)
        job = wizard.job_of(at.unit, draft.rehearsal)
        if job is None:
            raise
        return _check_page(at, draft, job, error)
    with scope.writing() as unit:
        at = screens.form_in(unit, app, form)
        draft = wizard.change(unit, drafts.get(unit, at.actor, id_, name), draft.version, said)
        draft = wizard.rehearse(unit, at.actor, at.form, draft)
    return respond.redirect(f"/{app}/{form}/import/{id_}/check")


@blueprint.post("/<app>/<form>/import/<int:id_>/start")
def start(app: str, form: str, id_: int) -> Any:
    at, draft = _loaded(app, form, id_)
    if draft.job is None and request.form.get("version") != str(draft.version):
        raise Conflict(N_("This import was changed in another window; load the page again."), code="stale")
    draft = wizard.start(at.unit, at.actor, at.form, draft)
    return respond.redirect(f"{address(at, draft)}/result")


@blueprint.get("/<app>/<form>/import/<int:id_>/result")
def result(app: str, form: str, id_: int) -> Any:
    at, draft = _loaded(app, form, id_)
    job = wizard.job_of(at.unit, draft.job)
    if job is None:
        return respond.redirect(address(at, draft))
    return _result_page(at, draft, job)


def _result_page(at: Scope, draft: Draft, job: Job) -> Response:
    found = job.result or {}
    state = (job.progress or {}).get("state") or {}
    counts = {k: found.get(k, state.get(k, 0)) for k in ("inserted", "updated", "unchanged", "rejected", "linked")}
    store = store_of(scope.app().settings)
    rows = wizard.rejected(at.unit, store, draft, job, MENDED)
    columns = found.get("columns") or ()
    undo = wizard.job_of(at.unit, draft.undo)
    return respond.page(
        "transfer/result.html",
        part="transfer/_result.html" if htmx.target_id == "import" else None,
        **_frame(at, draft),
        job=job,
        progress=_progress(job),
        trouble=due.trouble(job),
        counts=counts,
        written=counts["inserted"] + counts["updated"],
        seconds=max(round(found.get("seconds") or 0), 1),
        headings=[heading for heading, _ in columns],
        shown=_shown_columns(columns, rows),
        rows=[_rejected(columns, row, at.locale) for row in rows],
        most=MENDED,
        left=[r for r in found.get("reasons") or () if r["code"] == "left_empty"],
        is_broken=job.state in ("failed", "cancelled"),
        undo=undo,
        undo_left=((undo.result or {}).get("left_count") or 0) if undo else 0,
        may_undo=wizard.change_set_of(job) is not None and undo is None and job.state not in ("waiting", "running"),
    )


def _shown_columns(columns: Any, rows: list[wizard.Rejected]) -> list[int]:
    """The columns of the rejected rows that are shown: the mapped ones, those with something wrong among them."""
    mapped = [i for i, (_, key) in enumerate(columns) if key]
    wrong = {key for row in rows for key, _, _ in row.problems}
    first = [i for i in mapped if columns[i][1] in wrong]
    return sorted({*mapped[:2], *first, *mapped[: max(8 - len(first), 2)]})


def _rejected(columns: Any, row: wizard.Rejected, locale: str) -> dict[str, Any]:
    """A rejected row with its wrong cells marked."""
    wrong = {key for key, _, _ in row.problems}
    bad = {i for i, (_, key) in enumerate(columns) if key and key in wrong}
    why = [
        f"{text} {N_('Did you mean “{name}”?', name=near).text(locale)}" if near else text
        for _, text, near in row.problems
    ]
    return {
        "number": row.number,
        "cells": ["" if c is None else str(c) for c in row.cells],
        "bad": bad,
        "why": list(dict.fromkeys(why)),
    }


@blueprint.post("/<app>/<form>/import/<int:id_>/cancel")
def cancel(app: str, form: str, id_: int) -> Any:
    """End the check or the import where it is; what was written stays and can be taken back."""
    at, draft = _loaded(app, form, id_)
    number = draft.job or draft.rehearsal
    job = wizard.job_of(at.unit, number)
    if job is not None and job.state in (due.WAITING, due.RUNNING):
        due.cancel(at.unit, job.id)
    base = address(at, draft)
    if draft.job is None:
        drafts.change(at.unit, draft, rehearsal=None)
        return respond.redirect(base)
    return respond.redirect(f"{base}/result")


@blueprint.post("/<app>/<form>/import/<int:id_>/undo")
def undo(app: str, form: str, id_: int) -> Any:
    at, draft = _loaded(app, form, id_)
    if draft.undo is None:
        wizard.undo(at.unit, at.actor, draft)
    return respond.redirect(f"{address(at, draft)}/result")


@blueprint.post("/<app>/<form>/import/<int:id_>/again")
@scope.reading
def again(app: str, form: str, id_: int) -> Any:
    """Import the rejected rows once more, as they were mended on the page."""
    at, draft = _loaded(app, form, id_)
    job = wizard.job_of(at.unit, draft.job)
    if job is None or job.state != due.DONE:
        raise Conflict(N_("This import has not ended yet."), code="running")
    if (sent := wizard.sent_again(at.unit, at.actor, draft)) is not None:
        return respond.redirect(f"{address(at, sent)}/result")
    store, actor, form_name = store_of(scope.app().settings), at.actor, at.form.name
    rows = wizard.rejected(at.unit, store, draft, job)
    if not rows:
        raise NotFound(N_("This file is gone."))
    wizard.require_room(at.unit, actor, 0)
    headings = [heading for heading, _ in (job.result or {})["columns"]]
    lines = wizard.mended(rows, headings, _edits())
    scope.end_unit(commit=False)
    with scope.aside(actor.member), tempfile.TemporaryDirectory(prefix="mortise-mend-") as folder:
        path = Path(folder) / "mended.xlsx"
        spool.write_sheet(path, lines)
        with path.open("rb") as file:
            incoming = store.receive(file, most=sheets.MOST_BYTES)
        facts = looking.look(path, Reading())
    try:
        with scope.writing() as unit:
            at = screens.form_in(unit, app, form)
            draft = wizard.claim_again(unit, at.actor, drafts.get(unit, at.actor, id_, form_name))
            name = f"{draft.name.rsplit('.', 1)[0]}.xlsx"
            file_id = wizard.keep(unit, at.actor, store, incoming, name)
            new = wizard.import_again(unit, at.actor, at.form, draft, file_id, name, facts)
    except Conflict:  # sent twice: the other one has begun
        store.discard(incoming)
        with scope.database().read() as unit:
            sent = wizard.sent_again(unit, actor, drafts.get(unit, actor, id_, form_name))
        if sent is None:
            raise
        new = sent.id
    return respond.redirect(f"/{app}/{form}/import/{new}/result")


def _edits() -> dict[int, dict[int, str]]:
    """What was typed into rejected rows: row number → column → text. Inputs are called `cell-17-2`."""
    found: dict[int, dict[int, str]] = {}
    for name, text in request.form.items():
        mark, _, rest = name.partition("-")
        row, _, column = rest.partition("-")
        at, place = numbers.of(row, 10**8), numbers.of(column, 9999)
        if mark == "cell" and at is not None and place is not None:
            found.setdefault(at, {})[place] = text
    return found


@blueprint.get("/<app>/<form>/import/<int:id_>/rejected")
def rejected(app: str, form: str, id_: int) -> Any:
    """The rejected rows as a file to mend."""
    at, draft = _loaded(app, form, id_)
    job = wizard.job_of(at.unit, draft.job)
    number = (((job.result if job else None) or {}).get("files") or {}).get("rejected")
    if number is None:
        raise NotFound(N_("This file is gone."))
    return download(at.unit, at.actor, number)
