"""The steps of an import as a person walks through them: look, match, check, write, mend what was rejected.

A `drafts.Draft` holds where he is. All is within his rights at that moment: fields he may not write are never offered,
and the check and the import are due rows on his behalf.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Field, Form
from webapp.engines.forms import undoing
from webapp.engines.forms.transfer import drafts, heads, jobs, looking, mapping, maps, proposing
from webapp.engines.forms.transfer.drafts import Draft
from webapp.engines.forms.transfer.looking import Facts
from webapp.engines.forms.transfer.sheets import Cell
from webapp.engines.forms.transfer.synonyms import meanings
from webapp.errors import Conflict, Denied, NotFound, TooLarge
from webapp.files import shelf
from webapp.files.store import Folder, Incoming
from webapp.i18n import N_
from webapp.journal import due
from webapp.journal.due import Job

#: Settings of a map that say how the file is read; the rest says what becomes of its columns.
READING = ("sheet", "header", "encoding", "delimiter", "comment", "fill")
#: Bytes and files of one member's imports that are kept at a time.
MOST_HELD, MOST_FILES = 1 << 30, 200


@dataclass(frozen=True)
class Table:
    """The file as headings and the first rows below them. `header` is the row of the headings, 0 if there is none."""

    header: int
    headings: list[str]
    columns: list[list[Cell]]

    @property
    def shape(self) -> str:
        return looking.shape(self.headings)


def may(unit: Unit, actor: Actor, form: Form) -> bool:
    """Whether the actor may import into the form at all."""
    return actor.may_write and any(policy.may(unit, actor, form, action) for action in ("create", "edit"))


def require(unit: Unit, actor: Actor, form: Form) -> None:
    if not may(unit, actor, form):
        raise Denied(N_("Your role does not allow importing into {form}.", form=form.label), action="create")


def fields_of(unit: Unit, actor: Actor, form: Form) -> dict[str, Field]:
    """The fields that the actor's import may write."""
    return mapping.targets(form, policy.fields(unit, actor, form))


def table_of(facts: Facts, fields: Mapping[str, Field], said: Mapping[str, Any]) -> Table:
    """Find the headings (`said["header"]` where somebody chose the row) and what stands below them."""
    known = {*mapping.names_of(fields), *meanings()}
    header, headings = heads.head_of(facts.first, known, maps.of({"header": said.get("header")}))
    start = next((i for i, n in enumerate(facts.numbers) if n > header), len(facts.numbers))
    return Table(header, headings, [column[start:] for column in facts.columns])


def require_room(unit: Unit, actor: Actor, size: int) -> None:
    """Raise `TooLarge` where the member's imports of the last days hold all they may, with another of `size` bytes."""
    held, count = shelf.held(unit, actor.member, "import")
    if held + size > MOST_HELD or count >= MOST_FILES:
        text = N_(
            "Your imports of the last {days} days hold {n} files of {size} MB; no more fit. They go by themselves.",
            days=drafts.LASTS.days,
            n=count,
            size=held >> 20,
        )
        raise TooLarge(text)


def keep(unit: Unit, actor: Actor, store: Folder, incoming: Incoming, name: str) -> int:
    """Keep the file of an import for its member; the file's number."""
    file = shelf.keep(unit, store, incoming, name=name, purpose="import", member=actor.member, lasts=drafts.LASTS)
    return file.id


def begin(unit: Unit, actor: Actor, form: Form, file: int, name: str, facts: Facts, **reading: Any) -> int:
    """A new import of a file that was looked at, matched as proposed; its id."""
    require(unit, actor, form)
    said, notes = propose(unit, actor, form, facts, reading)
    return drafts.add(unit, actor, form=form.name, file=file, name=name, facts=facts, said=said, draft=notes)


def propose(
    unit: Unit, actor: Actor, form: Form, facts: Facts, reading: Mapping[str, Any], *, is_fresh: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The map as it is proposed, and notes: why each column was, and whether it is the one of last time.

    `is_fresh`: without looking at what was remembered.
    """
    fields = fields_of(unit, actor, form)
    table = table_of(facts, fields, reading)
    said = {**reading_of(facts), **{k: v for k, v in reading.items() if v is not None}, "header": table.header}
    known = None if is_fresh else drafts.remembered(unit, actor, form.name, table.shape)
    if known is not None and (kept := _still_good(*known, fields)):
        whys = {place: "remembered" for place, key in kept["places"].items() if key}
        return {**kept, **said}, {"whys": whys, "is_remembered": True}
    found = proposing.propose(unit, actor, form, fields, table.headings, table.columns)
    places = {heads.letters(p.index): p.key for p in found}
    said["places"] = places
    key = next((k for k in places.values() if k and fields[k].is_unique and fields[k].type.name == "text"), None)
    if key:
        said |= {"key": key, "existing": "update" if policy.may(unit, actor, form, "edit") else "skip"}
    return said, {"whys": {heads.letters(p.index): p.why for p in found if p.why}}


def _still_good(known: Mapping[str, Any], is_own: bool, fields: Mapping[str, Field]) -> dict[str, Any] | None:
    """What was remembered, as far as the fields are there and the actor may write them.

    What somebody else took values for may name records that he does not see: of that only options are kept.
    """
    kept = {k: v for k, v in known.items() if k not in READING}
    places = {place: key if key in fields else None for place, key in kept.get("places", {}).items()}
    if not any(places.values()):
        return None
    mapped = {key for key in places.values() if key}
    kept["places"] = places
    good = {k for k, f in fields.items() if is_own or f.type.options}
    for name in ("values", "constants"):
        kept[name] = {k: v for k, v in kept.get(name, {}).items() if k in good}
    kept["by"] = {k: v for k, v in kept.get("by", {}).items() if k in fields}
    kept["create"] = [k for k in kept.get("create", ()) if k in fields]
    if kept.get("key") not in mapped:
        kept.pop("key", None)
    return kept


def reading_of(facts: Facts) -> dict[str, Any]:
    """How the file was read, as a map says it."""
    return {k: v for k, v in asdict(facts.reading).items() if v not in (None, False)}


def change(
    unit: Unit, draft: Draft, version: int, said: Mapping[str, Any], notes: Mapping[str, Any] | None = None
) -> Draft:
    """Another map; what was checked with the former one does not count any more."""
    _require_open(draft)
    maps.of(said)
    values: dict[str, Any] = {"map": said, "rehearsal": None}
    if notes is not None:
        values["draft"] = notes
    return drafts.change(unit, draft, version=version, **values)


def _require_open(draft: Draft) -> None:
    if draft.job is not None:
        raise Conflict(N_("This import has begun already."), code="begun")


def rehearse(unit: Unit, actor: Actor, form: Form, draft: Draft) -> Draft:
    """Check the whole file without writing anything, as a due row; once for each map."""
    _require_open(draft)
    if draft.rehearsal is not None:
        return draft
    folder = f"check-{draft.id}-{draft.version}"
    job = jobs.add(unit, actor, form.name, folder, draft.name, draft.said, is_rehearsal=True, file=draft.file)
    return drafts.change(unit, draft, rehearsal=job)


def start(unit: Unit, actor: Actor, form: Form, draft: Draft) -> Draft:
    """Import, as a due row; once. The map is remembered for files of this shape."""
    if draft.job is not None:
        return draft
    job = jobs.add(unit, actor, form.name, f"import-{draft.id}", draft.name, draft.said, file=draft.file)
    table = table_of(draft.facts, fields_of(unit, actor, form), draft.map)
    kept = {k: v for k, v in draft.map.items() if k not in READING}
    drafts.remember(unit, actor, form.name, table.shape, kept)
    return drafts.change(unit, draft, job=job)


def undo(unit: Unit, actor: Actor, draft: Draft) -> Draft:
    """Take back the whole import, as a due row."""
    job = job_of(unit, draft.job)
    change_set = change_set_of(job)
    if change_set is None:
        raise Conflict(N_("This import has written nothing."), code="nothing")
    return drafts.change(unit, draft, undo=undoing.add(unit, actor, change_set))


def job_of(unit: Unit, id_: int | None) -> Job | None:
    return None if id_ is None else due.get(unit, id_)


def change_set_of(job: Job | None) -> int | None:
    """Under which the import wrote, even if it was broken off."""
    if job is None:
        return None
    state = (job.progress or {}).get("state") or {}
    return (job.result or {}).get("change_set") or state.get("change_set")


# --- what was rejected ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rejected:
    """A row that was not taken: its number in the file, its cells, and what is wrong by field key ("" for the row)."""

    number: int
    cells: list[Cell]
    problems: list[tuple[str, str, str | None]]  # field, text, nearest good value


def rejected(unit: Unit, store: Folder, draft: Draft, job: Job, most: int | None = None) -> list[Rejected]:
    """The rejected rows of a finished import, the first `most` of them."""
    number = ((job.result or {}).get("files") or {}).get("rows")
    if number is None:
        return []
    file = shelf.get(unit, number, member=draft.member)
    found: list[Rejected] = []
    with store.open(file.hash) as lines:
        for line in lines:
            if most is not None and len(found) >= most:
                break
            at, cells, problems = json.loads(line)
            found.append(Rejected(at, cells, [(field, text, near) for field, text, _, near, _ in problems]))
    return found


def mended(
    rows: Sequence[Rejected], headings: Sequence[str], edits: Mapping[int, Mapping[int, str]]
) -> list[list[Cell]]:
    """The rejected rows as a sheet of their own, with what was corrected (row number → column → text)."""
    width = max(chain([len(headings)], (len(row.cells) for row in rows)))
    lines: list[list[Cell]] = [[*headings, *[None] * (width - len(headings))]]
    for row in rows:
        cells = [*row.cells, *[None] * (width - len(row.cells))]
        for index, text in edits.get(row.number, {}).items():
            if 0 <= index < width and text != ("" if cells[index] is None else str(cells[index])):
                cells[index] = text.strip() or None
        lines.append(cells)
    return lines


def sent_again(unit: Unit, actor: Actor, draft: Draft) -> Draft | None:
    """The import by which the rejected rows of this one were imported already, if they were and it stands."""
    number = (draft.draft or {}).get("again")
    if number is None:
        return None
    try:
        found = drafts.get(unit, actor, number, draft.form)
    except NotFound:
        return None
    job = job_of(unit, found.job)
    if found.undo is not None or (job is not None and job.state in ("failed", "cancelled") and not change_set_of(job)):
        return None
    return found


def claim_again(unit: Unit, actor: Actor, draft: Draft) -> Draft:
    """The right to import its rejected rows once more; raises `Conflict` where somebody has it already."""
    if sent_again(unit, actor, draft) is not None:
        raise Conflict(N_("These rows are being imported already."), code="begun")
    return drafts.change(unit, draft, draft={**(draft.draft or {}), "again": None})


def import_again(unit: Unit, actor: Actor, form: Form, draft: Draft, file: int, name: str, facts: Facts) -> int:
    """Import the file of the mended rows as those of `draft` were, and say so there; the new import's id."""
    said = {k: v for k, v in draft.map.items() if k not in READING} | {"header": 1}
    new = drafts.add(
        unit, actor, form=form.name, file=file, name=name, facts=facts, said=said, draft={"from": draft.id}
    )
    start(unit, actor, form, drafts.get(unit, actor, new, form.name))
    drafts.change(unit, draft, draft={**(draft.draft or {}), "again": new})
    return new
