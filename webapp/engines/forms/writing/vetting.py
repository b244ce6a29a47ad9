"""What may stand against a change: guards, kinds, full stages, vetoes, required fields left empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Field, Form
from webapp.engines.forms.board import stages
from webapp.engines.forms.fields.base import Kind
from webapp.engines.forms.writing import guards, values, visibility
from webapp.errors import Conflict, Problem


def guard(unit: Unit, actor: Actor, form: Form, id_: int | None, action: str, raw: Mapping[str, Any]) -> None:
    for each in guards.guards:
        if (reason := each(unit, actor, form, id_, action, raw)) is not None:
            raise Conflict(reason, action=action)


def vetoes(
    unit: Unit,
    actor: Actor,
    form: Form,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    is_free: bool = False,
    entering: Counter[tuple[str, str]] | None = None,
) -> list[Problem]:
    """What stands against a change that is good in itself: a kind's own rules, and whoever registered a veto.

    is_free   whether it takes back what was just done: kinds and full stages have no say in it
    entering  records of the same write that enter a stage, where they are not in the table yet
    """
    found: list[Problem] = []
    for field in vetting(form) if not is_free else ():
        if after.get(field.key) != before.get(field.key):
            found += field.kind.vet(field, form, before, after)
    if not is_free and stages.of(form):
        found += stages.full(unit, form, before, after, Counter() if entering is None else entering)
    for veto in guards.vetoes:
        found += veto(unit, actor, form, before, after)
    return found


def vetting(form: Form) -> list[Field]:
    """The fields whose kind has something to say about a change. Looked up once a form: imports ask for each row."""
    found = _VETTING.get(form)
    if found is None:
        found = _VETTING[form] = [f for f in form.fields.values() if type(f.kind).vet is not Kind.vet]
    return found


_VETTING: WeakKeyDictionary[Form, list[Field]] = WeakKeyDictionary()


def missing(unit: Unit, actor: Actor, form: Form, record: Mapping[str, Any], id_: int | None = None) -> list[Problem]:
    """A problem for each required field that is empty; what its own condition hides is not asked for."""
    found = values.required(form, record)
    if found and not visibility.sometimes(form).isdisjoint(p.path for p in found):
        hidden = visibility.hidden(unit, actor, form, record, id_)
        found = [p for p in found if p.path not in hidden]
    return found


def newly_missing(
    unit: Unit, actor: Actor, form: Form, before: Mapping[str, Any], after: Mapping[str, Any], id_: int
) -> list[Problem]:
    """Required fields that a change empties, or that it shows empty. What was empty before stands in nobody's way."""
    found = missing(unit, actor, form, after, id_)
    kept = {p.path for p in found if before.get(p.path) is None}
    if kept and not kept.isdisjoint(visibility.sometimes(form)):
        kept -= visibility.hidden(unit, actor, form, before, id_)
    return [p for p in found if p.path not in kept]
