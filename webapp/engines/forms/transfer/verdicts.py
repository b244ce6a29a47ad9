"""What the first rows of a file say about a map: column by column, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Field, Form
from webapp.engines.forms.transfer.cells import reader_of
from webapp.engines.forms.transfer.heads import letters
from webapp.engines.forms.transfer.maps import FileMap
from webapp.engines.forms.transfer.references import Missing, Refusal
from webapp.engines.forms.transfer.sheets import Cell
from webapp.engines.forms.writing import visibility
from webapp.expressions.fold import fold
from webapp.i18n import N_, Message

#: Examples shown of a column.
SHOWN = 3


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a column. `tone`: ok, warn, bad or dim.

    unknown   values that are no option, and how often they come: what asks to be decided
    """

    tone: str
    text: Message
    unknown: Mapping[str, int] = field(default_factory=dict)


def examples(cells: Sequence[Cell]) -> list[str]:
    """The first different values of a column."""
    return list(dict.fromkeys(str(c).strip() for c in cells if c is not None and str(c).strip()))[:SHOWN]


def judge(
    unit: Unit,
    actor: Actor,
    form: Form,
    fields: Mapping[str, Field],
    said: FileMap,
    columns: Sequence[Sequence[Cell]],
    whys: Mapping[int, str],
) -> list[Verdict]:
    """A verdict for each column. `whys`: position → why the field was proposed, where it still is as proposed."""
    places = [said.places.get(letters(i)) for i in range(len(columns))]
    count = Counter(key for key in places if key)
    found = []
    for index, (cells, key) in enumerate(zip(columns, places, strict=True)):
        target = fields.get(key) if key else None
        if target is None:
            found.append(_left_out(cells, whys.get(index, "")))
        elif count[target.key] > 1:
            others = ", ".join(letters(i) for i, k in enumerate(places) if k == target.key and i != index)
            found.append(Verdict("bad", N_("Column {column} is written there too; choose one", column=others)))
        elif target.key in said.constants:
            found.append(Verdict("bad", N_("Every row has a fixed value there; choose one")))
        else:
            coming = _coming(form, target, places, columns)
            found.append(_of_values(unit, actor, target, said, cells, whys.get(index, ""), coming))
    return found


def _coming(form: Form, target: Field, places: Sequence[str | None], columns: Sequence[Sequence[Cell]]) -> set[str]:
    """What records of the file itself will be called, where `target` links to the same form."""
    if target.type.name != "record" or target.type.target != form.name or form.title not in places:
        return set()
    return {fold(str(cell)).strip() for cell in columns[places.index(form.title)] if cell is not None}


def _left_out(cells: Sequence[Cell], why: str) -> Verdict:
    if why == "system":
        return Verdict("dim", N_("Mortise keeps this by itself"))
    if why == "files":
        return Verdict("warn", N_("Left out: files cannot come with an import; add them to the records afterwards"))
    if not any(cell is not None for cell in cells):
        return Verdict("dim", N_("The column is empty"))
    return Verdict("dim", N_("Left out"))


def _of_values(
    unit: Unit, actor: Actor, target: Field, said: FileMap, cells: Sequence[Cell], why: str, coming: set[str]
) -> Verdict:
    reader = reader_of(unit, actor, target, said)
    if reader.names is not None:
        reader.names.coming |= coming
    reader.learn(unit, cells)
    values = reader.read(cells)
    refused = [(c, v) for c, v in zip(cells, values, strict=True) if isinstance(v, Refusal)]
    new = {v.text for v in values if isinstance(v, Missing)}
    if refused:
        cell, refusal = refused[0]
        unknown = Counter(str(c).strip() for c, v in refused if v.code in ("unknown_option", "unknown_link"))
        if len({str(c) for c, _ in refused}) == 1:
            return Verdict("warn", N_("{why} (rows: {n})", n=len(refused), why=refusal.message), unknown)
        text = N_("Does not fit, such as “{value}” (rows: {n})", n=len(refused), value=str(cell)[:40])
        return Verdict("warn", text, unknown)
    if new:
        return Verdict("ok", N_("New ones that will be made: {n}", n=len(new)))
    filled = sum(v is not None for v in values)
    if not filled:
        return Verdict("dim", N_("Empty in the first rows"))
    if why == "values":
        return Verdict("warn", N_("Found by its values: please check"))
    if reader.names is not None:
        return Verdict("ok", N_("All found"))
    if why in ("name", "meaning"):
        return Verdict("ok", N_("Matched"))
    if why == "remembered":
        return Verdict("ok", N_("As last time"))
    return Verdict("ok", N_("Fits"))


def lacking(form: Form, fields: Mapping[str, Field], said: FileMap) -> list[Field]:
    """Fields that must be filled and are not, by a column or by a value for every row."""
    given = {key for key in said.places.values() if key} | set(said.constants)
    sometimes = visibility.sometimes(form)
    return [
        f
        for key, f in fields.items()
        if f.is_required and f.default is None and key not in given and key not in sometimes
    ]
