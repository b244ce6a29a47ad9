"""What hangs on a record: the records that point at it, and its way through the stages."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.access import policy
from webapp.definitions.model import Field, Form
from webapp.engines.forms import select
from webapp.engines.forms.display import Eye, Face, Tag, face, name_of, tags
from webapp.engines.forms.record import Query, Record
from webapp.engines.forms.views import Scope
from webapp.i18n import label

SHOWN = 5


@dataclass(frozen=True)
class Related:
    """Records of another form that point at this one; `total` counts them (capped), `href` leads to all."""

    label: str
    icon: str
    records: tuple[tuple[str, Face, Tag | None], ...]  # address, lines, stage
    total: int
    href: str
    new: str | None


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
        if at.may_ask(key) and any("type" in o.attributes for o in found.type.options):
            now = record.values.get(key)
            return Path(key, name_of(found, at.locale), _steps(at, found, now), _every(at, found, now))
    return Path()


def _steps(at: Scope, found: Field, now: str | None) -> tuple[Step, ...]:
    options = [o for o in found.type.options if o.value == now or o.attributes.get("type", "open") in ("open", "won")]
    at_step = next((i for i, o in enumerate(options) if o.value == now), -1)
    states = ["done" if i < at_step else "now" if i == at_step else "" for i in range(len(options))]
    return tuple(Step(o.value, label(o.label, at.locale) or o.value, s) for o, s in zip(options, states, strict=True))


def _every(at: Scope, found: Field, now: str | None) -> tuple[Step, ...]:
    shown = [o for o in found.type.options if o.value == now or not o.attributes.get("archived")]
    made = tags(found, [o.value for o in shown], at.locale)
    return tuple(
        Step(o.value, t.text, "now" if o.value == now else "", t.tone) for o, t in zip(shown, made, strict=True)
    )


def lists(at: Scope, record: Record) -> list[Related]:
    """A list for every form that links to this one and exists for the actor."""
    made = []
    for found in at.form.names.values():
        if found.type.name == "records" and found.reverse_of and at.eye.sees(found.key):
            target = at.definitions.form(found.type.target or "")
            if policy.may(at.unit, at.actor, target, "see"):
                made.append(_list(at, record, found, target))
    return sorted(made, key=lambda one: not one.total)  # what is there before what is not


def _list(at: Scope, record: Record, found: Field, target: Form) -> Related:
    visible = policy.fields(at.unit, at.actor, target)
    eye = Eye(at.definitions, at.locale, visible)
    link = str(found.reverse_of)
    stage = _stage_of(target, eye)
    keys = [k for k, f in target.fields.items() if k not in (link, stage) and f.type.name not in ("records", "text")][
        :4
    ]
    fields = tuple(dict.fromkeys([target.title, *keys, *([stage] if stage else [])]))
    query = Query(where=(f"{link} = {record.id}",), fields=fields, limit=SHOWN, count="capped")
    page = select.select(at.unit, at.actor, target, query)
    base = f"/{target.app}/{target.key}"
    shown = []
    for one in page.records:
        value = one.values.get(stage) if stage else None
        tag = tags(target.fields[stage], [value], at.locale)[0] if stage and isinstance(value, str) else None
        shown.append((f"{base}/{one.id}", face(eye, target, one, keys), tag))
    may_add = policy.may(at.unit, at.actor, target, "create") and visible.get(link) == "write"
    return Related(
        name_of(found, at.locale),
        target.icon or "list-details",
        tuple(shown),
        page.count or 0,
        f"{base}?w={link}:is:{record.id}",
        f"{base}/new?{link}={record.id}" if may_add else None,
    )


def _stage_of(form: Form, eye: Eye) -> str | None:
    keys = [k for k, f in form.fields.items() if f.type.name == "choice" and eye.visible.get(k) in ("read", "write")]
    stages = [k for k in keys if any("type" in o.attributes for o in form.fields[k].type.options)]
    return next(iter(stages or keys), None)
