"""The public pool: a record that is nobody's as whoever may take it sees it, taking it, and putting one's own back."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.blueprints.records import blueprint
from webapp.engines.forms import select
from webapp.engines.forms.days import pool
from webapp.engines.forms.display import cell, title_of
from webapp.engines.forms.entering.layout import sections
from webapp.engines.forms.viewing import views
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Conflict, Invalid, NotFound
from webapp.i18n import N_
from webapp.web import language, numbers, respond, scope, screens
from webapp.web.htmx import htmx

#: Records taken with one press.
MOST = 50


def shown(at: Scope, id_: int) -> Any:
    """The page or panel of a record that stands in the pool, for somebody whose it is not; raises `NotFound`."""
    inside = views.into_pool(at)
    if inside is None:
        raise select.missing(at.form)
    record = select.get(inside.unit, inside.actor, inside.form, id_, binned=False)
    said = sections(inside.form, inside.locale, lambda f: inside.eye.sees(f.key) and f.type.name != "records")
    known = {inside.form.title, (pool.setting(inside.form) or {})["field"]}
    facts = [(s, [cell(inside.eye, inside.form, record, k) for k in s.keys if k not in known]) for s in said]
    return respond.page(
        "records/pooled.html",
        part=screens.part_for(panel="records/_pooled.html"),
        at=inside,
        record=record,
        title=title_of(inside.eye, inside.form, record),
        links=screens.Links(inside),
        form_label=screens.form_label(inside),
        facts=[(section, cells) for section, cells in facts if cells],
        room=pool.room(at.unit, at.actor, at.form),
        view=(pool.setting(at.form) or {})["view"],
    )


@blueprint.post("/<app>/<form>/<int:id_>/take")
def take(app: str, form: str, id_: int) -> Any:
    """Make it one's own."""
    at = screens.form(app, form)
    record = pool.take(at.unit, at.actor, at.form, id_)
    count, most = pool.room(at.unit, at.actor, at.form)
    scope.settle()
    at = screens.form(app, form)
    title, address = title_of(at.eye, at.form, record), screens.Links(at).record(id_)
    if not htmx.wants_part and not request.headers.get("HX-Request"):
        return respond.redirect(address)
    said = N_("“{title}” is yours now", title=title)
    if most is not None:
        said = N_("“{title}” is yours now: {n} of {most}", title=title, n=count, most=most)
    answer = respond.trigger(respond.nothing(), "m:changed", url=address)
    undo = {"url": screens.Links(at).record(id_, "/release"), "values": {"version": str(record.version)}}
    return respond.trigger(answer, "toast", text=said.text(at.locale), undo=undo)


@blueprint.post("/<app>/<form>/take")
def take_many(app: str, form: str) -> Any:
    """The picked ones, one after the other; what somebody else was quicker with stays his."""
    at = views.scope(scope.unit(), scope.actor(), app, form, language.locale())
    ids = numbers.among(request.form.get("ids", "").split(","))
    if not ids or request.form.get("all"):
        raise Invalid(N_("Pick some records first."))
    taken, refused = 0, None
    for id_ in ids[:MOST]:
        try:
            with at.unit.savepoint():
                pool.take(at.unit, at.actor, at.form, id_)
            taken += 1
        except (NotFound, Conflict, Invalid) as error:
            refused = error
    if refused is not None and not taken:
        raise Conflict(refused.message)
    scope.settle()
    said = N_("{n} are yours now", n=taken).text(language.locale())
    if refused is not None:
        why = refused.message.text(language.locale())
        said = N_("{done}. {refused}", done=said, refused=why).text(language.locale())
    answer = respond.trigger(respond.nothing(), "m:picked")
    respond.trigger(answer, "m:refetch")
    return respond.trigger(answer, "toast", text=said)


@blueprint.post("/<app>/<form>/<int:id_>/release")
def release(app: str, form: str, id_: int) -> Any:
    """Put it into the pool, for whoever takes it next."""
    at = screens.form(app, form)
    title = title_of(at.eye, at.form, select.get(at.unit, at.actor, at.form, id_))
    pool.put_back(at.unit, at.actor, at.form, id_, version=screens.version())
    scope.settle()
    at = screens.form(app, form)
    links = screens.Links(at)
    address = links.record(id_)
    if not request.headers.get("HX-Request"):
        return respond.redirect(links.base)
    text = N_("“{title}” is in the pool again", title=title).text(at.locale)
    answer = respond.trigger(respond.nothing(), "m:changed", url=address)
    return respond.trigger(answer, "toast", text=text, undo={"url": links.record(id_, "/take")})


def of_record(at: Scope, record: Any) -> str:
    """What can be done about the pool with a record that one sees: `take`, `release` or nothing."""
    if record.is_binned or not pool.may_take(at.unit, at.actor, at.form):
        return ""
    return "take" if pool.holds(record) else "release" if at.may("edit") else ""
