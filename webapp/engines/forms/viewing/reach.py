"""What a list may be filtered by: the form's own fields, and those behind a link (`account.industry`).

A field behind a link is one of its own here: its key is the path, its label says both names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from webapp.access import policy
from webapp.definitions.model import Definitions, Field, Form
from webapp.engines.forms import select
from webapp.engines.forms.viewing import conditions, paths
from webapp.errors import NotFound
from webapp.i18n import LANGUAGES

if TYPE_CHECKING:
    from webapp.engines.forms.viewing.views import Scope


def behind(definitions: Definitions, form: Form) -> Mapping[str, Field]:
    """Every field one link away by its path, whoever may read it."""
    kept = definitions.cache.setdefault("behind links", {})
    if form.name not in kept:
        kept[form.name] = _behind(definitions, form)
    found: Mapping[str, Field] = kept[form.name]
    return found


def _behind(definitions: Definitions, form: Form) -> dict[str, Field]:
    found = {}
    for key, link in form.names.items():
        if link.type.name != "record" or not link.type.target:
            continue
        try:
            target = definitions.form(link.type.target)
        except NotFound:
            continue
        for name, field in (*target.fields.items(), ("owner", target.names["owner"])):
            path = f"{key}.{name}"
            if field.type.name in ("choices", "records") or not conditions.operators(field):
                continue
            label = {language: paths.name(definitions, form, path, language) for language in LANGUAGES}
            found[path] = replace(field, key=path, label=label)
    return found


def fields(at: Scope) -> Mapping[str, Field]:
    """What the reader may filter by, by key or path; his own form's first."""
    key = (at.form.name, select.signature(at.actor))
    return at.definitions.kept("filtered by").get(key, lambda: _fields(at))


def _fields(at: Scope) -> dict[str, Field]:
    found = {k: f for k, f in at.form.names.items() if at.may_ask(k) and conditions.operators(f)}
    eyes = policy.eyes(at.unit, at.actor)
    for path, field in behind(at.definitions, at.form).items():
        steps = paths.steps(at.definitions, at.form, path) or ()
        if all(eyes.may_name(step.form, step.key) for step in steps):
            found[path] = field
    return found
