"""What hangs on a record: the records that point at it, and its way through the stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from webapp.access import policy
from webapp.definitions.model import Field, Form
from webapp.engines.forms.board.stages import is_stage
from webapp.engines.forms.display import Cell, Eye, Face, Tag, cell, face, name_of, tags
from webapp.engines.forms.record import Query, Record
from webapp.engines.forms.viewing import several
from webapp.engines.forms.viewing.several import Wanted
from webapp.engines.forms.viewing.views import Scope
from webapp.i18n import label

SHOWN = 5
MOST = 24  # forms whose records are listed


@dataclass(frozen=True)
class Row:
    """One record that points here. `reach` is how a person in it is called or written to, if there is a way."""

    href: str
    face: Face
    tag: Tag | None
    reach: Cell | None = None


@dataclass(frozen=True)
class Related:
    """Records of another form that point at this one; `total` counts them, `open` those not at their end (capped).

    `open` is None where the form knows no end. `href` leads to all of them, `new` makes one that points here. People
    stand beside the facts, and what `is_told` in the history is not listed again.
    """

    key: str
    label: str
    form_label: str
    icon: str
    rows: tuple[Row, ...]
    total: int
    open: int | None
    href: str
    new: str | None
    is_people: bool = False
    is_told: bool = False


@dataclass(frozen=True)
class Step:
    value: str
    label: str
    state: str  # done, now or ""
    tone: str = "gray"


@dataclass(frozen=True)
class Path:
    """The stages of a record; no `steps` where the form has none or he may not see it.

    `steps` is the way to the good end; `every` has all there are, the other ends too.
    """

    key: str = ""
    label: str = ""
    steps: tuple[Step, ...] = ()
    every: tuple[Step, ...] = ()


def path(at: Scope, record: Record) -> Path:
    """The way through the stages: those before are done, outcomes not taken are left out."""
    for key, found in at.form.fields.items():
        if at.may_ask(key) and is_stage(found):
            now = record.values.get(key)
            return Path(key, name_of(found, at.locale), _steps(at, found, now), _every(at, found, now))
    return Path()


def _steps(at: Scope, found: Field, now: str | None) -> tuple[Step, ...]:
    """To the good end, or to the end it came to instead."""
    kinds = {o.value: str(o.attributes.get("type", "open")) for o in found.type.options}
    ends = ("open",) if kinds.get(now or "") in ("lost", "paused") else ("open", "won")
    options = [o for o in found.type.options if o.value == now or kinds[o.value] in ends]
    at_step = next((i for i, o in enumerate(options) if o.value == now), -1)
    states = ["done" if i < at_step else "now" if i == at_step else "" for i in range(len(options))]
    tones = ["red" if kinds[o.value] == "lost" else "gray" for o in options]
    return tuple(
        Step(o.value, label(o.label, at.locale) or o.value, s, t)
        for o, s, t in zip(options, states, tones, strict=True)
    )


def _every(at: Scope, found: Field, now: str | None) -> tuple[Step, ...]:
    shown = [o for o in found.type.options if o.value == now or not o.attributes.get("archived")]
    made = tags(found, [o.value for o in shown], at.locale)
    return tuple(
        Step(o.value, t.text, "now" if o.value == now else "", t.tone) for o, t in zip(shown, made, strict=True)
    )


@dataclass(frozen=True)
class Plan:
    """One list as it will be read: by which link, which of its fields, and how it is drawn."""

    key: str
    label: str
    form: Form
    eye: Eye
    link: str
    keys: tuple[str, ...]
    stage: str | None
    reach: str | None
    has_end: bool

    def wanted(self, *, only_open: bool) -> Wanted:
        fields = [self.form.title, *self.keys, *[k for k in (self.stage, self.reach) if k]]
        where = (f"{self.stage}.type = 'open'",) if self.has_end else ()
        query = Query(where=where if only_open else (), fields=tuple(dict.fromkeys(fields)), limit=SHOWN)
        return Wanted(self.form, query, link=self.link, counts=((), where) if where else ((),))


def plans(at: Scope) -> tuple[Plan, ...]:
    """A list for every form that links to this one and exists for the actor; kept with his rights."""
    from webapp.engines.forms.select import signature

    key = (at.form.name, at.locale, signature(at.actor))
    return at.definitions.kept("related").get(key, lambda: _plans(at))


def _plans(at: Scope) -> tuple[Plan, ...]:
    made = []
    for found in at.form.names.values():
        if found.type.name != "records" or not found.reverse_of or not at.eye.sees(found.key):
            continue
        target = at.definitions.form(found.type.target or "")
        if policy.may(at.unit, at.actor, target, "see"):
            made.append(_plan(at, found, target))
    return tuple(made[:MOST])


def _plan(at: Scope, found: Field, target: Form) -> Plan:
    visible = policy.fields(at.unit, at.actor, target)
    eye = Eye(at.definitions, at.locale, visible)
    link, stage = str(found.reverse_of), _chosen(target, visible)
    plain = [k for k, f in target.fields.items() if k not in (link, stage) and f.type.name not in ("records", "text")]
    reach = next((k for k, f in target.fields.items() if f.kind.way == "phone" and _reads(visible, k)), None)
    has_end = stage is not None and is_stage(target.fields[stage])
    keys = tuple(k for k in plain if eye.sees(k))[:4]
    return Plan(found.key, name_of(found, at.locale), target, eye, link, keys, stage, reach, has_end)


def _reads(visible: object, key: str) -> bool:
    return visible.get(key) in ("read", "write")  # type: ignore[attr-defined]


def _chosen(form: Form, visible: object) -> str | None:
    """The stage of the form, else its first choice: what stands beside a record's name as a tag."""
    keys = [k for k, f in form.fields.items() if f.type.name == "choice" and _reads(visible, k)]
    return next(iter([k for k in keys if is_stage(form.fields[k])] or keys), None)


def lists(at: Scope, record: Record, *, only_open: bool = False) -> list[Related]:
    """A list for every form that links to this one, in one statement."""
    chosen = plans(at)
    found = several.read(at.unit, at.actor, [p.wanted(only_open=only_open) for p in chosen], this=record.id)
    return shown(at, record, chosen, found)


def shown(at: Scope, record: Record, chosen: Sequence[Plan], found: Sequence[several.Found]) -> list[Related]:
    """The lists as they are drawn: those with records first."""
    made = [_related(at, record, plan, one) for plan, one in zip(chosen, found, strict=True)]
    return sorted(made, key=lambda one: not one.total)


def _related(at: Scope, record: Record, plan: Plan, found: several.Found) -> Related:
    target, base = plan.form, f"/{plan.form.app}/{plan.form.key}"
    rows = tuple(_row(plan, one, base) for one in found.sheet.records())
    may_add = (
        not record.is_binned
        and policy.may(at.unit, at.actor, target, "create")
        and plan.eye.visible.get(plan.link) == "write"
    )
    return Related(
        plan.key,
        plan.label,
        label(target.label, at.locale) or target.key,
        target.icon or "list-details",
        rows,
        found.counts[0],
        found.counts[1] if plan.has_end else None,
        f"{base}?w={plan.link}:is:{record.id}",
        f"{base}/add?{plan.link}={record.id}" if may_add else None,
        target.fields[target.title].kind.is_name,
        bool(target.settings.get("activity")),
    )


def _row(plan: Plan, record: Record, base: str) -> Row:
    value = record.values.get(plan.stage) if plan.stage else None
    field = plan.form.fields[plan.stage] if plan.stage else None
    tag = tags(field, [value], plan.eye.locale)[0] if field is not None and isinstance(value, str) else None
    drawn = face(plan.eye, plan.form, record, plan.keys)
    if drawn.head.shape == "record" and drawn.sub is not None:
        drawn = replace(drawn, head=drawn.sub, sub=drawn.head)  # here what is listed is named, not where it belongs
    reach = cell(plan.eye, plan.form, record, plan.reach) if plan.reach else None
    return Row(f"{base}/{record.id}", drawn, tag, reach if reach is not None and reach.href else None)
