"""The bin of a form: what was deleted and may be brought back by who asks."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.blueprints.records import blueprint
from webapp.engines.forms import binned, records, select
from webapp.engines.forms.days import emptying
from webapp.engines.forms.display import title_of
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Denied, NotFound
from webapp.i18n import N_, label
from webapp.web import respond, scope, screens


@blueprint.get("/<app>/<form>/bin")
def bin_(app: str, form: str) -> Any:
    at = screens.form(app, form)
    if not at.may("delete"):
        raise Denied(N_("Your role does not allow this in {form}.", form=at.form.label), action="delete")
    search = request.args.get("q", "").strip()[:100]
    found = binned.listed(at, search=search, after=request.args.get("after") or None)
    return respond.page(
        "records/bin.html",
        part=screens.part_for(bin="records/_bin.html"),
        at=at,
        links=screens.Links(at),
        form_label=screens.form_label(at),
        rows=found.rows,
        next=found.next,
        search=search,
        may_purge=at.actor.is_keeper and at.actor.may_write,
        days=emptying.chosen(at.unit).days,
    )


@blueprint.get("/<app>/<form>/<int:id_>/purge")
def purge_form(app: str, form: str, id_: int) -> Any:
    """What removing it for good would mean, before anything happens."""
    at = screens.form(app, form)
    _require_keeper(at)
    record = select.get(at.unit, at.actor, at.form, id_)
    if not record.is_binned:
        raise NotFound(N_("There is no such record in {form}.", form=at.form.label))
    found = emptying.pointing(at.unit, at.form, id_)
    return respond.page(
        "records/purge.html",
        part=screens.part_for(dialog="records/_purge.html"),
        at=at,
        links=screens.Links(at),
        form_label=screens.form_label(at),
        record=record,
        title=title_of(at.eye, at.form, record),
        pointing=[(label(other.label, at.locale) or other.key, n) for other, n in found],
    )


@blueprint.post("/<app>/<form>/<int:id_>/purge")
def purge(app: str, form: str, id_: int) -> Any:
    """Remove it from the bin for good."""
    at = screens.form(app, form)
    _require_keeper(at)
    record = select.get(at.unit, at.actor, at.form, id_)
    title = title_of(at.eye, at.form, record)
    records.purge(at.unit, at.actor, at.form, id_, empty_links=request.form.get("empty") == "1")
    scope.settle()
    links = screens.Links(at)
    if not request.headers.get("HX-Request"):
        return respond.redirect(f"{links.base}/bin")
    answer = respond.part("records/_gone.html", id=id_, links=links)
    respond.trigger(answer, "close-dialog")
    return respond.trigger(answer, "toast", text=N_("“{title}” is removed for good", title=title).text(at.locale))


def _require_keeper(at: Scope) -> None:
    if not (at.actor.is_keeper and at.actor.may_write):
        raise Denied(N_("Only a system administrator removes records for good."))
