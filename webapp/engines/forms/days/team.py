"""Who of one's people brought how much: the bars that an app names for its workbench (`workbench.team`).

They count what their reader sees and nothing else; whoever sees only his own has no team to look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.access.tables import member
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import App, Form
from webapp.engines.forms import aggregate, formats
from webapp.engines.forms.display import initial, tint
from webapp.engines.forms.viewing import views
from webapp.errors import Invalid
from webapp.i18n import label

MOST = 8


@dataclass(frozen=True)
class Bar:
    """One person: what he brought as text, how long his bar is beside the longest (0 to 100), and the records."""

    name: str
    initial: str
    tint: int
    text: str
    share: int
    href: str


@dataclass(frozen=True)
class Team:
    label: str
    href: str
    bars: tuple[Bar, ...]


def of(unit: Unit, actor: Actor, locale: str) -> list[Team]:
    """The bars of each app that names some and of which he sees others' records; two statements an app."""
    made = []
    for app in versions.current(unit).apps.values():
        said = (app.document.get("workbench") or {}).get("team")
        if said and (found := _team(unit, actor, app, said, locale)) is not None:
            made.append(found)
    return made


def may_look(unit: Unit, actor: Actor) -> bool:
    """Whether any app has such bars for him, without counting anything."""
    for app in versions.current(unit).apps.values():
        said = (app.document.get("workbench") or {}).get("team")
        if said and (form := app.forms.get(said["form"])) is not None and _sees_team(unit, actor, form):
            return True
    return False


def _sees_team(unit: Unit, actor: Actor, form: Form) -> bool:
    if not policy.may(unit, actor, form, "see") or not policy.sees_others(unit, actor, form):
        return False
    return policy.fields(unit, actor, form).get("owner") in ("read", "write")


def _team(unit: Unit, actor: Actor, app: App, said: dict[str, Any], locale: str) -> Team | None:
    form = app.forms.get(said["form"])
    if form is None or said["view"] not in form.views or not _sees_team(unit, actor, form):
        return None
    measure = said.get("measure") or "count()"
    text = views.view_filter(form.views[said["view"]])
    where = ("owner is not empty", *([text] if text else []))
    try:
        rows = aggregate.aggregate(
            unit, actor, form, group=["owner"], measures=[measure], where=where, sort=f"-{measure}", limit=MOST
        )
    except Invalid:  # it measures what he may not read
        return None
    brought: dict[int, Any] = {row.group[0]: row.measures[0] or 0 for row in rows}
    names = _people(unit, actor, list(brought))
    href = f"/{form.app}/{form.key}?view={said['view']}"
    order = [*brought, *(id_ for id_ in names if id_ not in brought)][:MOST]
    longest = max(brought.values(), default=0)
    bars = tuple(
        Bar(
            names[id_],
            initial(names[id_]),
            tint(names[id_]),
            _text(form, measure, brought.get(id_, 0), locale),
            max(0, round(100 * brought.get(id_, 0) / longest)) if longest else 0,
            f"{href}&w=owner:any:{id_}",
        )
        for id_ in order
        if id_ in names
    )
    return Team(label(said["label"], locale), href, bars) if bars else None


def _people(unit: Unit, actor: Actor, ids: Sequence[int]) -> dict[int, str]:
    """Names of those who brought something, and of everybody here in a department he heads."""
    asked: sa.ColumnElement[bool] = member.c.id.in_(list(ids))
    if actor.headed:
        asked = sa.or_(asked, sa.and_(member.c.department.in_(actor.headed), member.c.is_active))
    found = unit.execute(sa.select(member.c.id, member.c.name).where(asked).order_by(member.c.name, member.c.id))
    return {row.id: row.name for row in found}


def _text(form: Form, measure: str, value: Any, locale: str) -> str:
    inner = measure.removesuffix(")").partition("(")[2].strip()
    if inner in form.names:
        field = form.names[inner]
        return str(field.kind.short(field, value, locale)) if value else "0"
    return f"{value:,}" if isinstance(value, int) else formats.number(value)
