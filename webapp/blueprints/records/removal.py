"""Putting a record into the bin and taking it out again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import request

from webapp.blueprints.records import blueprint
from webapp.engines.forms import records
from webapp.engines.forms.display import title_of
from webapp.i18n import N_
from webapp.web import respond, scope, screens
from webapp.web.htmx import htmx


@blueprint.post("/<app>/<form>/<int:id_>/delete")
def delete(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    title = title_of(at.eye, at.form, records.get(at.unit, at.actor, at.form, id_))
    records.delete(at.unit, at.actor, at.form, id_, version=screens.version())
    scope.settle()
    links = screens.Links(at)
    if not htmx.wants_part or request.form.get("leave"):  # its own page has nothing left to show
        return respond.redirect(f"{links.base}?binned={id_}", whole=True)
    answer = respond.part("records/_gone.html", id=id_, links=links)
    text = N_("“{title}” lies in the bin now", title=title).text(at.locale)
    respond.trigger(answer, "close-panel")
    return respond.trigger(answer, "toast", text=text, undo={"url": links.record(id_, "/restore")})


@blueprint.post("/<app>/<form>/<int:id_>/restore")
def restore(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    record = records.restore(at.unit, at.actor, at.form, id_)
    scope.settle()
    address = screens.Links(at).record(id_)
    if not htmx.wants_part:
        return respond.redirect(address)
    if urlsplit(htmx.current_url or "").path == f"{screens.Links(at).base}/bin":
        answer = respond.part("records/_gone.html", id=id_, links=screens.Links(at))
        text = N_("“{title}” is back", title=title_of(at.eye, at.form, record)).text(at.locale)
        return respond.trigger(answer, "toast", text=text)
    answer = screens.lead_to_list(here) if (here := _list_here(screens.Links(at))) else respond.redirect(address)
    text = N_("“{title}” is back", title=title_of(at.eye, at.form, record)).text(at.locale)
    return respond.trigger(answer, "toast", text=text)


def _list_here(links: screens.Links) -> str | None:
    """The address of the page that asks, if it is a list of this form: it is shown anew, with the record in it."""
    here = urlsplit(htmx.current_url or "")
    return (here.path + (f"?{here.query}" if here.query else "")) if here.path == links.base else None
