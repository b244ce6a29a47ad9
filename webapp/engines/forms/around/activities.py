"""Follow-ups: records of a form with the setting `activity` say that somebody did something about another record.

They are written down beneath the record they point at, stand in its history, and set when to come back to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp import clock
from webapp.access import policy
from webapp.definitions.model import Field, Form
from webapp.engines.forms import records, select
from webapp.engines.forms.around import audience, comments
from webapp.engines.forms.display import Cell, Eye, cell, title_of
from webapp.engines.forms.record import Query, Record
from webapp.engines.forms.viewing.several import Found, Wanted
from webapp.engines.forms.viewing.views import Scope
from webapp.engines.forms.writing import stored
from webapp.errors import Conflict, MortiseError
from webapp.i18n import N_
from webapp.journal import changesets

SHOWN = 30


@dataclass(frozen=True)
class Kind:
    """A form of follow-ups of the records of another form: which of its links points there, which fields say what."""

    form: Form
    visible: Mapping[str, str]
    link: str
    at: str
    text: str
    kind: str | None
    next: str | None

    @property
    def may_write(self) -> bool:
        needed = [self.link, self.text, *([self.kind] if self.kind else [])]
        return all(self.visible.get(key) == "write" for key in needed)

    def field(self, key: str) -> Field:
        return self.form.fields[key]


@dataclass(frozen=True)
class Done:
    """One follow-up in a history."""

    id: int
    href: str
    at: datetime | date
    who: str
    kind: Cell | None
    title: str
    text: str
    next: Cell | None
    icon: str = ""


def of_form(at: Scope) -> Kind | None:
    """The follow-ups of this form's records that exist for the actor; the first form that has them."""
    key = ("activity", at.form.name, select.signature(at.actor))
    return at.definitions.kept("activities").get(key, lambda: _of_form(at))


def _of_form(at: Scope) -> Kind | None:
    for found in at.form.names.values():
        if found.type.name != "records" or not found.reverse_of or not at.eye.sees(found.key):
            continue
        form = at.definitions.form(found.type.target or "")
        setting = form.settings.get("activity")
        if not setting or not policy.may(at.unit, at.actor, form, "see"):
            continue
        visible = policy.fields(at.unit, at.actor, form)
        if all(visible.get(key) in ("read", "write") for key in (setting["at"], setting["text"], found.reverse_of)):
            optional = {
                k: setting[k] if visible.get(setting[k] or "") in ("read", "write") else None for k in ("kind", "next")
            }
            return Kind(form, visible, found.reverse_of, setting["at"], setting["text"], **optional)
    return None


def may_add(at: Scope, kind: Kind | None, record: Record) -> bool:
    return (
        kind is not None
        and kind.may_write
        and not record.is_binned
        and policy.may(at.unit, at.actor, kind.form, "create")
    )


def wanted(kind: Kind, limit: int = SHOWN) -> Wanted:
    """The list of a record's follow-ups, the last first."""
    keys = [kind.form.title, kind.at, kind.text, "owner", *[k for k in (kind.kind, kind.next) if k]]
    keys = [k for k in dict.fromkeys(keys) if kind.visible.get(k, "hidden") != "hidden"]
    return Wanted(kind.form, Query(fields=tuple(keys), sort=(f"-{kind.at}",), limit=limit), link=kind.link)


def done(at: Scope, kind: Kind, found: Found) -> list[Done]:
    eye = Eye(at.definitions, at.locale, kind.visible)
    base = f"/{kind.form.app}/{kind.form.key}"
    options = kind.field(kind.kind).type.options if kind.kind else ()
    icons = {o.value: str(o.attributes.get("icon") or "") for o in options}
    made = []
    for record in found.sheet.records():
        moment: Any = record.values.get(kind.at)
        if moment is None:
            continue
        of = cell(eye, kind.form, record, kind.kind) if kind.kind else None
        after = cell(eye, kind.form, record, kind.next) if kind.next else None
        who = cell(eye, kind.form, record, "owner").text if eye.sees("owner") else ""
        text = cell(eye, kind.form, record, kind.text).text
        title = title_of(eye, kind.form, record)
        icon = icons.get(str(record.values.get(kind.kind or "")), "")
        made.append(Done(record.id, f"{base}/{record.id}", moment, who, of, title, text, after, icon))
    return made


def log(at: Scope, kind: Kind, record: Record, given: Mapping[str, Any], *, client_id: str | None = None) -> int:
    """Write a follow-up of `record`, a change set of its own; answers the follow-up's id.

    given   `text`, and where the form has them `kind`, `next` and `at`. The record's own day to come back to it
            follows `next`, as far as the actor may change it.
    """
    if record.is_binned:
        raise Conflict(N_("This record lies in the bin; restore it before changing it."))
    form = kind.form
    values: dict[str, Any] = {kind.link: record.id, kind.text: given.get("text")}
    values |= {getattr(kind, k): given[k] for k in ("kind", "next", "at") if given.get(k) and getattr(kind, k)}
    values |= _beside(at, kind, record)
    title = form.fields[form.title]
    if form.title not in values and title.type.name == "text" and title.kind.is_input:
        values[form.title] = _first_line(str(given.get("text") or ""), title)
    change_set = changesets.open(at.unit, "follow_up", str(given.get("text") or "")[:80], at.actor.member)
    made = records.create(at.unit, at.actor, form, values, client_id=client_id, change_set=change_set)
    people = audience.named(at.unit, form, made.id, str(given.get("text") or ""))
    comments.mention_all(at.unit, at.actor, form, made.id, people)
    stored.touch(at.unit, at.form, [record.id])
    _come_back(at, kind, record, given.get("next"), change_set)
    changesets.close(at.unit, change_set)
    return made.id


def _beside(at: Scope, kind: Kind, record: Record) -> dict[str, int]:
    """Whom else it was about: a follow-up of a deal is one of the deal's account too."""
    made: dict[str, int] = {}
    for key, link in kind.form.fields.items():
        if link.type.name != "record" or key == kind.link or kind.visible.get(key) != "write":
            continue
        sources = [
            k for k, f in at.form.fields.items() if f.type.name == "record" and f.type.target == link.type.target
        ]
        linked = record.links.get(sources[0]) if len(sources) == 1 else None
        if linked is not None and linked.title is not None and not linked.is_binned:
            made[key] = linked.id
    return made


def _first_line(text: str, title: Field) -> str:
    longest = int(title.settings.get("max_length") or 60)
    line = text.strip().split("\n")[0].strip()
    return line if len(line) <= min(60, longest) else line[: min(60, longest) - 1] + "…"


def _come_back(at: Scope, kind: Kind, record: Record, next_: Any, change_set: int) -> None:
    """The day the record waits for: the next time, or none when this follow-up was what it waited for."""
    due = at.form.settings.get("due")
    if not due or at.visible.get(due["by"]) != "write" or not at.may("edit"):
        return
    waits = record.values.get(due["by"])
    if not next_ and (waits is None or not _is_past(waits)):
        return
    try:
        with at.unit.savepoint():
            records.update(at.unit, at.actor, at.form, record.id, {due["by"]: next_ or None}, change_set=change_set)
    except MortiseError:
        return  # the follow-up itself is what matters; the form may need more before it takes a change


def _is_past(value: Any) -> bool:
    return bool(value <= clock.now()) if isinstance(value, datetime) else bool(value <= clock.now().date())
