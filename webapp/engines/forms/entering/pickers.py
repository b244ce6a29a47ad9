"""What a person may choose for a field that points at something: records, members, departments, within his reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from webapp.access.tables import department, member
from webapp.db import Unit
from webapp.definitions.model import Field
from webapp.engines.forms import select
from webapp.engines.forms.finding import regions, sortkeys
from webapp.engines.forms.record import Query
from webapp.errors import MortiseError, NotFound
from webapp.expressions import fold
from webapp.i18n import N_

if TYPE_CHECKING:
    from webapp.engines.forms.viewing.views import Scope

MOST = 8


@dataclass(frozen=True)
class Choice:
    """One entry to pick: its id, what names it, and a second line that tells it from others of its name.

    title   what stands in the field once it is taken
    shown   what the list shows, where that is less
    more    what the list shows next instead of taking it: what lies within
    tone    of a tag
    """

    id: int | str
    title: str
    note: str = ""
    shown: str = ""
    more: str = ""
    tone: str = ""


def choices(at: Scope, found: Field, search: str, within: str = "") -> list[Choice]:
    """What `found` could point at that matches `search`, the nearest first; raises `NotFound` for other fields."""
    if "." not in found.key and at.visible.get(found.key) not in ("read", "write"):  # behind a link: `reach` asked
        raise NotFound(N_("There is no field “{key}” to choose for.", key=found.key))
    search = search.replace("\0", "").strip()[:100]  # which PostgreSQL takes in no text
    if found.type.name == "record":
        return _records(at, found, search)
    if found.type.name == "member":
        return members(at.unit, search)
    if found.type.name == "department":
        return _departments(at, search)
    if found.kind.asked_as(found) == "region":
        return _regions(at, search, within)
    if found.type.is_open:
        from webapp.engines.forms.finding import tagging

        return tagging.proposals(at, found, search)
    raise NotFound(N_("There is no field “{key}” to choose for.", key=found.key))


def _records(at: Scope, found: Field, search: str) -> list[Choice]:
    from webapp.engines.forms.display import Eye, cell, title_of

    target = at.definitions.form(found.type.target or "")
    query = Query(search=search or None, sort=("-id",), fields=(target.title, "owner"), limit=MOST)
    page = select.select(at.unit, at.actor, target, query)
    eye = Eye(at.definitions, at.locale, _visible(at, target.name))
    made = []
    for record in page.records:
        note = cell(eye, target, record, "owner").text if eye.sees("owner") else ""
        made.append(Choice(record.id, title_of(eye, target, record), note))
    return made


def _visible(at: Scope, form: str) -> dict[str, str]:
    from webapp.access import policy

    return dict(policy.fields(at.unit, at.actor, at.definitions.form(form)))


def members(unit: Unit, search: str) -> list[Choice]:
    """Active members whose name, pinyin or initials fit."""
    statement = (
        sa.select(member.c.id, member.c.name, department.c.name)
        .outerjoin(department, department.c.id == member.c.department)
        .where(member.c.is_active)
        .order_by(member.c.sort_key, member.c.id)
        .limit(MOST)
    )
    if search:
        wanted = fold(search)
        statement = statement.where(
            sa.or_(
                member.c.name.contains(search, autoescape=True),
                sa.func.lower(member.c.name).contains(wanted, autoescape=True),
                sa.func.replace(member.c.sort_key, " ", "").startswith(wanted.replace(" ", ""), autoescape=True),
            )
        )
    return [Choice(id_, name, team or "") for id_, name, team in unit.execute(statement)]


def _departments(at: Scope, search: str) -> list[Choice]:
    """By a piece of the name, its pinyin or initials; the note says where in the tree a department stands."""
    statement = sa.select(department.c.id, department.c.name, department.c.parent)
    rows = at.unit.execute(statement.order_by(department.c.position, department.c.id)).all()
    names = {row.id: row.name for row in rows}
    wanted = fold(search).replace(" ", "")
    found = [row for row in rows if not wanted or sortkeys.is_called(row.name, wanted)]
    return [Choice(row.id, row.name, names.get(row.parent, "")) for row in found[:MOST]]


def _regions(at: Scope, search: str, within: str) -> list[Choice]:
    """What is found by name or pinyin; else level by level: a province, in it itself and its cities, and so on."""
    if search:
        return [_region(at, one, is_found=True) for one in regions.search(search)]
    held = regions.get(within) if within else None
    made = []
    if held is not None:
        up = regions.parent(held.code)
        made.append(Choice("", "", shown=N_("Back").text(at.locale), more=up or "top"))
        whole = N_("All of {place}", place=regions.name(held, at.locale)).text(at.locale)
        made.append(Choice(held.code, regions.text(held.code, at.locale), shown=whole))
    return made + [_region(at, one) for one in regions.below(held.code if held else "")]


def _region(at: Scope, one: regions.Region, *, is_found: bool = False) -> Choice:
    name, path = regions.name(one, at.locale), regions.text(one.code, at.locale)
    has_more = not is_found and bool(regions.below(one.code))
    note = regions.text(regions.parent(one.code), at.locale) if is_found and regions.parent(one.code) else ""
    return Choice(one.code, path, note, name, one.code if has_more else "")


def title(at: Scope, found: Field, id_: int) -> str | None:
    """What names the record, member or department `id_` that `found` points at; None when not for this actor."""
    if found.type.name == "member":
        return at.unit.execute(sa.select(member.c.name).where(member.c.id == id_)).scalar()
    if found.type.name == "department":
        return at.unit.execute(sa.select(department.c.name).where(department.c.id == id_)).scalar()
    from webapp.engines.forms.display import Eye, title_of

    target = at.definitions.form(found.type.target or "")
    try:
        record = select.get(at.unit, at.actor, target, id_)
    except MortiseError:
        return None
    return title_of(Eye(at.definitions, at.locale, _visible(at, target.name)), target, record)
