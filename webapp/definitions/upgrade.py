"""Bringing an app from the catalog up to the catalog's newer document, with the firm's own changes kept.

Three texts meet: the base (what the app followed so far), what is in force, and the catalog's newer one. What the
catalog brings is taken unless the firm changed the same thing, or the whole would no longer be good: then the firm's
stands and is named with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from webapp.db import Database, Unit
from webapp.definitions import bases, epochs
from webapp.definitions.apply import AppliedVersion, apply
from webapp.definitions.document import Document, load
from webapp.definitions.merge import BOTH, CATALOG, CONFLICT, FIRM, REFUSED, Difference, Merged, merge
from webapp.definitions.model import Definitions
from webapp.definitions.plan import Plan, plan
from webapp.definitions.validate import validate
from webapp.errors import Invalid, NotFound, Problem
from webapp.i18n import N_, Message

if TYPE_CHECKING:
    from webapp.access.actor import Actor

_INDEX = re.compile(r"\[[^\]]*\]$")


@dataclass(frozen=True)
class Upgrade:
    """A proposal: the merged document, every difference, and what publishing it would do."""

    app: str
    document: Document
    newer: Mapping[str, Any]
    merged: Merged
    plan: Plan

    @property
    def disputed(self) -> list[Difference]:
        """Where the catalog's newer text is not taken."""
        return self.merged.by(CONFLICT, REFUSED)

    def json(self) -> dict[str, Any]:
        """The plan, and beside it the paths by who changed them, those in dispute with both values."""
        paths = {who: [d.path for d in self.merged.by(who)] for who in (BOTH, FIRM, CATALOG)}
        return {**self.plan.json(), "merge": {**paths, "conflicts": [d.json() for d in self.disputed]}}


def start(database: Database, actor: Actor, text: str | bytes | Mapping[str, Any]) -> AppliedVersion:
    """Put an app from the catalog into force, which follows the catalog from then on."""
    document = load(text)
    return apply(database, actor, document, base=document.source)


def propose(unit: Unit, app: str, newer: str | bytes | Mapping[str, Any], *, began: int | None = None) -> Upgrade:
    """What upgrading to the catalog's text `newer` would do. Raises `NotFound`, `Invalid`.

    began   the version that was the catalog's own document, for an app of which that was never written down
    """
    definitions = epochs.current(unit)
    present = definitions.app(app)
    base = bases.followed(unit, app, present.version)
    if base is None and began is not None:
        base = bases.document(unit, app, began)
        if base is None:
            raise NotFound(N_("The app {app} has no version {version}.", app=app, version=began))
    if base is None:
        text = N_(
            "The app {app} does not follow the catalog: nobody wrote down which of its versions came from there.",
            app=app,
        )
        how = N_(
            "If its first version was the catalog's, as it mostly was, say so: mortise app upgrade {app} --base 1",
            app=app,
        )
        raise NotFound(text, code="no_base", problems=[Problem("base", how)])
    source = load(newer).source
    document, merged = _good(definitions, base, load(present.document).source, source)
    return Upgrade(app, document, source, merged, plan(definitions, document, unit))


def upgrade(
    database: Database, actor: Actor, proposal: Upgrade, *, accept_loss: bool = False, note: str | None = None
) -> AppliedVersion:
    """Publish a proposal. Raises what `apply` does: `Conflict` too if the app was published since it was made."""
    return apply(
        database,
        actor,
        proposal.document,
        accept_loss=accept_loss,
        note=note,
        expect_version=proposal.plan.before,
        base=proposal.newer,
    )


def _good(definitions: Definitions, base: Any, yours: Any, theirs: Any) -> tuple[Document, Merged]:
    """The merge with as much of the catalog's as makes a good document.

    Every round gives up what the problems name, so it ends: at the latest when nothing of the catalog's is left.
    """
    refused: dict[str, Message] = {}
    while True:
        merged = merge(base, yours, theirs, refused)
        try:
            return validate(merged.document, definitions), merged
        except Invalid as error:
            taken = [d for d in merged.by(CATALOG) if d.path not in refused]
            more = {path: why for problem in error.problems for path, why in _blamed(problem, taken)}
            if not more:
                raise
            refused.update(more)


def _blamed(problem: Problem, taken: list[Difference]) -> list[tuple[str, Message]]:
    """The catalog's changes behind a problem: at its place, else what took away a name that is missing there."""
    at_place = [d for d in taken if _is_at(problem.path, d.path)]
    named = [d for d in at_place if _INDEX.search(d.path) and _last(d.path) in problem.message.text("en")]
    gone = [d for d in taken if d.gone and d.gone in problem.message.text("en")]
    found = named or at_place or gone or [d for d in taken if d.gone] or taken
    return [(d.path, problem.message) for d in found]


def _is_at(problem: str, taken: str) -> bool:
    """Whether one path lies under the other; an entry of a list is named differently in each."""
    place = _INDEX.sub("", taken)
    if place != taken:
        return problem.startswith(place)
    return problem == taken or problem.startswith((f"{taken}.", f"{taken}[")) or taken.startswith(f"{problem}.")


def _last(path: str) -> str:
    return path.rpartition("[")[2].rstrip("]")
