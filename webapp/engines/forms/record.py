"""What the door takes and gives: records, pages of them, queries, history entries, results of bulk work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webapp.definitions.model import Form
from webapp.errors import Problem


@dataclass(frozen=True)
class Masked:
    """A value its reader may know of but not read; `text` is what remains of it (138****0001)."""

    text: str


@dataclass(frozen=True)
class Linked:
    """What a link, member or department value points at, as its reader may see it.

    `title` is None when the target does not exist for him; `is_binned` when it lies in the bin.
    """

    id: int
    title: str | None
    is_binned: bool = False


@dataclass(frozen=True)
class Record:
    """One record as an actor sees it.

    values   field key → Python value (see `kinds.FieldKind.parse`); hidden fields are absent, masked ones `Masked`;
             system fields are in it too, as far as they were asked for
    links    field key → `Linked` for every link, member and department field with a value
    is_out_of_sight   the actor's own change has put it outside what he may see (he handed it over); nothing else of
             it is told
    """

    form: Form
    id: int
    version: int
    values: Mapping[str, Any]
    links: Mapping[str, Linked] = field(default_factory=dict)
    is_out_of_sight: bool = False

    @property
    def title(self) -> Any:
        """The value of the title field (None if empty or hidden)."""
        return self.values.get(self.form.title)

    @property
    def is_binned(self) -> bool:
        return self.values.get("deleted_at") is not None


@dataclass(frozen=True)
class Query:
    """Which records, in which order.

    where    expressions in the one language, all of which must hold
    search   what somebody typed to find records
    sort     field keys (or paths), `-` in front for descending; the id always decides last
    fields   which fields to read, also paths (`account.industry`); None for all that the actor may see
    after    cursor of the page before
    count    none, capped (stops at COUNT_CAP) or exact
    binned   read the bin instead of the live records
    """

    where: tuple[str, ...] = ()
    search: str | None = None
    sort: tuple[str, ...] = ("-id",)
    fields: tuple[str, ...] | None = None
    limit: int = 50
    after: str | None = None
    count: str = "none"
    binned: bool = False


#: A capped count stops here: "10,000+".
COUNT_CAP = 10_000


@dataclass(frozen=True)
class Page:
    """Part of a list. `count_is` is `exact` or `at_least` (None when no count was asked for)."""

    records: list[Record]
    next: str | None
    count: int | None = None
    count_is: str | None = None


@dataclass(frozen=True)
class Entry:
    """One line of a record's history.

    changes   field key → (before, after) as Python values or `Masked`; of a `conversion` the value before is a text;
              empty for other kinds
    set_title, set_kind   of the change set it belongs to: the file of an import, what was done to many at once
    comment   the `comments.Comment` that this event tells of
    """

    event: int
    at: datetime
    actor: int | None
    actor_name: str | None
    via: str
    kind: str
    changes: Mapping[str, tuple[Any, Any]]
    links: Mapping[tuple[str, int], Linked] = field(default_factory=dict)
    change_set: int | None = None
    set_title: str | None = None
    set_kind: str | None = None
    comment: Any = None


@dataclass(frozen=True)
class AggregateRow:
    """One group: its values (None for empty) and its measures, in the order asked for."""

    group: list[Any]
    measures: list[Any]
    links: list[Linked | None]


@dataclass(frozen=True)
class Result:
    """What became of one row of bulk work: an id, or why not. `outcome`: created, updated, unchanged, refused."""

    outcome: str
    id: int | None = None
    problems: tuple[Problem, ...] = ()
