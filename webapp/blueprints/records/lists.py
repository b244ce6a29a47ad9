"""A form's records in one of its views, further pieces of the list, and what stands below it."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.blueprints.boards import tools as board_tools
from webapp.blueprints.records import blueprint, tools
from webapp.engines.forms import select
from webapp.engines.forms.display import title_of
from webapp.engines.forms.transfer import wizard
from webapp.engines.forms.viewing import arranged, columns, filters, groups, saved, views
from webapp.engines.forms.viewing import totals as below
from webapp.engines.forms.viewing.saved import SavedView
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import NotFound
from webapp.i18n import label
from webapp.web import numbers, respond, screens

#: View kind → the template of the view and what it needs.
TEMPLATES = {"grid": "records/grid.html", "kanban": "boards/board.html"}


@blueprint.get("/<app>/<form>")
def listing(app: str, form: str) -> Any:
    at = screens.form(app, form)
    asked = screens.asked(at)
    piece = request.args.get("part")
    if piece in ("rows", "cards", "group_rows", "group_cards"):
        return _piece(at, asked, piece)
    context = list_context(at, asked) | shape(at, asked) | {"binned": _binned(at)}
    return respond.page("records/list.html", part=screens.part_for(list="records/_list.html"), **context)


def _piece(at: Scope, asked: Asked, piece: str) -> Any:
    """The next rows or cards of the list, or of one of its groups; or the heads within a head."""
    path = groups.check_path(request.args.getlist("in"))
    context: dict[str, Any] = {"at": at, "asked": asked, "links": screens.Links(at, asked), "path": path}
    context["start"] = _start()
    context["may_edit"] = _may_edit(at)
    if piece.startswith("group"):
        found = groups.heads(at, asked, path, start=_start(), with_rows=True)
        return respond.part(f"records/_{piece}.html", heads=found, columns=columns.columns(at, asked), **context)
    grid = columns.grid(at, asked, *groups.within(at, asked, path))
    return respond.part(f"records/_{piece}.html", grid=grid, **context)


def _may_edit(at: Scope) -> bool:
    return at.actor.may_write and at.may("edit")


def _binned(at: Scope) -> dict[str, Any] | None:
    """The record that was just put into the bin, so that the page can offer to take it out again."""
    given = numbers.asked("binned")
    if given is None:
        return None
    try:
        record = select.get(at.unit, at.actor, at.form, given)
    except NotFound:
        return None
    return {"id": record.id, "title": title_of(at.eye, at.form, record)} if record.is_binned else None


@blueprint.get("/<app>/<form>/totals")
def totals(app: str, form: str) -> Any:
    at = screens.form(app, form)
    asked = screens.asked(at)
    found = below.totals(at, asked)
    shown = f"{found.count:,}" + ("+" if found.is_more else "")
    shown_columns = columns.columns(at, asked)
    return respond.part(
        "records/_totals.html",
        count=shown,
        totals=found.columns,
        columns=shown_columns,
        at=at,
        links=screens.Links(at, asked),
    )


def shape(at: Scope, asked: Asked) -> dict[str, Any]:
    """What the view's template draws."""
    if asked.view.kind != "kanban":
        return _grid(at, asked)
    return board_tools.page(at, asked)


def _grid(at: Scope, asked: Asked) -> dict[str, Any]:
    """A page of rows, or the first heads with theirs; and how the columns stand."""
    grouped = arranged.groups(at, asked)
    found = groups.heads(at, asked, with_rows=True) if grouped else None
    grid = columns.grid(at, asked) if found is None else None
    return {
        "grid": grid,
        "heads": found,
        "path": (),
        "is_empty": not (grid.size if grid is not None else found and found.heads),
        "columns": columns.columns(at, asked),
        "height": arranged.height(asked),
        "on_phone": screens.is_phone(),
        "tools": tools.tools(at, asked),
        "may_edit": _may_edit(at),
        "may_delete": at.actor.may_write and at.may("delete"),
    }


def list_context(at: Scope, asked: Asked) -> dict[str, Any]:
    """What every list and piece of a list says about itself."""
    links = screens.Links(at, asked)
    return {
        "at": at,
        "asked": asked,
        "links": links,
        "view_template": TEMPLATES[asked.view.kind],
        "view_label": views.view_label(asked.view, at.locale),
        "view_tabs": [_tab(at, v, asked) for v in views.offered(at)],
        "converting": views.converting(at),
        **_sentence(at, asked, links),
        **_saving(at, asked),
        "kept_pairs": [pair for pair in links.pairs() if pair[0] != "q"],
        "start": _start(),
        "form_label": screens.form_label(at),
        "tag_fields": _tag_fields(at, links),
        "may_create": at.may("create"),
        "may_import": wizard.may(at.unit, at.actor, at.form),
        "may_export": at.may("export"),
        "description": label(at.form.settings.get("description"), at.locale),
        "shape_icons": screens.SHAPE_ICONS,
    }


def _start() -> int:
    """How many rows stand before this piece, for the row numbers only."""
    return numbers.asked("start", 10**8) or 0


def _tab(at: Scope, view: views.View, asked: Asked) -> dict[str, Any]:
    links = screens.Links(at, Asked(view))
    is_mine = isinstance(view, SavedView) and view.is_personal
    return {
        "label": views.view_label(view, at.locale),
        "url": links.list(),
        "icon": "user" if is_mine and view.kind == "grid" else screens.VIEW_ICONS[view.kind],
        "active": view.key == asked.view.key,
        "key": view.key,
    }


def _saving(at: Scope, asked: Asked) -> dict[str, Any]:
    """What he may do with the view, and whether there is anything to save."""
    view = asked.view
    return {
        "is_changed": asked.is_changed,
        "may_change_view": saved.may_change(at.actor, at.form, view),
        "may_delete_view": isinstance(view, SavedView) and saved.may_change(at.actor, at.form, view),
        "is_cover": isinstance(view, SavedView) and view.is_cover,
        "is_shared": not (isinstance(view, SavedView) and view.is_personal),
        "is_first": at.shelf.default == view.key,
        "view_version": view.version if isinstance(view, SavedView) else "",
    }


def _sentence(at: Scope, asked: Asked, links: screens.Links) -> dict[str, Any]:
    """The chips: the view's own conditions first, then what was added, each with the address without it."""
    own, left_out = views.filter_of(at, asked)
    said, is_any = views.sentence(at, asked)
    added = len(said) - len(asked.conditions)
    chips = []
    for position, (field, text) in enumerate(said):
        if position >= added:
            kept = tuple(c for i, c in enumerate(asked.conditions) if i != position - added)
            without = links.list(conditions=kept)
        elif len(own.parts) != added:
            without = links.list(filter="")
        else:
            rest = tuple(part for i, part in enumerate(own.parts) if i != position)
            without = links.list(filter=filters.said(rest, own.is_any))
        chips.append({"position": position, "field": field, "said": text, "without": without})
    gone = views.gone(at, asked)
    named = gone if saved.may_change(at.actor, at.form, asked.view) else []
    return {"sentence": chips, "is_any": is_any, "left_out": left_out, "gone": gone, "gone_named": named}


def _tag_fields(at: Scope, links: screens.Links) -> list[tuple[str, str]]:
    """Fields with tags of one's own, and where their tags are listed and renamed."""
    found = [f for k, f in at.form.fields.items() if f.type.is_open and at.visible.get(k) in ("read", "write")]
    return [(label(f.label, at.locale) or f.key, f"{links.base}/tags/{f.key}") for f in found]
