"""One record: as a page, as a panel over its list, what hangs on it and what happened to it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import make_response, request

from webapp import clock
from webapp.access import guard, policy
from webapp.blueprints.records import blueprint, pool
from webapp.engines.forms import select
from webapp.engines.forms.around import activities, history, related, standing, stars, timeline
from webapp.engines.forms.around.activities import Kind
from webapp.engines.forms.around.standing import Standing
from webapp.engines.forms.display import Cell, Tag, cell, seen, tint, title_of
from webapp.engines.forms.entering.layout import Section, sections
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing import several
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import NotFound
from webapp.i18n import label
from webapp.web import numbers, respond, scope, screens

PAGE = 50  # events of a history
#: What a history may be narrowed to → kinds of events, None for all.
ONLY: dict[str, tuple[str, ...] | None] = {
    "all": None,
    "talk": ("commented",),
    "changes": ("created", "updated", "deleted", "restored", "conversion"),
}


@blueprint.get("/<app>/<form>/<int:id_>")
def show(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    try:
        record = select.get(at.unit, at.actor, at.form, id_)
    except NotFound:
        return pool.shown(at, id_)
    only_open = request.args.get("of") == "open"
    if request.args.get("part") == "related":
        lists = related.lists(at, record, only_open=only_open)
        return respond.part(
            "records/_related.html", related=lists, only_open=only_open, record=record, links=screens.Links(at), at=at
        )
    panel = screens.part_for(panel="records/_panel.html")
    context = record_context(at, record, only_open=only_open)
    return respond.page("records/record.html", part=panel, **context)


@blueprint.get("/<app>/<form>/<int:id_>/history")
def changes(app: str, form: str, id_: int) -> Any:
    """What happened to it, page by page."""
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    context = outline(at, record) | _history(at, record, _kind(at), None)
    return respond.page("records/history.html", part=screens.part_for(history="records/_history.html"), **context)


@blueprint.post("/<app>/<form>/<int:id_>/star")
def star(app: str, form: str, id_: int) -> Any:
    """Mark it for oneself, or take the mark away."""
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    is_on = request.form.get("on") == "1"
    stars.put(at.unit, at.actor, at.form, record.id, is_on)
    scope.settle()
    answer = respond.part("records/_star.html", is_starred=is_on, record=record, links=screens.Links(at))
    return answer if request.headers.get("HX-Request") else respond.redirect(screens.Links(at).record(id_))


def changed(at: Scope, id_: int, *, focus: str | None = None) -> Any:
    """The answer to something done to a record that is shown: whoever shows it fetches it anew."""
    address = screens.Links(at).record(id_)
    if not request.headers.get("HX-Request"):
        return respond.redirect(address)
    answer = make_response("", 200)
    answer.headers["HX-Reswap"] = "none"
    return respond.trigger(answer, "m:changed", url=address, **({"focus": focus} if focus else {}))


def outline(at: Scope, record: Record) -> dict[str, Any]:
    """What every page about a record says of it."""
    title = title_of(at.eye, at.form, record)
    return {
        "at": at,
        "record": record,
        "title": title,
        "tint": tint(title),
        "number": _number_of(at, record),
        "marks": _marks(at, record),
        "links": screens.Links(at),
        "form_label": screens.form_label(at),
        "may_edit": not record.is_binned and policy.may(at.unit, at.actor, at.form, "edit"),
        "may_explain": guard.may_people(at.actor),
    }


def _number_of(at: Scope, record: Record) -> str:
    """The number people know it by: its serial number, else its id."""
    key = next((k for k, f in at.form.fields.items() if f.kind.is_serial and at.eye.sees(k)), None)
    found = cell(at.eye, at.form, record, key).text if key is not None else ""
    return found or f"#{record.id}"


def _marks(at: Scope, record: Record) -> list[Tag]:
    """What it is beside its name: the first coloured choices that are no stage."""
    marks = []
    for key, found in at.form.fields.items():
        is_mark = found.kind_key == "select" and any(o.attributes.get("color") for o in found.type.options)
        if is_mark and at.eye.sees(key) and (tags := cell(at.eye, at.form, record, key).tags):
            marks.append(tags[0])
    return marks[:2]


def record_context(at: Scope, record: Record, *, only_open: bool = False) -> dict[str, Any]:
    """What the page and the panel of a record say."""
    stands = standing.of_record(at.unit, at.actor, at.form, record.id)
    path = related.path(at, record)
    kind, plans = _kind(at), related.plans(at)
    wanted = [p.wanted(only_open=only_open) for p in plans]
    found = several.read(at.unit, at.actor, [*wanted, *([activities.wanted(kind)] if kind else [])], this=record.id)
    lists = related.shown(at, record, plans, found[: len(plans)])
    facts = _facts(at, record, stands, path.key)
    return {
        **outline(at, record),
        **_history(at, record, kind, found[-1] if kind else None),
        "facts": facts,
        "figures": _figures(at, record, lists, stands),
        "related": lists,
        "only_open": only_open,
        "path": path,
        "days": stands.days() if not record.is_binned and _is_open(at, path, record) else None,
        "limit": _limit(at, path, record),
        "is_starred": stands.is_starred,
        "reach": _reach(at, record, stands),
        "may_move": bool(path.key) and not record.is_binned and at.may("edit") and at.visible.get(path.key) == "write",
        "owner": cell(at.eye, at.form, record, "owner") if at.eye.sees("owner") else None,
        "created": cell(at.eye, at.form, record, "created_at") if at.eye.sees("created_at") else None,
        "may_copy": policy.may(at.unit, at.actor, at.form, "create"),
        "may_delete": policy.may(at.unit, at.actor, at.form, "delete"),
        "convert": label(at.form.settings["convert"]["label"], at.locale) if stands.may_convert else "",
        "composer": composer(at, record, kind),
        "pooling": pool.of_record(at, record),
    }


def _kind(at: Scope) -> Kind | None:
    return activities.of_form(at)


def _facts(at: Scope, record: Record, stands: Standing, path: str) -> list[tuple[Section, list[Cell]]]:
    def takes(found: Any) -> bool:
        return at.eye.sees(found.key) and found.type.name != "records" and found.key not in stands.hidden

    said = [
        (section, [cell(at.eye, at.form, record, k) for k in section.keys if k not in (path, at.form.title)])
        for section in sections(at.form, at.locale, takes)
    ]
    return [(section, cells) for section, cells in said if cells]


def _figures(at: Scope, record: Record, lists: list[related.Related], stands: Standing) -> list[tuple[Cell, str]]:
    """Numbers that are computed over what hangs on the record, each with the address of its rows."""
    hrefs = {one.key: one.href for one in lists}
    made = []
    for key, found in at.form.fields.items():
        if found.type.name != "number" or found.formula is None or not at.eye.sees(key) or key in stands.hidden:
            continue
        over = [name for form, name in found.formula.names if form == at.form.name and name in hrefs]
        if over:
            made.append((cell(at.eye, at.form, record, key), hrefs[over[0]]))
    return made[:4]


def _is_open(at: Scope, path: related.Path, record: Record) -> bool:
    """Whether its time in the stage still counts."""
    options = at.form.fields[path.key].type.options if path.key else ()
    now = next((o for o in options if o.value == record.values.get(path.key)), None)
    return now is not None and now.attributes.get("type", "open") == "open"


def _limit(at: Scope, path: related.Path, record: Record) -> int | None:
    """How many days the record may stay in its stage."""
    if not path.key:
        return None
    now = record.values.get(path.key)
    option = next((o for o in at.form.fields[path.key].type.options if o.value == now), None)
    return option.attributes.get("max_days") if option is not None else None


def _reach(at: Scope, record: Record, stands: Standing) -> dict[str, Cell]:
    """How to call and write to whom the record is about: the first of its fields that lead there, else of its links."""
    found: dict[str, Cell] = {}
    for key, field in at.form.fields.items():
        if (way := field.kind.way) and way not in found and at.eye.sees(key):
            one = cell(at.eye, at.form, record, key)
            if one.href and key not in stands.hidden:
                found[way] = one
    for path, value in stands.reach.items():
        one = seen(at.eye.look(at.form, path), value, None)
        if one.href:
            found.setdefault(one.kind, one)
    return found


def composer(at: Scope, record: Record, kind: Kind | None) -> dict[str, Any] | None:
    """The line at the bottom: a comment, and a follow-up where the form has them."""
    if record.is_binned or not at.actor.may_write:
        return None
    follow = kind if activities.may_add(at, kind, record) else None
    options = []
    if follow is not None and follow.kind:
        field = follow.field(follow.kind)
        options = [
            (o.value, o.label, o.attributes.get("icon")) for o in field.type.options if not o.attributes.get("archived")
        ]
    wanted = request.args.get("log")
    default = follow.field(follow.kind).default if follow is not None and follow.kind else None
    values = [value for value, _, _ in options]
    return {
        "client": str(uuid.uuid4()),
        "follow": follow,
        "options": options,
        "chosen": wanted if wanted in values else default if default in values else next(iter(values), None),
        "is_open": wanted is not None,
    }


def _history(at: Scope, record: Record, kind: Kind | None, found: Any) -> dict[str, Any]:
    """The lines of a history, and where its earlier ones begin.

    found   the record's follow-ups if they are read already
    """
    only = request.args.get("only", "all")
    only = only if only in ONLY else "all"
    before, until = numbers.asked("before"), _moment("until")
    entries = history.of_record(at.unit, at.actor, record, limit=PAGE, before=before, kinds=ONLY[only])
    done: list[activities.Done] = []
    if kind is not None and only != "changes":
        if found is None:
            (found,) = several.read(at.unit, at.actor, [activities.wanted(kind, 200)], this=record.id)
        done = activities.done(at, kind, found)
    lines = timeline.lines(at.eye, at.form, entries, clock.zone(), done=done)
    last = next((one for one in reversed(lines) if one.event), None)
    is_more = len(entries) >= PAGE and last is not None
    lines = [
        one
        for one in lines
        if one.event or ((until is None or one.at < until) and (not is_more or last is None or one.at >= last.at))
    ]
    return {
        "lines": lines,
        "only": only,
        "earlier": {"before": entries[-1].event, "until": entries[-1].at.isoformat()} if is_more else None,
        "has_talk": kind is not None,
    }


def _moment(name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(request.args.get(name, "").replace(" ", "+"))
    except ValueError:
        return None
    return found if found.tzinfo else None
