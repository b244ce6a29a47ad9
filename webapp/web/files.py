"""Files over HTTP: taken in for a field, and sent to whoever may see the record that names them."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, request, send_file

from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Form
from webapp.engines.forms.fields.files import FilesKind
from webapp.engines.forms.writing import attaching
from webapp.errors import Invalid, NotFound
from webapp.files import pictures
from webapp.files.kinds import type_of
from webapp.files.refs import FileRef
from webapp.files.shelf import File, name_of
from webapp.files.store import Incoming, store_of
from webapp.i18n import N_
from webapp.web import scope

#: Nothing of ours runs in what people upload, whatever a browser makes of it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
#: A file never changes under its number; the browser of whoever saw it may keep it for a while.
KEPT_SECONDS = 3600


def arrive(form: Form, key: str, unit: Unit, actor: Actor) -> tuple[Incoming, str, pictures.Seen | None]:
    """Take in the file that was sent for a field and look at it, while others have their turns.

    Ends the request's unit. Raises what is wrong with the file; whoever keeps it discards it in the end.
    """
    field = attaching.field(unit, actor, form, key)
    attaching.refuse_too_many(unit, actor)
    kind = field.kind
    assert isinstance(kind, FilesKind)
    most = kind.most_bytes(field)
    settings = scope.app().settings
    store = store_of(settings)
    stream, name = _sent()
    scope.end_unit(commit=False)
    with scope.without_turn():
        incoming = store.receive(stream, most=most)
        try:
            if not incoming.size:
                raise Invalid(N_("“{name}” is empty.", name=name))
            type_ = type_of(incoming.head, name)
            if (reason := kind.refuses(field, type_, name)) is not None:
                raise Invalid(reason)
            seen = None
            if kind.is_looked_at(field, type_):
                seen = pictures.pictures_of(settings).look(incoming.path, incoming.hash)
            return incoming, name, seen
        except BaseException:
            store.discard(incoming)
            raise


def _sent() -> tuple[Any, str]:
    """The stream and the name of what was sent: a part `file` of a form, or the body with `?name=`."""
    given = request.files.get("file")
    if given is not None:
        return given.stream, name_of(given.filename or "")
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise Invalid(N_("No file was sent."))
    body = request.get_data(cache=True) if (request.content_length or 0) <= 2 << 20 else None
    return (io.BytesIO(body) if body is not None else request.stream), name_of(request.args.get("name", ""))


def keep(form: Form, key: str, actor: Actor, arrived: tuple[Incoming, str, pictures.Seen | None]) -> FileRef:
    """Keep what has arrived, in a unit of its own, until a record names it."""
    store = store_of(scope.app().settings)
    incoming, name, seen = arrived
    try:
        with scope.writing() as unit:
            return attaching.receive(unit, actor, form, key, store, incoming, name, seen)
    finally:
        store.discard(incoming)


def send(found: File, size: str | None = None) -> Response:
    """The content, or a small picture of it; in pieces where the browser asks for pieces."""
    settings = scope.app().settings
    store = store_of(settings)
    scope.end_unit(commit=False)
    is_shown = found.width is not None and found.type in pictures.SHOWN
    if size is not None:
        if not is_shown or size not in pictures.SIZES:
            raise NotFound(N_("This file is gone."))
        with scope.without_turn():
            path = pictures.pictures_of(settings).small(store, found.hash, size)
        response = send_file(path, mimetype=pictures.SMALL_TYPE, conditional=True, etag=f"{found.hash}-{size}")
    else:
        is_inline = is_shown and "download" not in request.args
        content = store.open(found.hash)
        response = send_file(
            content, mimetype=found.type, as_attachment=not is_inline, download_name=found.name, conditional=False
        )
        response.content_length = found.size
        response.set_etag(found.hash)
        response.make_conditional(request.environ, accept_ranges=True, complete_length=found.size)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    response.vary.update(("Cookie", "Authorization"))
    return response
