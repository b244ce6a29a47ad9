"""New options for a choice, as an import finds them in its file: published as the next version of the app."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import Any

from webapp.access.actor import Actor
from webapp.db import Database
from webapp.definitions import versions
from webapp.errors import Invalid, Problem
from webapp.i18n import N_

#: Characters of an option's value at most.
LONGEST = 60


def add(database: Database, actor: Actor, form: str, wanted: dict[str, Iterable[str]]) -> None:
    """Add options (field key → what they are called) to fields of the form `app.key`.

    Raises `Denied` for somebody who may not build the app, `Invalid` for what cannot be an option, `Conflict` where
    somebody published meanwhile.
    """
    app, _, key = form.partition(".")
    with database.read() as unit:
        document = versions.document(unit, app)
        version = versions.current(unit).apps[app].version
    source: Any = copy.deepcopy(json.loads(json.dumps(document.source)))
    for field_key, names in wanted.items():
        options = source["forms"][key]["fields"].get(field_key, {}).get("options")
        if options is None:
            raise Invalid(N_("This field has no options."), problems=[_problem(field_key)])
        for name in names:
            text = name.strip()
            if len(text) > LONGEST:
                raise Invalid(N_("“{value}” is too long for an option.", value=text[:40] + "…"))
            options.append({"value": text, "label": text})
    versions.apply(database, actor, source, expect_version=version, note="import")


def _problem(key: str) -> Problem:
    return Problem(key, N_("This field has no options."), "unknown_field")
