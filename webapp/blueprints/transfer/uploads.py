"""The first step: a file that is chosen, dropped or pasted is kept and looked at."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from webapp import clock
from webapp.blueprints.transfer import blueprint
from webapp.engines.forms import formats
from webapp.engines.forms.transfer import drafts, looking, sheets, wizard
from webapp.engines.forms.transfer.looking import Facts
from webapp.engines.forms.transfer.sheets import Reading
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Invalid, MortiseError, TooLarge
from webapp.files import shelf
from webapp.files.store import Folder, Incoming, store_of
from webapp.i18n import N_
from webapp.web import language, respond, scope, screens

#: Characters that can be pasted; what is more is a file.
PASTED = 1_000_000


@dataclass(frozen=True)
class Arrived:
    """A file that has arrived and was looked at; not kept yet."""

    name: str
    incoming: Incoming
    facts: Facts


@blueprint.get("/<app>/<form>/import")
def upload(app: str, form: str) -> Any:
    at = screens.form(app, form)
    wizard.require(at.unit, at.actor, at.form)
    return page(at)


@blueprint.post("/<app>/<form>/import")
@scope.large(sheets.MOST_BYTES + (1 << 20))
@scope.reading
def receive(app: str, form: str) -> Any:
    at = screens.form(app, form)
    wizard.require(at.unit, at.actor, at.form)
    store = store_of(scope.app().settings)
    try:
        wizard.require_room(at.unit, at.actor, request.content_length or 0)
        arrived = arrive(store)
    except MortiseError as error:
        return page(screens.form(app, form), error)
    try:
        with scope.writing() as unit:
            at = screens.form_in(unit, app, form)
            file = wizard.keep(unit, at.actor, store, arrived.incoming, arrived.name)
            id_ = wizard.begin(unit, at.actor, at.form, file, arrived.name, arrived.facts)
    finally:
        store.discard(arrived.incoming)
    return respond.redirect(f"/{app}/{form}/import/{id_}")


def arrive(store: Folder) -> Arrived:
    """Take in what was sent and look at it, while others have their turns; raises what is wrong with it."""
    given = request.files.get("file")
    text, locale, member = request.form.get("text", "").strip("\n"), language.locale(), scope.actor().member
    scope.end_unit(commit=False)
    with scope.aside(member):
        if given is not None and given.filename:
            name = shelf.name_of(given.filename)
            incoming = store.receive(given.stream, most=sheets.MOST_BYTES)
        elif text:
            if len(text) > PASTED:
                raise TooLarge(N_("That is too much to paste; save it as a file and choose that."))
            name = N_("Pasted").text(locale) + ".tsv"
            incoming = store.receive(io.BytesIO(text.encode("utf-8", "replace")), most=sheets.MOST_BYTES)
        else:
            raise Invalid(N_("Choose a file first, or paste cells from a spreadsheet."))
        try:
            reading = Reading(encoding="utf-8", delimiter="\t") if text and "\t" in text else Reading()
            return Arrived(name, incoming, looking.look(incoming.path, reading))
        except BaseException:
            store.discard(incoming)
            raise


def page(at: Scope, error: MortiseError | None = None) -> Response:
    """The page to choose a file on, with what was wrong with the last one."""
    found = drafts.latest(at.unit, at.actor, at.form.name)
    return respond.page(
        "transfer/upload.html",
        status=error.status if error else 200,
        at=at,
        links=screens.Links(at),
        form_label=screens.form_label(at),
        action=f"{screens.Links(at).base}/import",
        error=error,
        pasted=request.form.get("text", "") if error else "",
        recent=[_recent(at, one) for one in found],
        most=sheets.MOST_BYTES >> 20,
        may_build=at.actor.may_build(at.form.app),
    )


def _recent(at: Scope, draft: drafts.Draft) -> dict[str, Any]:
    """An import of the last days: what it is and how far it got."""
    job = wizard.job_of(at.unit, draft.job)
    result = (job.result or {}) if job else {}
    return {
        "url": f"{screens.Links(at).base}/import/{draft.id}",
        "name": draft.name,
        "when": formats.near(draft.created_at, at.locale, at.actor.zone or at.unit.zone, clock.now()),
        "state": job.state if job else "open",
        "written": result.get("inserted", 0) + result.get("updated", 0),
        "rejected": result.get("rejected", 0),
        "is_undone": draft.undo is not None,
    }
