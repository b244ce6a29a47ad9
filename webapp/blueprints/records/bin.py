"""The bin of a form: what was deleted and may be brought back by who asks."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.blueprints.records import blueprint
from webapp.engines.forms import binned
from webapp.errors import Denied
from webapp.i18n import N_
from webapp.web import respond, screens


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
    )
