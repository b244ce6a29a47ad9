"""Changing values where they stand in a grid: one cell, several at once, and taking it back.

The rows that changed come as parts of their own, so that what else stands on the page stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, request

from webapp.blueprints.records import blueprint
from webapp.engines.forms import bulk_jobs, cells, records, undo, undoing
from webapp.engines.forms.cells import Change, New
from webapp.engines.forms.display import cell, name_of
from webapp.engines.forms.entering import entry, inputs
from webapp.engines.forms.viewing import columns
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import Invalid
from webapp.i18n import N_
from webapp.web import numbers, respond, scope, screens


@blueprint.get("/<app>/<form>/editors")
def editors(app: str, form: str) -> Any:
    """The inputs of all columns that he may change, each as a template to be put over a cell."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    keys = [c.key for c in columns.columns(at, asked) if c.is_edited]
    fields = {f.key: f for f in entry.make(at.definitions, at.form, at.visible, at.locale) if f.key in keys}
    if "owner" in keys:
        fields["owner"] = owner_input(at)
    return respond.part(
        "records/_editors.html", at=at, links=screens.Links(at), fields=[fields[k] for k in keys if k in fields]
    )


def owner_input(at: Scope) -> Any:
    """The owner is a system field: it stands on no entry form, but may be handed over where the right allows."""
    return entry.of_field(at.form.names["owner"], at.locale)


@blueprint.get("/<app>/<form>/rows")
def some_rows(app: str, form: str) -> Any:
    """Certain rows as they are now."""
    at = screens.form(app, form)
    given = request.args.get("ids", "").split(",")[: cells.MOST]
    ids = numbers.among(given)
    return respond.part("records/_changed_rows.html", **changed_rows(at, screens.asked(at), ids))


@blueprint.post("/<app>/<form>/<int:id_>/cell")
def change_cell(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    asked = screens.asked(at)
    key = request.form.get("m__field", "")
    given = inputs.taken(at, request.form.to_dict(flat=False), [key], id_) if key in at.form.fields else {}
    if key == "owner":
        given = {"owner": request.form.get("owner", "")}
    if not given:
        raise Invalid(N_("There is no field “{key}”.", key=key[:40]))
    try:
        done = cells.write(at.unit, at.actor, at.form, [Change(id_, given, screens.version())], title=_title(at, key))
    except cells.Refused as error:
        return _refused(app, form, id_, key, error)
    scope.settle()
    return _answer(app, form, asked, [id_], done.change_set if done.ids else None)


@blueprint.post("/<app>/<form>/cells")
def change_cells(app: str, form: str) -> Any:
    """A paste, a fill, an emptying: `cells` is JSON, `[[id, version, {key: text}], …]`; `new` too, `[[client, {key:
    text}], …]`: records that are made of what is beyond the last of `start` rows."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    changes, new = _changes(at), _new(at)
    title = request.form.get("title", "")[:80] or N_("Changed in the grid").text(at.locale)
    try:
        done = cells.write(at.unit, at.actor, at.form, changes, new, title=title)
    except cells.Refused as error:
        return _all_refused(app, form, error)
    scope.settle()
    change_set = done.change_set if done.ids or done.made else None
    answer = _answer(app, form, asked, [c.id for c in changes], change_set, done.made)
    text = N_("{n} records changed", n=len(done.ids))
    if done.made:
        text = N_("{n} records made", n=len(done.made))
        if done.ids:
            text = N_("{n} records changed, {m} made", n=len(done.ids), m=len(done.made))
    return respond.trigger(answer, "toast", text=text.text(at.locale), **_undo(at, change_set))


@blueprint.post("/<app>/<form>/undo")
def undo_change(app: str, form: str) -> Any:
    """Take back a change set of his: a small one at once, a large one behind the page."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    at.actor.require_write()
    id_ = numbers.sent("change_set") or 0
    if bulk_jobs.size(at.unit, id_) > bulk_jobs.MOST_NOW:
        job = undoing.add(at.unit, at.actor, id_)
        scope.settle()
        return respond.trigger(respond.nothing(), "m:job", url=f"{screens.Links(at).base}/jobs/{job}")
    ids, is_anew = undo.records_of(at.unit, at.form, id_), undo.brings_back(at.unit, id_)
    actor, locale = at.actor, at.locale
    scope.end_unit(commit=True)
    done = undo.undo(scope.database(), actor, id_)
    answer = _answer(app, form, asked, ids, None)
    respond.trigger(answer, "toast", text=undoing.said(done.undone, len(done.left), locale))
    return respond.trigger(answer, "m:refetch") if is_anew else answer


def _undo(at: Scope, change_set: int | None) -> dict[str, Any]:
    if change_set is None:
        return {}
    address = f"{screens.Links(at).base}/undo?{screens.asked(at).address()}"
    return {"undo": {"url": address, "values": {"change_set": str(change_set)}}}


def _changes(at: Scope) -> list[Change]:
    try:
        given = list(json.loads(request.form.get("cells", "")))
        json.dumps(given, ensure_ascii=False).encode()  # half a character is no text
        rows = [(int(id_), None if version is None else int(version), dict(values)) for id_, version, values in given]
    except (ValueError, TypeError, OverflowError):
        raise Invalid(N_("This cannot be read.")) from None
    if not rows and given:
        raise Invalid(N_("This cannot be read."))
    return [Change(id_, {k: _typed(at, k, v) for k, v in of.items()}, version) for id_, version, of in rows]


def _new(at: Scope) -> list[New]:
    try:
        rows = [(str(client), dict(values)) for client, values in json.loads(request.form.get("new") or "[]")]
    except (ValueError, TypeError):
        raise Invalid(N_("This cannot be read.")) from None
    return [New({k: _typed(at, k, v) for k, v in of.items() if v not in (None, "")}, client) for client, of in rows]


def _typed(at: Scope, key: str, given: Any) -> Any:
    """A pasted text as its field's kind reads it: several values from one text, empty for nothing."""
    text = "" if given is None else str(given).strip()
    found = at.form.names.get(key)
    if not text or found is None:
        return None
    return text.split("|") if found.kind.is_multi and "|" in text else text


def _title(at: Scope, key: str) -> str:
    if key not in at.form.names:
        return screens.form_label(at)
    return f"{screens.form_label(at)} · {name_of(at.form.names[key], at.locale)}"


def _answer(
    app: str, form: str, asked: Asked, ids: Iterable[int], change_set: int | None, made: Sequence[int] = ()
) -> Response:
    """The rows as they are now, those that were made after the last; what is no longer there for him goes."""
    at = screens.form(app, form)
    asked, ids = screens.asked(at), list(ids)
    context = changed_rows(at, asked, ids)
    if made:
        context["made"] = columns.of_records(at, asked, made)
        context["start"] = int(start) if (start := request.form.get("start", "")).isascii() and start.isdigit() else 0
    answer = respond.part("records/_changed_rows.html", **context)
    urls = [f"{context['links'].base}/{id_}" for id_ in ids[:50]]
    return respond.trigger(answer, "m:edited", change_set=change_set, urls=urls)


def changed_rows(at: Scope, asked: Asked, ids: list[int]) -> dict[str, Any]:
    """Rows for `_changed_rows.html`: those that are there, each by itself, and the ids of those that are not."""
    grid = columns.of_records(at, asked, ids[: cells.MOST])
    there = set(grid.ids)
    return {
        "at": at,
        "links": screens.Links(at, asked),
        "grid": grid,
        "gone": [id_ for id_ in ids if id_ not in there],
    }


def _refused(app: str, form: str, id_: int, key: str, error: cells.Refused) -> Response:
    """What was typed stays in the cell; what stands against it comes beside it, or what somebody else has saved."""
    scope.end_unit(commit=False)
    at = screens.form(app, form)
    theirs, record = None, records.get(at.unit, at.actor, at.form, id_)  # not found where it is none of his
    sent = screens.version()
    if sent is not None and record.version != sent:
        theirs = cell(at.eye, at.form, record, key).text or N_("empty").text(at.locale)
    messages = [m.text(at.locale) for _, k, m in error.cells if k in (key, "")]
    elsewhere = [(k, m) for _, k, m in error.cells if k not in (key, "")]
    names = {k: name_of(f, at.locale) for k, f in at.form.names.items()}
    messages += [f"{names.get(k, k)}: {m.text(at.locale)}" for k, m in elsewhere if at.eye.sees(k)]
    answer = respond.part(
        "records/_cell_refused.html",
        status=409 if theirs is not None else 422,
        messages=messages or [error.message.text(at.locale)],
        theirs=theirs,
        version=record.version,
        at=at,
    )
    return respond.retarget(answer, swap="none")  # the page shows it beside the cell


def _all_refused(app: str, form: str, error: cells.Refused) -> Response:
    """The cells that stand against the whole, by record and field, for the page to mark."""
    scope.end_unit(commit=False)
    at = screens.form(app, form)
    told = [(id_, key, _of_new(at, id_, key, message.text(at.locale))) for id_, key, message in error.cells[:500]]
    first = "; ".join(dict.fromkeys(text for _, _, text in told[:3]))
    answer = respond.retarget(respond.part("records/_nothing.html", status=422), swap="none")
    respond.trigger(answer, "m:refused", cells=told)
    return respond.trigger(answer, "m:error", status=422, message=f"{error.message.text(at.locale)} {first}")


def _of_new(at: Scope, id_: int, key: str, text: str) -> str:
    """What stands against a record that would be made says which one it is: it has no cell to be marked."""
    if id_ > 0:
        return text
    found = at.form.names.get(key)
    text = f"{name_of(found, at.locale)}: {text}" if found is not None and at.eye.sees(key) else text
    return N_("New row {n}: {text}", n=-id_, text=text).text(at.locale)
