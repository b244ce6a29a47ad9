"""What waits for a person, over all his forms: due today or late, and records that stay too long in their stage.

Which date a record waits for, for whom and while what, is a setting of its form (`due`); how long it may stay in a
stage is one of the stage (`max_days`). One statement reads all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Definitions, Field, Form
from webapp.engines.forms import formats
from webapp.engines.forms.board import stages
from webapp.engines.forms.board.stages import is_stage
from webapp.engines.forms.display import Cell, Eye, Face, cell, face, is_amount, title_of
from webapp.engines.forms.record import Query, Record
from webapp.engines.forms.viewing import conditions, several
from webapp.engines.forms.viewing.several import Found, Wanted
from webapp.i18n import N_, label

SHOWN = 8  # of each form
MOST = 12  # of all together


@dataclass(frozen=True)
class Waiting:
    """A form whose records wait for a day: which field says it, who is meant, while what, and how one is done."""

    form: Form
    eye: Eye
    by: Field
    who: str
    when: str
    say: str | None
    done: bool

    @property
    def is_moment(self) -> bool:
        return self.by.type.name == "datetime"


@dataclass(frozen=True)
class Slow:
    """A form whose records may stay only so long in a stage, and the condition that they have stayed longer."""

    form: Form
    eye: Eye
    stage: Field
    since: str
    over: str


@dataclass(frozen=True)
class Duty:
    """One record that waits, or that does not move.

    title     what is to be done, else what the record is called; `about` is what it is about
    when      as it is said: today 14:30, 3 days late
    note      why it stands here, of one that does not move
    """

    form: Form
    id: int
    version: int
    href: str
    icon: str
    title: str
    about: str
    number: Cell | None
    person: Cell | None
    when: str = ""
    is_late: bool = False
    note: str = ""
    may_end: bool = False
    order: Any = None


@dataclass(frozen=True)
class Part:
    """How many of one form, and the address of exactly these."""

    label: str
    total: int
    late: int
    href: str


@dataclass(frozen=True)
class Duties:
    due: tuple[Duty, ...] = ()
    due_parts: tuple[Part, ...] = ()
    stuck: tuple[Duty, ...] = ()
    stuck_parts: tuple[Part, ...] = ()
    sees_others: bool = False
    has_due: bool = False

    @property
    def total(self) -> int:
        return sum(p.total for p in self.due_parts)

    @property
    def late(self) -> int:
        return sum(p.late for p in self.due_parts)

    @property
    def stuck_total(self) -> int:
        return sum(p.total for p in self.stuck_parts)


def of(unit: Unit, actor: Actor, locale: str, *, of_team: bool = False) -> Duties:
    """What waits for the actor himself, or (`of_team`) for all whose records he sees. What is stuck is told of all."""
    definitions = versions.current(unit)
    waiting = list(_waiting(unit, actor, definitions, locale))
    slow = list(_slow(unit, actor, definitions, locale))
    wanted = [_due(unit, one, of_team) for one in waiting] + [_stuck(one, of_team or _leads(actor)) for one in slow]
    found = several.read(unit, actor, wanted)
    awaited = list(zip(waiting, found, strict=False))
    held_up = list(zip(slow, wanted[len(waiting) :], found[len(waiting) :], strict=True))
    today = clock.today(unit.zone)
    due = [d for one, f in awaited for d in _duties(unit, one, f, locale)]
    stuck = [d for one, _, f in held_up for d in _held_up(unit, one, f, today)]
    return Duties(
        tuple(sorted(due, key=lambda d: d.order)[:MOST]),
        tuple(_due_part(one, f, of_team, locale) for one, f in awaited if f.counts[0]),
        tuple(sorted(stuck, key=lambda d: d.order)[:SHOWN]),
        tuple(_stuck_part(one, w, f, locale) for one, w, f in held_up if f.counts[0]),
        any(policy.sees_others(unit, actor, one.form) for one in wanted),
        bool(waiting),
    )


def _leads(actor: Actor) -> bool:
    """Whether others' records are his business: what he merely may read is not."""
    return bool(actor.headed) or actor.is_keeper


def _forms(unit: Unit, actor: Actor, definitions: Definitions) -> Iterator[Form]:
    return (f for app in definitions.apps.values() for f in app.forms.values() if policy.may(unit, actor, f, "see"))


def _waiting(unit: Unit, actor: Actor, definitions: Definitions, locale: str) -> Iterator[Waiting]:
    for form in _forms(unit, actor, definitions):
        setting = form.settings.get("due")
        if not setting:
            continue
        visible = policy.fields(unit, actor, form)
        who, by = setting.get("who") or "owner", form.names[setting["by"]]
        when = setting.get("when") or next((f"{k}.type = 'open'" for k, f in form.fields.items() if is_stage(f)), "")
        if not _reads(visible, who, by.key) or (when and not _may_ask(unit, actor, definitions, form, when)):
            continue
        say = setting.get("say")
        yield Waiting(
            form,
            Eye(definitions, locale, visible),
            by,
            who,
            when,
            say if say and _reads(visible, say) else None,
            bool(setting.get("done")) and policy.may(unit, actor, form, "edit"),
        )


def _slow(unit: Unit, actor: Actor, definitions: Definitions, locale: str) -> Iterator[Slow]:
    for form in _forms(unit, actor, definitions):
        visible = policy.fields(unit, actor, form)
        for stage in stages.of(form):
            if not any(o.attributes.get("max_days") for o in stage.type.options) or not _reads(visible, stage.key):
                continue
            since = stage.settings.get("entered") or "last_activity_at"
            if _reads(visible, since):
                over = f"{stage.key}.type = 'open' and days_between(date_of({since}), today()) > {stage.key}.max_days"
                yield Slow(form, Eye(definitions, locale, visible), stage, since, over)
                break


def _reads(visible: Any, *keys: str) -> bool:
    return all(visible.get(key) in ("read", "write") for key in keys)


def _may_ask(unit: Unit, actor: Actor, definitions: Definitions, form: Form, text: str) -> bool:
    from webapp.expressions import check

    names = check(text, definitions, form.name, expect="boolean").names
    eyes = policy.eyes(unit, actor)
    return all(eyes.may_name(name, key) for name, key in names)


def _keys(eye: Eye, form: Form, *more: str | None) -> tuple[str, ...]:
    """Fields that say what a record is about: as many as a line has room for."""
    plain = [f for k, f in form.fields.items() if eye.sees(k) and not f.formula and k != form.title]
    links = [f.key for f in plain if f.type.name == "record"][:4]
    texts = [f.key for f in plain if f.kind_key == "text" and f.key not in more][:1]
    amounts = [f.key for f in plain if is_amount(f)][:1]
    kept = [k for k in form.fields if k in (*links, *texts, *amounts)]
    return tuple(dict.fromkeys([form.title, *kept, *[k for k in more if k and eye.sees(k)]]))


def _base(one: Waiting, of_team: bool) -> list[str]:
    return [*([one.when] if one.when else []), *([] if of_team else [f"{one.who} = me()"])]


def _due(unit: Unit, one: Waiting, of_team: bool) -> Wanted:
    """Due until tonight. The bounds are moments, so that an index over the date serves them."""
    base = _base(one, of_team)
    today = clock.today(unit.zone)
    until: Any = today + timedelta(days=1)
    now: Any = today
    if one.is_moment:
        until = datetime.combine(until, time(), ZoneInfo(unit.zone)).astimezone(clock.now().tzinfo)
        now = clock.now().replace(second=0, microsecond=0)
    due = f"{one.by.key} < {conditions.literal(one.by, until)}"
    late = f"{one.by.key} < {conditions.literal(one.by, now)}"
    fields = _keys(one.eye, one.form, one.by.key, one.say, one.who)
    query = Query(where=(*base, due), fields=fields, sort=(one.by.key,), limit=SHOWN)
    return Wanted(one.form, query, counts=((*base, due), (*base, late)))


def _stuck(one: Slow, of_all: bool) -> Wanted:
    where = (one.over,) if of_all else (one.over, "owner = me()")
    fields = _keys(one.eye, one.form, one.stage.key, one.since, "last_activity_at", "owner")
    return Wanted(one.form, Query(where=where, fields=fields, sort=(one.since,), limit=SHOWN), counts=(where,))


def _line(one: Waiting | Slow, record: Record, keys: Sequence[str]) -> tuple[str, Face]:
    drawn = face(one.eye, one.form, record, [k for k in keys if k in record.values])
    return title_of(one.eye, one.form, record), drawn


def _duties(unit: Unit, one: Waiting, found: Found, locale: str) -> Iterator[Duty]:
    form, now = one.form, clock.now()
    today = clock.today(unit.zone)
    for record in found.sheet.records():
        moment: Any = record.values.get(one.by.key)
        name, drawn = _line(one, record, _keys(one.eye, form, one.by.key, one.say, one.who))
        said = cell(one.eye, form, record, one.say).text if one.say else ""
        day = moment.astimezone(ZoneInfo(unit.zone)).date() if isinstance(moment, datetime) else moment
        late = formats.late(day, locale, today)
        is_late = bool(late) or (isinstance(moment, datetime) and moment < now)
        when = late or (_time(moment, locale) if isinstance(moment, datetime) else N_("today").text(locale))
        order = moment if isinstance(moment, datetime) else datetime.combine(day, time(23, 59), ZoneInfo(unit.zone))
        yield Duty(
            form,
            record.id,
            record.version,
            f"/{form.app}/{form.key}/{record.id}",
            form.icon or "file-text",
            said or name,
            name if said else _other(drawn, name),
            drawn.number,
            cell(one.eye, form, record, one.who),
            when,
            is_late,
            may_end=one.done,
            order=order,
        )


def _time(moment: datetime, locale: str) -> str:
    return formats.clock_time(moment.astimezone(ZoneInfo(clock.zone())))


def _other(drawn: Face, name: str) -> str:
    """What else a line tells: the first of its parts that is not its name."""
    parts = [c.text for c in (drawn.head, drawn.sub) if c is not None and c.text and c.text != name]
    return next(iter(parts), "")


def _held_up(unit: Unit, one: Slow, found: Found, today: date) -> Iterator[Duty]:
    form = one.form
    for record in found.sheet.records():
        value, since = record.values.get(one.stage.key), record.values.get(one.since)
        if not isinstance(since, datetime):
            continue
        name, drawn = _line(one, record, _keys(one.eye, form))
        days = max(0, (today - since.astimezone(ZoneInfo(unit.zone)).date()).days)
        option = next((o for o in one.stage.type.options if o.value == value), None)
        limit = option.attributes.get("max_days") if option is not None else None
        stage = label(option.label, one.eye.locale) if option is not None else str(value)
        note = N_("{stage} for {n} days, at most {limit}", stage=stage, n=days, limit=limit).text(one.eye.locale)
        yield Duty(
            form,
            record.id,
            record.version,
            f"/{form.app}/{form.key}/{record.id}",
            form.icon or "file-text",
            name,
            _other(drawn, name),
            drawn.number,
            cell(one.eye, form, record, "owner") if one.eye.sees("owner") else None,
            note=note,
            order=since,
        )


def _due_part(one: Waiting, found: Found, of_team: bool, locale: str) -> Part:
    day = f"date_of({one.by.key})" if one.is_moment else one.by.key
    where = [*_base(one, of_team), f"{day} <= today()"]
    name = label(one.form.label, locale) or one.form.key
    return Part(name, found.counts[0], found.counts[1], rows_of(one.form, where, one.by.key))


def _stuck_part(one: Slow, wanted: Wanted, found: Found, locale: str) -> Part:
    name = label(one.form.label, locale) or one.form.key
    return Part(name, found.counts[0], found.counts[0], rows_of(one.form, wanted.query.where, one.since))


def rows_of(form: Form, where: Sequence[str], sort: str | None = None) -> str:
    """The address of the list of exactly these records, in the form's first grid."""
    view = next((v.key for v in form.views.values() if v.kind == "grid"), None)
    text = where[0] if len(where) == 1 else " and ".join(f"({one})" for one in where)
    pairs = [("view", view)] if view else []
    pairs += [("f", text), *([("sort", sort)] if sort else [])]
    return f"/{form.app}/{form.key}?{urlencode(pairs)}"
