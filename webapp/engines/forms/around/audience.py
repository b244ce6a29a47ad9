"""Who may see a record: whom one can speak to about it, and whom a text names with an @."""

from __future__ import annotations

import sqlalchemy as sa

from webapp import clock
from webapp.access import actors, policy
from webapp.access.tables import member
from webapp.db import Unit
from webapp.definitions.model import Form
from webapp.engines.forms.entering import pickers
from webapp.engines.forms.entering.pickers import Choice
from webapp.errors import MortiseError
from webapp.expressions import binds

MOST = 20  # people named in one text


def offered(unit: Unit, form: Form, id_: int, search: str) -> list[Choice]:
    """Members that match what was typed after an @, of those who may see the record."""
    found = pickers.members(unit, search.replace("\0", "").strip()[:60])
    return [one for one in found if sees(unit, form, id_, int(one.id))]


def named(unit: Unit, form: Form, id_: int, text: str) -> list[tuple[int, str]]:
    """(member, name) of those the text names as `@Name` who may see the record, in the order they are named.

    The longest name that fits is meant: @Ann Lee is not Ann. Whoever may not see it is no more than a word.
    """
    if "@" not in text:
        return []
    pieces = sorted({piece[:1] for piece in text.split("@")[1:] if piece})[:50]
    first = sa.or_(*[member.c.name.startswith(c, autoescape=True) for c in pieces]) if pieces else sa.false()
    rows = unit.execute(sa.select(member.c.id, member.c.name).where(member.c.is_active, first)).all()
    made: dict[int, str] = {}
    for piece in text.split("@")[1:]:
        fitting = [row for row in rows if piece.startswith(row.name)]
        longest = max((len(row.name) for row in fitting), default=0)
        made.update({row.id: row.name for row in fitting if len(row.name) == longest})
    return [(m, name) for m, name in list(made.items())[:MOST] if sees(unit, form, id_, m)]


def sees(unit: Unit, form: Form, id_: int, who: int) -> bool:
    """Whether the member `who` may see the record."""
    try:
        actor = actors.of_member(unit, who)
    except MortiseError:
        return False
    if not policy.may(unit, actor, form, "see"):
        return False
    condition = policy.rows(unit, actor, form, "see", form.table)
    if condition is None:
        return True
    statement = sa.select(sa.literal(1)).where(form.table.c.id == id_, condition)
    return unit.execute(statement, binds(actor, clock.now(), unit.zone)).first() is not None
