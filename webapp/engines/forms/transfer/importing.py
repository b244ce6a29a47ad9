"""An import: read, match, understand, and write through the door, chunk by chunk; it can stop and go on anywhere.

What has been committed, and where the next row is, is told to the caller inside the unit that commits it (`keep`);
an import that starts again with that state skips the rows it has written and doubles none.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import bulk, select
from webapp.engines.forms.record import Result
from webapp.engines.forms.transfer import heads, mapping, matching
from webapp.engines.forms.transfer.ahead import ahead
from webapp.engines.forms.transfer.cells import Batch, Half, Taker
from webapp.engines.forms.transfer.making import Making
from webapp.engines.forms.transfer.orders import (
    Order,
    Outcome,
    State,
    action_of,
    below,
    links_to_come,
    require_columns,
    shown,
)
from webapp.engines.forms.transfer.sheets import Chunk, Source
from webapp.engines.forms.transfer.spool import Spool, reasons, spooled, write_rejected
from webapp.engines.forms.writing.ready import Maker
from webapp.errors import Invalid, MortiseError, Problem
from webapp.i18n import N_, label
from webapp.journal import changesets

#: Rows of one unit of work at most. SQLite has one writer, which a person may be waiting for: there it is as many as
#: fit into HELD seconds, but not fewer than LEAST_ROWS, or the commits would cost more than the rows.
SQLITE_ROWS, POSTGRES_ROWS = 250, 1000
HELD, LEAST_ROWS = 0.02, 50
#: Seconds the writer is left to others at least, between two units on SQLite.
PAUSE = 0.005
#: Seconds of waiting for the writer that show that others want it.
CROWDED = 0.001
#: Rows of a rehearsal that are told one by one.
SAMPLE = 50
#: Chunks of a file that are not worth a second process.
FEW = 2


class _Moved(Exception):
    """The definitions changed between two chunks: columns are matched anew."""


class _Rehearsed(Exception):
    """Ends a unit of a dry run, so that nothing of it stays."""


class _Failed(Exception):
    """Ends a unit of which some row cannot be written: it is done again with savepoints."""


Keep = Callable[[Unit, State], None]


def run(
    database: Database,
    actor: Actor,
    order: Order,
    folder: Path,
    *,
    state: State | None = None,
    keep: Keep | None = None,
) -> Outcome:
    """Import the file of `order` for `actor`, from `state` on; files of its own go into `folder`.

    `keep(unit, state)` is called in every unit before it commits; what it raises ends the import there. Raises
    `Invalid`, `Denied`, `NotFound` or `TooLarge` where the file or the map cannot be used at all.
    """
    started = time.monotonic()
    state = state or State()
    with (
        closing(Spool(folder / "rejected.jsonl", state.spooled)) as spool,
        closing(Spool(folder / "postponed.jsonl", state.postponed)) as postponed,
    ):
        while True:
            work = _Import(database, actor, order, spool, postponed, state, keep)
            try:
                columns = work.run()
                break
            except _Moved:
                state = work.state
        target = folder / f"rejected{'.csv' if work.format == 'text' else '.xlsx'}"
        headings = [c.heading for c in columns.columns]
        rejected = None
        if work.state.rejected:
            rejected = write_rejected(spool, target, headings, work.labels, actor.locale)
        why = [*reasons(spool), *work.left]
    named = [(c.heading, c.field.key if c.field else None) for c in columns.columns]
    unmapped = [c.heading for c in columns.unmapped]
    return Outcome(work.state, named, unmapped, why, rejected, time.monotonic() - started, work.sample)


class _Import:
    """One run over the file, as long as the definitions stay the same."""

    def __init__(
        self,
        database: Database,
        actor: Actor,
        order: Order,
        spool: Spool,
        postponed: Spool,
        state: State,
        keep: Keep | None,
    ) -> None:
        self.database = database
        self.actor = actor
        self.order = order
        self.spool = spool
        self.postponed = postponed
        self.state = state
        self.keep = keep
        self.left: list[dict[str, Any]] = []
        self.labels: dict[str, str] = {}
        self.format = "text"
        self.size = SQLITE_ROWS if database.is_sqlite else POSTGRES_ROWS
        self._free_at = 0.0
        self._epoch = -1
        self._key: Any = None
        self._is_careful = False
        self._making: Making | None = None
        self.sample: list[list[Any]] = []

    def run(self) -> mapping.ColumnMap:
        with Source(self.order.path, self.order.said.reading) as source:
            self.format = source.facts.format
            chunks = source.chunks()
            first = next(chunks, None)
            if first is None:
                raise Invalid(N_("There is nothing in this file."))
            with self.database.read() as unit:
                columns, taker = self._prepare(unit, first)
            total = source.facts.rows
            self.state.total = max(total - columns.header, 0) if total else None
            taker.after = self.state.row
            self._expect(columns.header, taker)
            self._open()
            with _begun(taker, source, below(columns.header, first, chunks)) as halves:
                for half in halves:
                    with self.database.read() as unit:
                        self._require_same(unit)
                        batch = taker.finish(unit, half)
                    self._write_batch(batch)
        if self.postponed.flush() and not self.order.is_rehearsal:
            self._link(taker)
        self._close()
        return columns

    def _expect(self, header: int, taker: Taker) -> None:
        """Where records link to others of the same form, read all their names first."""
        if taker.inward:
            with Source(self.order.path, self.order.said.reading) as source:
                chunks = source.chunks()
                for chunk in below(header, next(chunks), chunks):
                    taker.expect(chunk)

    def _prepare(self, unit: Unit, first: Chunk) -> tuple[mapping.ColumnMap, Taker]:
        """Match the columns and make sure that the import can do anything at all."""
        form = self._form(unit)
        said = self.order.said
        select.require_form(unit, self.actor, form, action_of(said))
        self.labels = {key: label(f.label, self.actor.locale) or key for key, f in form.names.items()}
        rights = policy.fields(unit, self.actor, form)
        fields = mapping.targets(form, rights)
        header, headings = heads.head_of(first, mapping.names_of(fields), said)
        columns = mapping.match(headings, header, fields, said)
        mapped = [c.field.key for c in columns.mapped if c.field]
        if not mapped:
            names = ", ".join(f"“{h}”" for h in headings[:20])
            raise Invalid(N_("None of the columns is called like a field: {names}.", names=names))
        if said.key:
            self._key = matching.key_field(form, said.key, mapped, rights)
        else:
            require_columns(form, {*mapped, *said.constants})
        self._epoch = versions.current(unit).epoch
        maker = None if said.key else Maker(form, self.database.engine.dialect)
        self._making = Making(unit, self.actor, form, said.create) if said.create else None
        return columns, Taker(unit, self.actor, form, columns, said, maker)

    def _form(self, unit: Unit) -> Form:
        return versions.current(unit).form(self.order.form)

    def _require_same(self, unit: Unit) -> None:
        if versions.current(unit).epoch != self._epoch:
            raise _Moved

    def _open(self) -> None:
        """Begin the change set, unless this import goes on with one."""
        if self.order.is_rehearsal or self.state.change_set is not None:
            return
        with self.database.write() as unit:
            self.state.change_set = changesets.open(unit, "import", self.order.name, self.actor.member)
            if self.keep:
                self.keep(unit, self.state)

    def _close(self) -> None:
        if self.order.is_rehearsal or self.state.change_set is None:
            return
        with self.database.write() as unit:
            if changesets.get(unit, self.state.change_set).state == changesets.OPEN:
                changesets.close(unit, self.state.change_set)
            if self.keep:
                self.keep(unit, self.state)

    def _write_batch(self, batch: Batch) -> None:
        start = next((i for i, n in enumerate(batch.numbers) if n > self.state.row), len(batch.rows))
        while start < len(batch.rows):
            positions = range(start, min(start + self.size, len(batch.rows)))
            self._wait()
            self._write(batch, positions)
            start = positions.stop

    def _link(self, taker: Taker) -> None:
        """Fill in the links between rows of the file, now that all of them are records."""
        readers = {r.field.key: r for r in taker.inward}
        left: Counter[tuple[str, str]] = Counter()
        lines = self.postponed.rows()
        while some := list(itertools.islice(lines, self.size)):
            self._wait()
            asked = time.monotonic()
            with self.database.write() as unit:
                began = time.monotonic()
                self._require_same(unit)
                changes = []
                for _, id_, links in some:
                    values = {k: readers[k].again(unit, text) for k, text in links.items()}
                    left.update((k, links[k]) for k, v in values.items() if not isinstance(v, int))
                    changes.append((id_, {k: v for k, v in values.items() if isinstance(v, int)}))
                self._update(unit, self._form(unit), [c for c in changes if c[1]])
                if self.keep:
                    self.keep(unit, self.state)
            self._held(time.monotonic() - began, len(some), began - asked)
        text = N_("The row it points at was rejected; the link stays empty.").text(self.actor.locale)
        self.left = [
            {"field": k, "value": v, "text": text, "code": "left_empty", "near": None, "rows": n, "first": None}
            for (k, v), n in left.most_common()
        ]

    def _wait(self) -> None:
        """Leave the writer to others for a while after each unit; what was done since counts."""
        if self.database.is_sqlite and (left := self._free_at - time.monotonic()) > 0:
            time.sleep(left)

    def _write(self, batch: Batch, positions: Sequence[int]) -> None:
        """One unit of work: write the rows at `positions`, and how far the import is then.

        Savepoints cost as much as many rows, so they are taken only where the unit has failed as a whole before.
        """
        try:
            self._write_once(batch, positions, is_careful=False)
        except _Failed:
            self._write_once(batch, positions, is_careful=True)

    def _write_once(self, batch: Batch, positions: Sequence[int], *, is_careful: bool) -> None:
        state = State(**asdict(self.state))
        self._is_careful = is_careful
        began = asked = time.monotonic()
        try:
            with self.database.write() as unit:
                began = time.monotonic()
                self._require_same(unit)
                refused = self._write_rows(unit, batch, positions, state)
                for i in sorted(refused):
                    why = spooled(refused[i], self.actor.locale)
                    self.spool.add(batch.numbers[i], [batch.cells.row(i), why])
                state.rejected += len(refused)
                state.row = batch.numbers[positions[-1]]
                if refused:
                    state.spooled = self.spool.flush()
                if self.keep:
                    self.keep(unit, state)
                if self.order.is_rehearsal:
                    raise _Rehearsed
        except _Rehearsed:
            pass
        else:
            if self._making:
                self._making.settle()
        self.state = state
        self._held(time.monotonic() - began, len(positions), began - asked)

    def _held(self, seconds: float, rows: int, waited: float) -> None:
        """The writer was held so long for so many rows, after waiting for it: how long to leave it alone now.

        Where others write too (it was not free at once) they get it for as long; and a unit is as many rows as fit
        into a turn.
        """
        self._free_at = time.monotonic() + (max(seconds, PAUSE) if waited > CROWDED else PAUSE)
        if self.database.is_sqlite:
            fitting = int(rows * HELD / max(seconds, 0.001))
            self.size = min(max(fitting, LEAST_ROWS), SQLITE_ROWS)

    def _write_rows(
        self, unit: Unit, batch: Batch, positions: Sequence[int], state: State
    ) -> dict[int, list[tuple[Problem, Any]]]:
        """Write what can be written, count it in `state`, and answer what is rejected, by position."""
        refused = {i: batch.refused[i] for i in positions if i in batch.refused}
        good = {i: batch.rows[i] for i in positions if i not in refused}
        form = self._form(unit)
        if self._making:
            state.linked += self._making.make(unit, self.actor, form, good, refused, state.change_set)
        waiting = links_to_come(good)
        if self._key is None:
            division = matching.Division(new=list(good))
        else:
            division = matching.divide(unit, self.actor, form, self._key, good)
            if self.order.said.existing == "skip":
                division.skip()
        refused.update({i: [(p, None)] for i, p in division.refused.items()})
        state.unchanged += len(division.same)
        results = dict(zip(division.new, self._create(unit, form, [good[i] for i in division.new]), strict=True))
        results.update(zip(division.changed, self._update(unit, form, list(division.changed.values())), strict=True))
        for i, result in results.items():
            if result.outcome == "refused":
                refused[i] = [(p, shown(batch.rows[i].get(p.path))) for p in result.problems]
            elif result.outcome == "created":
                state.inserted += 1
            elif result.outcome == "updated":
                state.updated += 1
            else:
                state.unchanged += 1
        ids = {**division.same, **{i: r.id for i, r in results.items() if r.outcome != "refused"}}
        for i in waiting.keys() & ids.keys():
            self.postponed.add(batch.numbers[i], [ids[i], waiting[i]])
        if waiting:
            state.postponed = self.postponed.flush()
        if self.order.is_rehearsal and len(self.sample) < SAMPLE:
            outcomes = {**dict.fromkeys(division.same, "unchanged"), **{i: r.outcome for i, r in results.items()}}
            self._note(batch, positions, outcomes, refused)
        return refused

    def _note(
        self, batch: Batch, positions: Sequence[int], outcomes: dict[int, str], refused: dict[int, list[Any]]
    ) -> None:
        """Tell what would become of these rows, as far as they are among the first."""
        told = {line[0] for line in self.sample}
        for i in positions:
            if len(self.sample) < SAMPLE and batch.numbers[i] not in told:
                why = [[p.path, p.text(self.actor.locale)] for p, _ in refused.get(i, ())]
                outcome = "refused" if i in refused else outcomes.get(i, "created")
                self.sample.append([batch.numbers[i], batch.cells.row(i), outcome, why])

    def _create(self, unit: Unit, form: Form, rows: list[dict[str, Any]]) -> list[Result]:
        """All at once; if that fails as a whole, one by one, so that one row does not reject the others."""
        if not rows:
            return []
        if not self._is_careful:
            try:
                return bulk.create_many(unit, self.actor, form, rows, via="import", change_set=self.state.change_set)
            except MortiseError as error:
                raise _Failed from error
        try:
            with unit.savepoint():
                return bulk.create_many(unit, self.actor, form, rows, via="import", change_set=self.state.change_set)
        except MortiseError as error:
            if len(rows) == 1:
                return [Result("refused", None, error.problems or (Problem("", error.message, error.code),))]
        return [result for row in rows for result in self._create(unit, form, [row])]

    def _update(self, unit: Unit, form: Form, changes: list[tuple[int, dict[str, Any]]]) -> list[Result]:
        if not changes:
            return []
        return bulk.update_many(unit, self.actor, form, changes, via="import", change_set=self.state.change_set)


@contextmanager
def _begun(taker: Taker, source: Source, chunks: Iterator[Chunk]) -> Iterator[Iterator[Half]]:
    """The chunks of an import, understood as far as that needs no database: beyond the first few, by a second process.

    It is another core's work, and it is done while the writer is left to others.
    """
    few = list(itertools.islice(chunks, FEW))
    begun = map(taker.begin, few)
    if len(few) < FEW:
        yield begun
        return
    with ahead(lambda: map(taker.begin, chunks), source.file) as rest:
        yield itertools.chain(begun, rest)
