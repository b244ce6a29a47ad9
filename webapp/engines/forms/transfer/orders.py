"""What an import is asked for, how far it is and what became of it, and small questions about its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from webapp.definitions.model import Form
from webapp.engines.forms.transfer.maps import FileMap
from webapp.engines.forms.transfer.references import Later
from webapp.engines.forms.transfer.sheets import Chunk
from webapp.engines.forms.writing import visibility
from webapp.engines.forms.writing.ready import Ready
from webapp.errors import Invalid, Problem
from webapp.i18n import N_


@dataclass(frozen=True)
class Order:
    """What is to be imported: `form` (app.key), the file and the name a person knows it by, and the map."""

    form: str
    path: Path
    name: str
    said: FileMap = field(default_factory=FileMap)
    is_rehearsal: bool = False


@dataclass
class State:
    """How far an import is: the number of the last row committed, counts of rows, bytes of rejected and later ones.

    linked   records of other forms that were made because rows link to them
    """

    row: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    linked: int = 0
    spooled: int = 0
    postponed: int = 0
    change_set: int | None = None
    total: int | None = None

    @property
    def done(self) -> int:
        return self.inserted + self.updated + self.unchanged + self.rejected


@dataclass
class Outcome:
    """What became of an import.

    columns    headings with the key of the field they were written to, None if to none
    reasons    see `spool.reasons`
    rejected   file of the rejected rows, if there are any
    sample     of the first rows of a rehearsal: [number, cells, outcome, [[field, text], …]]
    """

    state: State
    columns: list[tuple[str, str | None]]
    unmapped: list[str]
    reasons: list[dict[str, Any]]
    rejected: Path | None
    seconds: float
    sample: list[list[Any]] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        counts = {k: v for k, v in asdict(self.state).items() if k not in ("row", "spooled", "postponed", "total")}
        return {
            **counts,
            "rows": self.state.done,
            "columns": [list(c) for c in self.columns],
            "unmapped": self.unmapped,
            "reasons": self.reasons,
            "rejected_file": str(self.rejected) if self.rejected else None,
            "seconds": round(self.seconds, 2),
            "sample": self.sample,
        }


def action_of(said: FileMap) -> str:
    """What somebody must be allowed to do with the form at least."""
    return "edit" if said.key and said.existing == "update" else "create"


def links_to_come(rows: dict[int, dict[str, Any]]) -> dict[int, dict[str, str]]:
    """Take the links that wait for other rows of the file out of `rows`: position → field key → name."""
    later = {}
    for i, row in rows.items():
        links = {} if isinstance(row, Ready) else {k: v.text for k, v in row.items() if isinstance(v, Later)}
        if links:
            later[i] = links
            rows[i] = {k: v for k, v in row.items() if k not in links}
    return later


def below(header: int, first: Chunk, rest: Iterator[Chunk]) -> Iterator[Chunk]:
    """The rows below the row of the headings."""
    start = next((i for i, n in enumerate(first.numbers) if n > header), len(first))
    if start < len(first):
        yield Chunk(first.numbers[start:], [column[start:] for column in first.columns])
    yield from rest


def require_columns(form: Form, given: set[str]) -> None:
    """Every row would be rejected for want of a field that has no column: say so before the first one."""
    sometimes = visibility.sometimes(form)
    missing = [
        Problem(key, N_("{field} must be filled in, and no column is written to it.", field=f.label), "required")
        for key, f in form.fields.items()
        if f.is_required and f.kind.is_input and f.default is None and key not in given and key not in sometimes
    ]
    if missing:
        raise Invalid(N_("Fields that must be filled in have no column."), problems=missing)


def shown(value: Any) -> Any:
    """A value in the count of reasons."""
    return value if value is None or isinstance(value, str | int | float) else str(value)
