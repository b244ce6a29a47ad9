"""Which column of a file is which field: by map, else by key or label in either language; never by a guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from webapp.definitions.model import Field, Form
from webapp.engines.forms.transfer.heads import letters, spellings
from webapp.engines.forms.transfer.maps import FileMap
from webapp.errors import Invalid, Problem, nearest
from webapp.expressions.fold import fold
from webapp.i18n import N_

#: System fields that an import may set, beside the form's own.
SYSTEM_FIELDS = ("owner",)


@dataclass(frozen=True)
class Column:
    """A column of the file: position from 0, heading as it stands there, and the field it is written to, if any."""

    index: int
    heading: str
    field: Field | None = None
    is_skipped: bool = False


@dataclass(frozen=True)
class ColumnMap:
    """The columns of a file in their order; `header` is the row of the headings (0: none)."""

    columns: tuple[Column, ...]
    header: int

    @property
    def mapped(self) -> list[Column]:
        return [c for c in self.columns if c.field]

    @property
    def unmapped(self) -> list[Column]:
        """Columns that nobody said anything about and that no field is called like."""
        return [c for c in self.columns if not c.field and not c.is_skipped]


def targets(form: Form, rights: Mapping[str, str]) -> dict[str, Field]:
    """Fields that an import of somebody with `rights` (field key → right) may write, by key."""
    own = {k: f for k, f in form.fields.items() if f.kind.is_input and f.kind.is_typed}
    system = {k: form.names[k] for k in SYSTEM_FIELDS if k in form.names}
    return {k: f for k, f in {**own, **system}.items() if rights.get(k) == "write"}


def names_of(fields: Mapping[str, Field]) -> dict[str, list[Field]]:
    """Folded key and labels → the fields that are called so."""
    names: dict[str, list[Field]] = {}
    for key, field in fields.items():
        labels = field.label.values() if isinstance(field.label, Mapping) else [field.label]
        said = {fold(t).strip() for t in (key, key.replace("_", " "), *labels) if t}
        for name in said | {s for label in labels for s in spellings(label)}:
            names.setdefault(name, []).append(field)
    return names


def match(headings: Iterable[str], header: int, fields: Mapping[str, Field], said: FileMap) -> ColumnMap:
    """Headings → columns with their fields; raises `Invalid` with everything that is wrong in the map or said twice."""
    headings = list(headings)
    problems: list[Problem] = []
    names = names_of(fields)
    wanted = _wanted(headings, fields, names, said, problems)
    columns = []
    for index, heading in enumerate(headings):
        if said.places:
            key = said.places.get(letters(index))
            columns.append(Column(index, heading, fields.get(key) if key else None, is_skipped=key is None))
        elif heading and (name := fold(heading).strip()) in wanted:
            columns.append(Column(index, heading, wanted[name], is_skipped=wanted[name] is None))
        else:
            columns.append(Column(index, heading, _field_called(heading, names), is_skipped=not heading))
    problems += _said_twice(columns, said)
    for place, key in said.places.items():
        if key is not None and key not in fields:
            problems.append(_unknown(f"places.{place}", key, fields))
    given: tuple[tuple[str, Iterable[str]], ...] = (
        ("values", said.values),
        ("constants", said.constants),
        ("by", said.by),
        ("create", said.create),
    )
    for place, keys in given:
        for key in keys:
            if key not in fields:
                problems.append(_unknown(f"{place}.{key}", key, fields))
    if problems:
        raise Invalid(N_("The columns do not fit the form."), problems=problems)
    return ColumnMap(tuple(columns), header)


def _wanted(
    headings: Sequence[str],
    fields: Mapping[str, Field],
    names: Mapping[str, Sequence[Field]],
    said: FileMap,
    problems: list[Problem],
) -> dict[str, Field | None]:
    """What the map says, by folded heading."""
    wanted: dict[str, Field | None] = {}
    there = {fold(h).strip() for h in headings}
    for heading, key in said.columns.items():
        name = fold(heading).strip()
        if name not in there:
            text = N_("The file has no column “{name}”.", name=heading)
            problems.append(Problem(f"columns.{heading}", text, "unknown_column", nearest(heading, headings)))
        called = names.get(fold(key).strip(), []) if key else []
        field = fields.get(key) or (called[0] if len(called) == 1 else None) if key else None
        if key and field is None:
            problems.append(_unknown(f"columns.{heading}", key, fields))
        wanted[name] = field
    return wanted


def _field_called(heading: str, names: Mapping[str, Sequence[Field]]) -> Field | None:
    """The one field that is called like the heading; two of one name are no answer."""
    for spelling in spellings(heading):
        if found := names.get(spelling):
            return found[0] if len(found) == 1 else None
    return None


def _said_twice(columns: Iterable[Column], said: FileMap) -> list[Problem]:
    taken = [c for c in columns if c.field]
    counts = Counter(c.field.key for c in taken if c.field)
    problems = []
    for key, n in counts.items():
        if n > 1:
            both = ", ".join(f"“{c.heading}” ({letters(c.index)})" for c in taken if c.field and c.field.key == key)
            text = N_(
                "Several columns are written to {field}: {columns}. Leave out all but one.", field=key, columns=both
            )
            problems.append(Problem(f"columns.{key}", text, "mapped_twice"))
        if key in said.constants:
            text = N_("The field {field} has a column and a constant.", field=key)
            problems.append(Problem(f"constants.{key}", text, "mapped_twice"))
    return problems


def _unknown(path: str, key: str, fields: Mapping[str, Field]) -> Problem:
    text = N_("There is no field “{key}” that you could write.", key=key)
    return Problem(path, text, "unknown_field", nearest(key, fields))
