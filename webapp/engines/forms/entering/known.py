"""What is already there of what somebody types into a new record: told while he types, within what he may know.

A builder says where to look (`known: {company: [account.name]}`). Records in the actor's reach are found by a part of
a text too, and named with a link. Of one outside it, found by the whole value only, he hears that it exists, whose it
is and when it was last touched (`collision: exists` keeps that to itself too), and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp.access import policy
from webapp.access.tables import member
from webapp.definitions.model import Field, Form
from webapp.engines.forms import select
from webapp.engines.forms.display import Eye, title_of
from webapp.engines.forms.fields.base import FieldError
from webapp.engines.forms.record import Query
from webapp.engines.forms.viewing.views import Scope
from webapp.engines.forms.writing import uniqueness
from webapp.engines.forms.writing.values import parse
from webapp.errors import NotFound
from webapp.expressions import fold
from webapp.i18n import N_, label

MOST = 2  # told at once
_LOOKED_AT = 5
LONGEST = 100


@dataclass(frozen=True)
class Known:
    """One record that is there: what kind, and within reach its title and address.

    title    None for a record outside the actor's reach
    owner    whose it is; "" where that is not said
    touched  when it was last touched; None where that is not said
    """

    form: str
    icon: str
    title: str | None
    href: str | None
    owner: str
    touched: datetime | None


def told(at: Scope, key: str, text: str) -> list[Known]:
    """What is known of `text`, typed into the field `key` of a new record; raises `NotFound` for other fields."""
    places = (at.form.settings.get("known") or {}).get(key)
    if not places or at.visible.get(key) != "write" or not at.may("create"):
        raise NotFound(N_("There is no field “{key}” here.", key=key))
    text = text.replace("\0", "").strip()[:LONGEST]
    found: list[Known] = []
    for form, field in _places(at, places):
        if text and len(found) < MOST:
            found += _at(at, form, field, text)
    return found[:MOST]


def _places(at: Scope, places: list[str]) -> list[tuple[Form, Field]]:
    found = []
    for place in places:
        other, dot, key = place.rpartition(".")
        form = at.definitions.form(f"{at.form.app}.{other}") if dot else at.form
        if form.fields[key].column is not None:
            found.append((form, form.fields[key]))
    return found


def columns(form: Form, others: Mapping[str, Form]) -> set[str]:
    """Columns of `form` in which what is typed into `others` (key → form of its app) is looked for."""
    named: set[str] = set()
    for other in others.values():
        for places in (other.settings.get("known") or {}).values():
            for place in places:
                owner, dot, key = place.rpartition(".")
                if (owner if dot else other.key) == form.key and key in form.fields:
                    named.add(key)
    return {uniqueness.column(form, form.fields[k]).name for k in named if form.fields[k].column is not None}


def _at(at: Scope, form: Form, field: Field, text: str) -> list[Known]:
    exact = _same(at, form, field, text)
    reads = policy.may(at.unit, at.actor, form, "see") and policy.fields(at.unit, at.actor, form).get(field.key) in (
        "read",
        "write",
    )
    seen: dict[int, Known] = {}
    if reads and (exact or _is_telling(text)):
        wanted = [row[0] for row in exact]
        query = (
            Query(where=(f"id in ({', '.join(map(str, wanted))})",), fields=(form.title, "owner"), limit=_LOOKED_AT)
            if wanted
            else Query(search=text, fields=(form.title, field.key, "owner"), limit=_LOOKED_AT)
        )
        eye = Eye(at.definitions, at.locale, dict(policy.fields(at.unit, at.actor, form)))
        for record in select.select(at.unit, at.actor, form, query).records:
            if wanted or fold(text) in fold(str(record.values.get(field.key) or "")):
                seen[record.id] = _named(at, form, eye, record)
    if seen:
        return list(seen.values())[:MOST]
    return [_unnamed(at, form, owner, touched) for _, owner, touched in exact[:1]]


def _same(at: Scope, form: Form, field: Field, text: str) -> list[Any]:
    """Live records with this very value, whoever may see them: id, owner's name, last touched."""
    try:
        value = parse(at.unit, at.actor, field, text)
    except FieldError:
        return []
    if value is None:
        return []
    table = form.table
    statement = (
        sa.select(table.c.id, member.c.name, table.c.last_activity_at)
        .select_from(table.outerjoin(member, member.c.id == table.c.owner))
        .where(
            uniqueness.column(form, field) == uniqueness.compared(field, form, value),
            table.c.deleted_at.is_(None),
        )
        .order_by(table.c.id)
        .limit(_LOOKED_AT)
    )
    return list(at.unit.execute(statement))


def _is_telling(text: str) -> bool:
    """Whether a part of a text is worth looking for: two Chinese characters, four letters, eight digits of a number."""
    if not any(c.isalpha() for c in text):
        return sum(c.isdigit() for c in text) >= 8
    return len(text) >= 4 or sum("\u3400" <= c <= "\u9fff" for c in text) >= 2


def _named(at: Scope, form: Form, eye: Eye, record: Any) -> Known:
    from webapp.engines.forms.display import cell

    owner = cell(eye, form, record, "owner").text if eye.sees("owner") else ""
    return Known(_label(at, form), _icon(form), title_of(eye, form, record), _href(form, record.id), owner, None)


def _unnamed(at: Scope, form: Form, owner: str | None, touched: datetime | None) -> Known:
    is_said = form.settings.get("collision") != "exists"
    return Known(
        _label(at, form), _icon(form), None, None, (owner or "") if is_said else "", touched if is_said else None
    )


def _label(at: Scope, form: Form) -> str:
    return label(form.label, at.locale) or form.key


def _icon(form: Form) -> str:
    return form.icon or "file-text"


def _href(form: Form, id_: int) -> str:
    return f"/{form.app}/{form.key}/{id_}"
