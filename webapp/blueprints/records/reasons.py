"""Who may do what with one record and why: for those who look after people."""

from __future__ import annotations

from typing import Any

from webapp.access import actors, directory, explaining, guard
from webapp.blueprints.records import blueprint
from webapp.blueprints.records.record import outline
from webapp.engines.forms import select
from webapp.errors import NotFound
from webapp.i18n import N_
from webapp.web import numbers, respond, screens


@blueprint.get("/<app>/<form>/<int:id_>/why")
def why(app: str, form: str, id_: int) -> Any:
    """What `member` (the owner at first) may do with the record, each role with whether it holds here."""
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    if not guard.may_people(at.actor):
        raise NotFound(N_("There is nothing here"))
    people = directory.listed(at.unit, at.actor, state="active")
    chosen = numbers.asked("member")
    chosen = record.values.get("owner") if chosen is None else chosen
    person = next((one for one in people if one.id == chosen), people[0] if people else None)
    verdicts = []
    if person is not None:
        verdicts = explaining.of_record(at.unit, actors.of_member(at.unit, person.id), at.form, id_)
    context = outline(at, record) | {"people": people, "person": person, "verdicts": verdicts}
    return respond.page("records/why.html", part="records/_why.html", **context)
