"""Two people at one record: the form again with both values, or with what became of the record meanwhile."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from webapp.engines.forms import records
from webapp.engines.forms.entering import inputs
from webapp.engines.forms.entering.entry import make
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing.views import Scope
from webapp.engines.forms.writing import conflicts
from webapp.errors import Conflict, MortiseError, NotFound, Stale
from webapp.i18n import N_, Message
from webapp.web import scope, screens

Sent = dict[str, list[str]]


def saved(at: Scope, id_: int, given: dict[str, Any]) -> tuple[Record, Message | None]:
    """The record as it was saved. Where somebody else saved other fields meanwhile, both are kept, and that is said;
    where everything that was sent stands there already, only an answer was lost."""
    version = screens.version()
    try:
        return records.update(at.unit, at.actor, at.form, id_, given, version=version), None
    except Stale:
        if version is None:
            raise
        now = records.get(at.unit, at.actor, at.form, id_)
        if conflicts.is_there(at, now, given):
            return now, None
        met = conflicts.meeting(at, now, given, version)
        if met.both or now.is_binned:
            raise
        mine = conflicts.without(given, met.theirs)
        saved = records.update(at.unit, at.actor, at.form, id_, mine, version=now.version)
        who = (_COMMA.text(at.locale)).join(met.who) or N_("Somebody else").text(at.locale)
        return saved, N_("{who} saved other fields meanwhile; both changes are kept", who=who)


_COMMA = N_(", ")


def stale(app: str, form: str, id_: int, sent: Sent, error: Stale) -> Response:
    """Somebody else saved the same fields: both values stand side by side; what only he changed is taken over."""
    from webapp.blueprints.records.entry import entry_form

    scope.end_unit(commit=False)
    at = screens.form(app, form)
    try:
        now = records.get(at.unit, at.actor, at.form, id_)
    except NotFound as lost:
        return gone(app, form, id_, sent, lost)
    if now.is_binned:
        return gone(app, form, id_, sent, Conflict(N_("This record lies in the bin; restore it before changing it.")))
    version = screens.version()
    given = inputs.taken(at, sent, screens.stood(), id_)
    if version is None:
        return entry_form(at, record=now, sent=sent, error=error)
    met = conflicts.meeting(at, now, given, version)
    return entry_form(at, record=now, sent=_with_theirs(at, now, sent, met.theirs), error=error, both=met.both)


def _with_theirs(at: Scope, now: Record, sent: Sent, keys: tuple[str, ...]) -> Sent:
    """What was sent, but with the other's values where only he changed them."""
    drawn = make(at.definitions, at.form, at.visible, at.locale)
    known = {field.key: field for field in drawn}
    return {**sent, **{k: list(known[k].typed_as(now.values.get(k))) for k in keys if k in known}}


def gone(app: str, form: str, id_: int, sent: Sent, error: MortiseError) -> Response:
    """The record was removed, or is not this person's any more: what he typed stays, and can still be kept."""
    from webapp.blueprints.records.entry import entry_form

    scope.end_unit(commit=False)
    at = screens.form(app, form)
    record: Record | None = None
    try:
        record = records.get(at.unit, at.actor, at.form, id_)
    except NotFound:
        if not at.may("create"):
            raise error from None
    if record is not None and not record.is_binned:
        raise error
    who = _who(at, record)
    said = (
        N_("{who} put this record into the bin meanwhile. What you typed is still here.", who=who)
        if record is not None
        else N_("This record is no longer there for you. What you typed is still here; you can save it as a new one.")
    )
    shown: MortiseError = Conflict(said) if record is not None else NotFound(said)
    return entry_form(at, record=record, sent=sent, error=shown, gone=said, client=str(uuid.uuid4()))


def _who(at: Scope, record: Record | None) -> str:
    linked = record.links.get("deleted_by") if record is not None else None
    return (linked.title if linked is not None else None) or N_("Somebody else").text(at.locale)
