"""The small form that asks for what a column needs before it takes a card: one card, several, or a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import Response, request

from webapp.definitions.model import Field
from webapp.engines.forms.entering import inputs
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Invalid, Problem
from webapp.i18n import Message
from webapp.web import respond, screens


def given(at: Scope, by: Field) -> tuple[list[str], dict[str, Any]]:
    """The fields of the small form that were sent along, and their values."""
    keys = [k for k in screens.stood() if k != by.key]
    return keys, inputs.taken(at, request.form.to_dict(flat=False), keys)


def fillable(at: Scope, keys: Iterable[str]) -> list[str]:
    """Those of the fields that this person can fill."""
    return [k for k in dict.fromkeys(keys) if k in at.form.fields and inputs.writable(at, at.form.fields[k])]


def form(
    at: Scope,
    url: str,
    message: Message,
    verb: Message,
    keys: Sequence[str],
    *,
    hidden: Mapping[str, Any],
    sent: Sequence[str] = (),
    problems: Iterable[Problem] = (),
    record: Record | None = None,
) -> Response:
    """A form with the inputs `keys`, to be posted to `url` with `hidden`.

    sent      the fields that stood on the form that came; what was typed in them stays
    problems  what was wrong with them
    """
    values = request.form.to_dict(flat=False) if sent else None
    parts = inputs.parts(
        at, record=record, sent=values, stood=sent, problems=tuple(problems) if sent else (), only=keys
    )
    return respond.part(
        "boards/_needs.html",
        status=422,
        parts=parts,
        keys=",".join(i.key for p in parts for i in p.inputs),
        message=message.text(at.locale),
        verb=verb.text(at.locale),
        hidden=hidden,
        url=url,
        at=at,
        links=screens.Links(at),
    )


def refused(at: Scope, message: Message, status: int = 422) -> Response:
    """Why it does not work, in his language."""
    text = message.text(at.locale)
    answer = respond.part("boards/_refused.html", status=status, message=text)
    return respond.trigger(answer, "m:error", status=status, message=text)


def reason(error: Invalid) -> Message:
    """The first thing that stands against it, else the error's own words."""
    return error.problems[0].message if error.problems else error.message
