"""Quick entry: the forms a builder marks with `quick`, and the few fields they are entered with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Form

if TYPE_CHECKING:
    from webapp.engines.forms.entering.inputs import Part

#: Need the server while they are filled: what they point at is looked for there.
_ONLINE = ("picker",)


def forms(unit: Unit, actor: Actor) -> list[Form]:
    """The quick forms in which the actor may create, in the order of the apps."""
    every = (f for app in versions.current(unit).apps.values() for f in app.forms.values())
    return [f for f in every if keys(f) and policy.may(unit, actor, f, "create")]


def keys(form: Form) -> tuple[str, ...]:
    """Keys of the fields the builder chose for quick entry; none: the form is not marked."""
    return tuple(k for k in form.settings.get("quick") or () if k in form.fields)


def address(form: Form) -> str:
    return f"/{form.app}/{form.key}/new?quick=1"


def offline(parts: Iterable[Part]) -> Part:
    """The quick fields that can be filled without a connection."""
    first = next(iter(parts))
    return replace(first, inputs=tuple(i for i in first.inputs if i.template not in _ONLINE))
