"""A record becomes others: what that would be, doing it, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from webapp.access import policy
from webapp.blueprints.records import blueprint
from webapp.engines.forms import converting, undo
from webapp.engines.forms.converting import Choice, Into
from webapp.engines.forms.display import Eye, cell, title_of
from webapp.engines.forms.entering import inputs
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing import views
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Conflict, Invalid, MortiseError, Problem
from webapp.i18n import N_, label
from webapp.web import numbers, respond, scope, screens


@blueprint.get("/<app>/<form>/<int:id_>/convert")
def convert_form(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    try:
        return _page(at, id_)
    except Conflict as error:
        return _already(at, error)


@blueprint.post("/<app>/<form>/<int:id_>/convert")
def convert(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    try:
        _, intos = converting.offer(at.unit, at.actor, at.form, id_)
        choices = {into.form.key: _choice(at, into) for into in intos}
        done = converting.convert(at.unit, at.actor, at.form, id_, choices, version=screens.version())
    except Conflict as error:
        scope.end_unit(commit=False)
        return _already(screens.form(app, form), error)
    except Invalid as error:
        scope.end_unit(commit=False)
        return _page(screens.form(app, form), id_, error)
    scope.settle()
    at = screens.form(app, form)
    answer = respond.redirect(_address(at, done.into), whole=False)
    respond.trigger(answer, "close-dialog")
    said = _said(at, done)
    return respond.trigger(
        answer, "toast", text=said, undo={"url": f"/{app}/{form}/{id_}/unconvert", "values": {"set": done.change_set}}
    )


@blueprint.post("/<app>/<form>/<int:id_>/unconvert")
def unconvert(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    policy.require(at.unit, at.actor, at.form, "edit")
    wanted = numbers.sent("set") or 0
    undo.of_kind(at.unit, at.actor, wanted, "convert")
    actor, locale, address = at.actor, at.locale, screens.Links(at).record(id_)
    scope.end_unit(commit=False)  # undoing works in units of its own
    done = undo.undo(scope.database(), actor, wanted)
    answer = respond.redirect(address)
    text = N_("Taken back").text(locale)
    if done.left:
        text = N_("Taken back, but for {n} records changed since", n=len(done.left)).text(locale)
    return respond.trigger(answer, "toast", text=text)


def _choice(at: Scope, into: Into) -> Choice:
    """What the form says of one target: `account-use` is an id, `new` or `skip`; its inputs are `account-…`."""
    prefix = f"{into.form.key}-"
    use = request.form.get(f"{prefix}use", "new")
    if use == "skip":
        return Choice(skip=True)
    if (number := numbers.of(use)) is not None:
        return Choice(use=number)
    there = _at(at, into)
    sent = inputs.sent_to(there, request.form.to_dict(flat=False), into.asked, prefix)
    return Choice(values={k: v for k, v in sent.items() if f"{prefix}{k}" in request.form})


def _at(at: Scope, into: Into) -> Scope:
    return views.scope(at.unit, at.actor, into.form.app, into.form.key, at.locale)


def _page(at: Scope, id_: int, error: Invalid | None = None) -> Any:
    record, intos = converting.offer(at.unit, at.actor, at.form, id_)
    said = converting.setting(at.form) or {}
    problems = error.problems if error else ()
    return respond.page(
        "records/convert.html",
        part=screens.part_for(dialog="records/_convert.html"),
        status=error.status if error else 200,
        at=at,
        links=screens.Links(at),
        record=record,
        title=title_of(at.eye, at.form, record),
        form_label=screens.form_label(at),
        convert_label=label(said["label"], at.locale),
        targets=[_target(at, into, problems) for into in intos],
        elsewhere=[p for p in problems if "." not in p.path or not p.path.rpartition(".")[2]],
        error=error,
    )


def _target(at: Scope, into: Into, problems: tuple[Problem, ...]) -> dict[str, Any]:
    """One form it becomes: what is there already, inputs for a new one, and what is chosen."""
    prefix = f"{into.form.key}-"
    sent = request.form.to_dict(flat=False) if request.method == "POST" else None
    found = [_match(at, one) for one in into.found]
    use = request.form.get(f"{prefix}use") or (str(found[0]["id"]) if found else "new" if into.may_make else "skip")
    own = [
        Problem(p.path.partition(".")[2], p.message, p.code, p.near)
        for p in problems
        if p.path.startswith(f"{into.form.key}.")
    ]
    fields: Any = ()
    if into.may_make:
        there = _at(at, into)
        values = {k: _short(v) for k, v in into.values.items()}
        fields = inputs.asked(there, into.asked, values=values, sent=sent, problems=own, prefix=prefix)
    shown = {f.key for f in fields}
    return {
        "key": into.form.key,
        "label": label(into.form.label, at.locale),
        "icon": into.form.icon or "table",
        "base": f"/{into.form.app}/{into.form.key}",
        "is_optional": into.is_optional,
        "may_make": into.may_make,
        "found": found,
        "use": use,
        "fields": fields,
        "problems": [p.text(at.locale) for p in own if p.path not in shown],
    }


def _short(value: Any) -> Any:
    """The first line of what becomes a name: a need is told in many words."""
    return value.splitlines()[0][:60] if isinstance(value, str) and value.strip() else value


def _match(at: Scope, record: Record) -> dict[str, Any]:
    eye = Eye(at.definitions, at.locale, policy.fields(at.unit, at.actor, record.form))
    owner = cell(eye, record.form, record, "owner").text if eye.sees("owner") and "owner" in record.values else ""
    return {"id": record.id, "title": title_of(eye, record.form, record), "owner": owner}


def _already(at: Scope, error: Conflict) -> Any:
    """Somebody was quicker, or pressed twice: lead to what it became, if that can be seen."""
    if error.code != "converted":
        raise error
    address = f"/{at.form.app}/{error.detail['form']}/{error.detail['id']}"
    try:
        there = views.scope(at.unit, at.actor, at.form.app, error.detail["form"], at.locale)
        converting.select.get(there.unit, there.actor, there.form, error.detail["id"])
    except MortiseError:
        raise error from None
    answer = respond.redirect(address)
    respond.trigger(answer, "close-dialog")
    return respond.trigger(answer, "toast", text=error.message.text(at.locale))


def _address(at: Scope, into: Mapping[str, int]) -> str:
    """The first of what it became."""
    for key, id_ in into.items():
        return f"/{at.form.app}/{key}/{id_}"
    return screens.Links(at).base


def _said(at: Scope, done: converting.Converted) -> str:
    names = [
        label(at.definitions.form(f"{at.form.app}.{key}").label, at.locale) for key in done.into if key in done.made
    ]
    joint = "、" if at.locale == "zh" else ", "
    text = (
        N_("Made: {names}", names=joint.join(names)).text(at.locale)
        if names
        else N_("Joined to what is there").text(at.locale)
    )
    if done.brought:
        text += N_("; {n} follow-ups and to-dos came along", n=done.brought).text(at.locale)
    if done.left:
        text += N_("; {n} are others' and stayed", n=done.left).text(at.locale)
    return text
