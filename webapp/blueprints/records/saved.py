"""Saved views: keeping what was changed, new ones, names and readers, order, the first one, taking away and back."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.records import blueprint
from webapp.definitions.model import View
from webapp.engines.forms.board import board_settings
from webapp.engines.forms.display import name_of
from webapp.engines.forms.viewing import arranged, saved, views
from webapp.engines.forms.viewing.saved import SavedView
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import Invalid, NotFound, Stale
from webapp.i18n import N_, label
from webapp.web import numbers, respond, scope, screens
from webapp.web.htmx import htmx


@blueprint.get("/<app>/<form>/views/dialog")
def view_dialog(app: str, form: str) -> Any:
    """A small form: a new view of what is shown (`new`), a copy (`copy`), or name and readers (`change`)."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    do = request.args.get("do", "new")
    if do not in ("new", "copy", "change"):
        raise NotFound(N_("There is nothing here"))
    return _dialog(at, asked, do)


@blueprint.post("/<app>/<form>/views/create")
def create_view(app: str, form: str) -> Any:
    at = screens.form(app, form)
    asked = screens.asked(at)
    settings = dict(asked.view.settings) if request.form.get("do") == "copy" else views.settings_of(at, asked)
    settings = {k: getattr(v, "text", v) for k, v in settings.items() if v is not None}
    kind = asked.view.kind
    if request.form.get("do", "new") == "new" and (wanted := request.form.get("kind")):
        kind, settings = board_settings.as_kind(at, asked, wanted, request.form.get("by", ""), settings)
    try:
        made = saved.create(at, request.form.get("label", ""), kind, settings, _audience())
    except Invalid as error:
        return _refused(app, form, request.form.get("do", "new"), error)
    return _lead_to(at, made, N_("View “{name}” is saved", name=made.label))


@blueprint.post("/<app>/<form>/views/save")
def save_view(app: str, form: str) -> Any:
    """What the address changes is kept in the view. Somebody else who was faster is shown beside it."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    settings = views.settings_of(at, asked)
    try:
        made = saved.save(at, asked.view, settings, version=screens.version())
    except Stale:
        return _stale(app, form)
    _forget_widths(at, made)
    return _lead_to(at, made, N_("View “{name}” is saved", name=made.label))


@blueprint.post("/<app>/<form>/views/change")
def change_view(app: str, form: str) -> Any:
    at = screens.form(app, form)
    asked = screens.asked(at)
    audience = _audience() if "readers" in request.form else None
    try:
        made = saved.change(
            at, asked.view, label=request.form.get("label", ""), audience=audience, version=screens.version()
        )
    except Invalid as error:
        return _refused(app, form, "change", error)
    except Stale as error:
        return _refused(app, form, "change", Invalid(error.message))
    return _lead_to(at, made, N_("View “{name}” is saved", name=made.label))


@blueprint.post("/<app>/<form>/views/delete")
def delete_view(app: str, form: str) -> Any:
    at = screens.form(app, form)
    found = screens.asked(at).view
    saved.delete(at, found)
    assert isinstance(found, SavedView)
    scope.settle()
    answer = respond.redirect(screens.Links(at).base)
    text = N_("View “{name}” is gone", name=found.label).text(at.locale)
    undo = {"url": f"{screens.Links(at).base}/views/restore", "values": {"id": str(found.id)}}
    return respond.trigger(answer, "toast", text=text, undo=undo) if htmx.wants_part else answer


@blueprint.post("/<app>/<form>/views/restore")
def restore_view(app: str, form: str) -> Any:
    at = screens.form(app, form)
    made = saved.restore(at, numbers.sent("id") or 0)
    return _lead_to(at, made, N_("View “{name}” is back", name=made.label))


@blueprint.post("/<app>/<form>/views/choose")
def choose_view(app: str, form: str) -> Any:
    """What only concerns himself: the view to begin with, the order of the tabs, the width of a column."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    if "widths" in request.form:
        return _keep_widths(at, asked)
    if request.form.get("first"):
        saved.choose(at, default_view=asked.view.key)
        return _lead_to(at, asked.view, N_("Opens first from now on"))
    by = {"left": -1, "right": 1}.get(request.form.get("move", ""), 0)
    keys = [v.key for v in views.offered(at)]
    here = keys.index(asked.view.key)
    there = min(max(here + by, 0), len(keys) - 1)
    keys.insert(there, keys.pop(here))
    saved.choose(at, tabs=keys)
    return _lead_to(at, asked.view)


def _keep_widths(at: Scope, asked: Asked) -> Response:
    """`widths`: `amount.140,name.220`; the others stay as they are."""
    pairs = [part.rpartition(".") for part in request.form["widths"][:4000].split(",")]
    given = {key: n for key, _, px in pairs if key and (n := numbers.of(px, 9999)) is not None}
    known = set(arranged.column_keys(at, asked))
    before = at.shelf.kept.get(asked.view.key, {}).get("widths") or {}
    widths = {**before, **{k: v for k, v in given.items() if k in known and arranged.is_width(v)}}
    saved.keep(at, asked.view, widths=widths or None)
    return respond.nothing()


def _forget_widths(at: Scope, made: SavedView) -> None:
    """They stand in the view now."""
    if at.shelf.kept.get(made.key, {}).get("widths"):
        saved.keep(at, made, widths=None)


def _audience() -> list[str]:
    readers = request.form.get("readers", "me")
    return {"me": [], "all": ["*"]}.get(readers, request.form.getlist("roles"))


def _lead_to(at: Scope, made: View, said: Any = None) -> Response:
    scope.settle()
    answer = respond.redirect(screens.Links(at, Asked(made)).list())
    if not htmx.wants_part:
        return answer
    respond.trigger(answer, "close-dialog")
    return respond.trigger(answer, "toast", text=said.text(at.locale)) if said is not None else answer


def _dialog(at: Scope, asked: Asked, do: str, error: Invalid | None = None, status: int = 200) -> Response:
    view = asked.view
    audience = view.audience if isinstance(view, SavedView) else ("*",)
    is_personal = isinstance(view, SavedView) and view.is_personal
    name = views.view_label(view, at.locale)
    if do == "copy":
        name = N_("{name} (copy)", name=name).text(at.locale)
    readers = "me" if do != "change" or is_personal else "all" if "*" in audience else "roles"
    sent = request.form if error else None
    return respond.page(
        "records/view_dialog.html",
        part="records/_view_dialog.html",
        status=status,
        at=at,
        links=screens.Links(at, asked),
        do=do,
        name=sent.get("label", "") if sent is not None else "" if do == "new" else name,
        readers=sent.get("readers", readers) if sent is not None else readers,
        chosen=sent.getlist("roles") if sent is not None else audience,
        roles=[(r.name, label(r.label, at.locale) or r.key) for r in at.definitions.app(at.form.app).roles.values()],
        may_share=saved.may_share(at.actor, at.form),
        is_cover=not isinstance(view, SavedView) or view.is_cover,
        boards=[(f.key, name_of(f, at.locale)) for f in board_settings.possible(at)],
        kind=sent.get("kind", view.kind) if sent is not None else view.kind,
        by=sent.get("by", "") if sent is not None else board_settings.first_by(at, asked),
        version=view.version if isinstance(view, SavedView) else "",
        error=error,
        form_label=screens.form_label(at),
    )


def _refused(app: str, form: str, do: str, error: Invalid) -> Response:
    scope.end_unit(commit=False)
    at = screens.form(app, form)
    do = do if do in ("new", "copy", "change") else "new"
    answer = _dialog(at, screens.asked(at), do, error, status=422)
    return respond.retarget(answer, "#dialog", "innerHTML") if htmx.wants_part else answer


def _stale(app: str, form: str) -> Response:
    """Both are shown: the view as somebody else has saved it, and what stands here; nothing of either is lost."""
    scope.end_unit(commit=False)
    at = screens.form(app, form)
    asked = screens.asked(at)
    answer = respond.page(
        "records/view_stale.html",
        part="records/_view_stale.html",
        status=409,
        at=at,
        links=screens.Links(at, asked),
        theirs=_described(at, Asked(asked.view)),
        mine=_described(at, asked),
        version=asked.view.version if isinstance(asked.view, SavedView) else "",
        view_label=views.view_label(asked.view, at.locale),
        form_label=screens.form_label(at),
        may_save=saved.may_change(at.actor, at.form, asked.view),
    )
    return respond.retarget(answer, "#dialog", "innerHTML") if htmx.wants_part else answer


def _described(at: Scope, asked: Asked) -> list[tuple[str, str]]:
    """A view in words: filter, sort, groups, columns."""
    said, is_any = views.sentence(at, asked)
    joint = (N_(" or ") if is_any else N_(" and ")).text(at.locale)
    names = {key: name for key, name, _ in arranged.offered(at, asked)}
    down = N_("descending").text(at.locale)
    order = [
        f"{names.get(key.removeprefix('-'), key.removeprefix('-'))}{' ' + down if key.startswith('-') else ''}"
        for key in views.orders(at, asked)
        if key.removeprefix("-") != "id"
    ]
    comma = N_(", ").text(at.locale)
    rows = [
        (N_("Filter"), joint.join(" ".join(filter(None, one)) for one in said)),
        (N_("Sort"), comma.join(order)),
    ]
    if asked.view.kind == "grid":
        rows += [
            (N_("Group"), comma.join(g.label(at) for g in arranged.groups(at, asked))),
            (N_("Columns"), comma.join(names.get(k, k) for k in arranged.column_keys(at, asked))),
        ]
    return [(name.text(at.locale), text or "—") for name, text in rows]
