"""One record: as a page, as a panel over its list, and what happened to it."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp import clock
from webapp.access import policy
from webapp.blueprints.records import blueprint
from webapp.engines.forms import converting, history, inputs, related, select, timeline
from webapp.engines.forms.display import cell, tint, title_of
from webapp.engines.forms.layout import sections
from webapp.engines.forms.record import Record
from webapp.engines.forms.views import Scope
from webapp.i18n import label
from webapp.web import respond, screens


@blueprint.get("/<app>/<form>/<int:id_>")
def show(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    panel = screens.part_for(panel="records/_panel.html")
    context = record_context(at, record)
    if panel is None:
        context["related"] = related.lists(at, record)
    context["lines"] = _lines(at, record)
    return respond.page("records/record.html", part=panel, **context)


@blueprint.get("/<app>/<form>/<int:id_>/history")
def changes(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    context = record_context(at, record) | {"lines": _lines(at, record, _before())}
    return respond.page("records/history.html", part=screens.part_for(timeline="records/_timeline.html"), **context)


def _lines(at: Scope, record: Record, before: int | None = None) -> list[timeline.Line]:
    entries = history.of_record(at.unit, at.actor, record, before=before)
    return timeline.lines(at.eye, at.form, entries, clock.zone())


def _before() -> int | None:
    given = request.args.get("before", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else None


def record_context(at: Scope, record: Record) -> dict[str, Any]:
    """What the page and the panel of a record say."""
    unseen = inputs.hidden(at, record, None)
    shown = sections(
        at.form, at.locale, lambda f: at.eye.sees(f.key) and f.type.name != "records" and f.key not in unseen
    )
    path = related.path(at, record)
    facts = [
        (s, [cell(at.eye, at.form, record, k) for k in s.keys if k not in (path.key, at.form.title)]) for s in shown
    ]
    return {
        "at": at,
        "record": record,
        "title": title_of(at.eye, at.form, record),
        "tint": tint(title_of(at.eye, at.form, record)),
        "links": screens.Links(at),
        "form_label": screens.form_label(at),
        "facts": [(section, cells) for section, cells in facts if cells],
        "path": path,
        "may_move": bool(path.key) and not record.is_binned and at.may("edit") and at.visible.get(path.key) == "write",
        "owner": cell(at.eye, at.form, record, "owner") if at.eye.sees("owner") else None,
        "created": cell(at.eye, at.form, record, "created_at") if at.eye.sees("created_at") else None,
        "may_edit": not record.is_binned and policy.may(at.unit, at.actor, at.form, "edit"),
        "convert": _convert(at, record),
        "may_delete": policy.may(at.unit, at.actor, at.form, "delete"),
    }


def _convert(at: Scope, record: Record) -> str:
    """The name of the action that makes others of this record; "" where there is none for this one and this person."""
    said = converting.setting(at.form)
    if not said or not converting.may(at.unit, at.actor, at.form, record.id):
        return ""
    return label(said["label"], at.locale)
