"""A list as a file: at once where it is short, else as a job with a link that is there for a week."""

from __future__ import annotations

import re
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Response, make_response, request

from webapp import clock
from webapp.access.actor import Actor
from webapp.blueprints.transfer import blueprint
from webapp.db import Unit
from webapp.engines.forms import select
from webapp.engines.forms.record import COUNT_CAP
from webapp.engines.forms.transfer import export_jobs, exporting
from webapp.engines.forms.transfer.exporting import Wanted
from webapp.engines.forms.viewing import arranged, views
from webapp.engines.forms.viewing.views import Scope
from webapp.engines.forms.writing import attaching
from webapp.errors import Invalid, NotFound
from webapp.files import shelf
from webapp.files.store import store_of
from webapp.i18n import N_
from webapp.journal import due
from webapp.journal.due import Job
from webapp.web import numbers, respond, scope, screens
from webapp.web.htmx import htmx

#: Chosen records of one export.
MOST_CHOSEN = 20_000
TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
_PIECE = 1 << 18


@blueprint.post("/<app>/<form>/export")
@scope.reading
def export(app: str, form: str) -> Any:
    """The list as it stands in the address (view, conditions, sort, search), or the records chosen in it (`id`)."""
    at = screens.form(app, form)
    wanted = _wanted(at)
    exporting.require(at.unit, at.actor, wanted)
    name = f"{screens.form_label(at)}-{clock.today(at.unit.zone):%Y%m%d}.{wanted.format}"
    name = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name)
    if not wanted.ids and _is_long(at, wanted):
        actor = at.actor
        scope.end_unit(commit=False)
        with scope.writing() as unit:
            job = export_jobs.add(unit, actor, wanted, name, uuid.uuid4().hex)
        return respond.redirect(f"/{app}/{form}/export/{job}")
    actor = at.actor
    scope.end_unit(commit=False)
    with scope.aside(actor.member):
        return _at_once(actor, wanted, name)


def _wanted(at: Scope) -> Wanted:
    given = request.form
    chosen = given.get("format", "xlsx")
    if chosen not in TYPES:
        raise Invalid(N_("“{name}” is no format; there are: {names}.", name=chosen[:20], names=", ".join(TYPES)))
    asked = screens.asked(at)
    query = views.query(at, asked)
    keys = arranged.column_keys(at, asked) if asked.view.kind == "grid" else tuple(_all(at))
    ids = tuple(numbers.among(given.getlist("id")))
    if len(ids) > MOST_CHOSEN:
        raise Invalid(N_("At most {n} chosen records can be exported at once.", n=MOST_CHOSEN))
    if given.get("columns") == "all":
        keys = tuple(_all(at))
    return Wanted(at.form.name, chosen, replace(query, after=None, fields=None), keys, ids)


def _all(at: Scope) -> list[str]:
    return [k for k in [*at.form.fields, "owner", "created_at", "updated_at"] if at.eye.sees(k)]


def _is_long(at: Scope, wanted: Wanted) -> bool:
    """Whether it is too much to wait for: the records are counted no further than that matters."""
    count, _ = select.count(at.unit, at.actor, at.form, wanted.query)
    if count < export_jobs.AT_ONCE and count < COUNT_CAP:
        return False
    return select.count(at.unit, at.actor, at.form, wanted.query, exact=True)[0] > export_jobs.AT_ONCE


def _at_once(actor: Actor, wanted: Wanted, name: str) -> Response:
    """Write the file and send it; it is gone when it has been sent."""
    folder = tempfile.TemporaryDirectory(prefix="mortise-export-")
    try:
        path = Path(folder.name) / "export"
        exporting.write(scope.database(), actor, wanted, path)
        size = path.stat().st_size
    except BaseException:
        folder.cleanup()
        raise

    def content() -> Iterator[bytes]:
        with folder, path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    return _attached(content(), name, TYPES[wanted.format], size)


def _attached(content: Iterator[bytes], name: str, type_: str, size: int) -> Response:
    """An answer that a browser saves and never shows."""
    response = make_response(content)
    response.mimetype = "application/octet-stream"
    response.headers["Content-Type"] = type_
    plain = re.sub(r'[^ -~]|["\\;%]', "_", name)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Content-Length"] = str(size)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<app>/<form>/export/<int:job_id>")
def exported(app: str, form: str, job_id: int) -> Any:
    """How far a long export is, and its link."""
    at = screens.form(app, form)
    job = _job(at, job_id)
    return respond.page(
        "transfer/export.html",
        part="transfer/_export.html" if htmx.target_id == "import" else None,
        at=at,
        links=screens.Links(at),
        form_label=screens.form_label(at),
        address=f"{screens.Links(at).base}/export/{job.id}",
        job=job,
        trouble=due.trouble(job),
        name=job.payload["name"],
        done=(job.progress or {}).get("done") or 0,
        result=job.result or {},
    )


@blueprint.post("/<app>/<form>/export/<int:job_id>/cancel")
def cancel_export(app: str, form: str, job_id: int) -> Any:
    at = screens.form(app, form)
    at.actor.require_write()
    job = _job(at, job_id)
    if job.state in (due.WAITING, due.RUNNING):
        due.cancel(at.unit, job.id)
    return respond.redirect(f"/{app}/{form}/export/{job_id}")


@blueprint.get("/<app>/<form>/export/<int:job_id>/file")
def exported_file(app: str, form: str, job_id: int) -> Any:
    """What a long export has written, as long as he may export it."""
    at = screens.form(app, form)
    return _sent(shelf.get(at.unit, export_jobs.file_of(at.unit, at.actor, _job(at, job_id)), member=at.actor.member))


def _job(at: Scope, job_id: int) -> Job:
    """An export of his from this form."""
    try:
        job = due.get(at.unit, job_id)
    except NotFound:
        job = None
    if (
        job is None
        or job.kind != export_jobs.KIND
        or job.actor != at.actor.member
        or job.payload["form"] != at.form.name
    ):
        raise NotFound(N_("There is no such export."))
    return job


def download(unit: Unit, actor: Actor, id_: int) -> Response:
    """A file that a job has made or read, as it is kept, for its member alone."""
    found = shelf.get(unit, id_, member=actor.member)
    if found.purpose in ("export", attaching.PURPOSE):  # by its export, by its record: they ask for the right
        raise NotFound(N_("This file is gone."))
    return _sent(found)


def _sent(found: shelf.File) -> Response:
    opened = store_of(scope.app().settings).open(found.hash)

    def content() -> Iterator[bytes]:
        with opened:
            while piece := opened.read(_PIECE):
                yield piece

    return _attached(content(), found.name, found.type, found.size)
