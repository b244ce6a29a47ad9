"""Why somebody may or may not do something with one record: each of his roles, and whether it holds here."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Form
from webapp.definitions.words import ACTION
from webapp.i18n import N_, Message

#: What is asked about a record that is there; whether he may make one is no question of this record.
ACTIONS = ("see", "edit", "delete", "export")


@dataclass(frozen=True)
class Reason:
    """One sentence; `holds` tells whether it lets him do it with this record."""

    text: Message
    holds: bool


@dataclass(frozen=True)
class Verdict:
    """Whether he may do `action` with the record, and what speaks for it or stands in the way."""

    action: str
    word: Message
    may: bool
    reasons: tuple[Reason, ...]


def of_record(unit: Unit, actor: Actor, form: Form, id_: int) -> list[Verdict]:
    """Every action with the record, in one statement. What he may not see he may do nothing with."""
    table = form.table
    asked: list[tuple[str, Message, sa.ColumnElement[bool] | None]] = []
    for action in ACTIONS:
        if (whole := policy.outright(actor, action)) is not None:
            asked.append((action, policy.why(unit, actor, form, action)[0], sa.true() if whole else sa.false()))
            continue
        asked += [(action, text, condition) for text, condition in policy.grants(unit, actor, form, action, table)]
    columns = [sa.case((condition, 1), else_=0) if condition is not None else sa.literal(1) for *_, condition in asked]
    may = [policy.rows(unit, actor, form, action, table) for action in ACTIONS]
    columns += [sa.case((condition, 1), else_=0) if condition is not None else sa.literal(1) for condition in may]
    row = unit.execute(sa.select(*columns).select_from(table).where(table.c.id == id_)).one()
    verdicts = []
    for place, action in enumerate(ACTIONS):
        reasons = [Reason(text, bool(row[n])) for n, (of, text, _) in enumerate(asked) if of == action]
        if not reasons:
            reasons = [Reason(N_("None of your roles names “{form}”.", form=form.label), False)]
        verdicts.append(Verdict(action, ACTION[action], bool(row[len(asked) + place]), tuple(reasons)))
    return verdicts
