"""Views as pages ask for them: which there are for a person, and what an address asks of one. No request, no template.

A view's settings and what somebody changed in the address (filter, sort, groups, columns …) become one `Query` for the
door. Grids are in `columns`, `groups` and `totals`, boards in `boards`, saved views in `saved`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Definitions, Field, Form, View
from webapp.engines.forms import select
from webapp.engines.forms.display import Eye
from webapp.engines.forms.record import Query
from webapp.engines.forms.structure import pending
from webapp.engines.forms.viewing import conditions, filters, reach, saved
from webapp.engines.forms.viewing.conditions import Condition
from webapp.engines.forms.viewing.filters import Several
from webapp.engines.forms.viewing.saved import SavedView, Shelf
from webapp.errors import Invalid, NotFound
from webapp.expressions import check
from webapp.i18n import N_, label

PAGE = 50  # rows of a grid
LONGEST_FILTER = 4000
MOST_GROUPS = 2
#: View kinds that have a page.
SHOWN = ("grid", "kanban")
#: What an address may set otherwise than the view: setting → its name there. Texts are lists with commas.
CHANGES = {
    "group": "group", "columns": "cols", "totals": "sums", "freeze": "pin", "height": "rows", "color": "color",
    "by": "by",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What the address asks of a view. What is None is as the view says.

    conditions   added to the view's filter; `filter` stands instead of it ("" for none)
    changes      setting → text, of `CHANGES`
    """

    view: View
    conditions: tuple[Condition, ...] = ()
    sort: str | None = None
    search: str | None = None
    after: str | None = None
    filter: str | None = None
    changes: tuple[tuple[str, str], ...] = ()

    def address(self, **changes: Any) -> str:
        """The query string of this list (never with a cursor), with `changes`, "" if nothing needs saying."""
        asked = self.changed(**changes) if changes else self
        pairs = [("view", asked.view.key)] if asked.view.key else []
        pairs += [("f", asked.filter)] if asked.filter is not None else []
        pairs += [("w", c.address) for c in asked.conditions]
        pairs += [("sort", asked.sort)] if asked.sort else []
        pairs += [(CHANGES[name], text) for name, text in asked.changes]
        pairs += [("q", asked.search)] if asked.search else []
        return urlencode(pairs)

    def changed(self, **changes: Any) -> Asked:
        """The same with other settings: fields of this class, or names of `CHANGES` (None: as the view says)."""
        settings = {**dict(self.changes), **{k: changes.pop(k) for k in list(changes) if k in CHANGES}}
        kept = tuple((name, settings[name]) for name in CHANGES if settings.get(name) is not None)
        return replace(self, changes=kept, **changes)

    def change(self, name: str) -> str | None:
        return next((text for key, text in self.changes if key == name), None)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.conditions or self.search or self.filter)

    @property
    def is_changed(self) -> bool:
        """Whether it differs from the view as it is saved; a search is never saved."""
        return bool(self.conditions or self.sort or self.changes or self.filter is not None)


@dataclass(frozen=True)
class Scope:
    """A form as one actor sees it: the ground every page of it stands on."""

    unit: Unit
    actor: Actor
    definitions: Definitions
    form: Form
    visible: Mapping[str, str] = field(default_factory=dict)
    locale: str = "zh"

    @cached_property
    def shelf(self) -> Shelf:
        """The saved views of the form for him."""
        return saved.shelf(self.unit, self.actor, self.form)

    @cached_property
    def eye(self) -> Eye:
        return Eye(self.definitions, self.locale, self.visible)

    def may(self, action: str) -> bool:
        return policy.may(self.unit, self.actor, self.form, action)

    def may_ask(self, key: str) -> bool:
        """Whether he may filter, sort or group by the field: not by one whose value he may not read."""
        return self.visible.get(key) in ("read", "write")


def scope(unit: Unit, actor: Actor, app: str, form: str, locale: str | None = None) -> Scope:
    """The form `app.form` for the actor; raises `NotFound` when it does not exist for him."""
    definitions = versions.current(unit)
    found = definitions.form(f"{app}.{form}")
    if not policy.may(unit, actor, found, "see") and not policy.may(unit, actor, found, "create"):
        raise NotFound(N_("There is no form “{key}”.", key=f"{app}.{form}"))
    return Scope(unit, actor, definitions, found, policy.fields(unit, actor, found), locale or actor.locale)


def into_pool(at: Scope) -> Scope | None:
    """The same form as he sees it who looks into its pool; None where there is nothing more to see."""
    from webapp.engines.forms.days import pool

    actor = pool.look(at.unit, at.actor, at.form)
    if actor is None:
        return None
    return Scope(at.unit, actor, at.definitions, at.form, policy.fields(at.unit, actor, at.form), at.locale)


# --- which views, and what is asked of them ---------------------------------------------------------------------


def offered(at: Scope) -> tuple[View, ...]:
    """The form's views that this actor can use, in his order; a plain list of all records if there is none."""
    key = (at.form.name, select.signature(at.actor), at.shelf.mark)
    return at.definitions.kept("views").get(key, lambda: _offered(at))


def _offered(at: Scope) -> tuple[View, ...]:
    from webapp.engines.forms.viewing import renewed

    stored = [renewed.renew(at.definitions, at.form, v) for v in at.shelf.views]
    covers = {v.key: v for v in stored if v.is_cover}
    every = [covers.get(v.key, v) for v in at.form.views.values()]
    every += [_standing(at, v) for v in stored if not v.is_cover]
    found = [v for v in every if v.kind in SHOWN and _is_usable(at, v)]
    if not any(not (isinstance(v, SavedView) and v.is_personal) for v in found):
        found.insert(0, covers.get("", View("", "grid", N_("All records").id, {})))
    order = {key: place for place, key in enumerate(at.shelf.tabs)}
    return tuple(sorted(found, key=lambda v: order.get(v.key, len(order))))


def _standing(at: Scope, view: SavedView) -> SavedView:
    """A board whose columns' field is gone stands by another; the page says what is gone."""
    by = view.settings.get("by")
    if view.kind != "kanban" or by in at.form.names:
        return view
    from webapp.engines.forms.board import axes

    found = next((k for k, f in at.form.fields.items() if f.type.name == "choice" and axes.may_lie(at, f)), None)
    return replace(view, settings={**view.settings, "by": found}) if found else view


def gone(at: Scope, asked: Asked) -> list[str]:
    """What the saved view names and is no longer there, as its maker wrote it."""
    from webapp.engines.forms.viewing import renewed

    if not isinstance(asked.view, SavedView):
        return []
    stored = next((v for v in at.shelf.views if v.id == asked.view.id), asked.view)
    return renewed.gone(at.definitions, at.form, renewed.renew(at.definitions, at.form, stored).settings)


def _is_usable(at: Scope, view: View) -> bool:
    """A saved view stands without what its reader may not see; one of the document with such a filter does not."""
    if view.kind == "kanban" and not _lies(at, view.settings.get("by", "")):
        return False
    text = view_filter(view)
    if not text or isinstance(view, SavedView):
        return True
    kept = at.definitions.cache.setdefault("filters", {})
    key = (at.form.name, view.key)
    if (names := kept.get(key)) is None:
        names = kept[key] = check(text, at.definitions, at.form.name, expect="boolean").names
    eyes = policy.eyes(at.unit, at.actor)
    return all(eyes.may_name(form, key) for form, key in names)


def _lies(at: Scope, key: str) -> bool:
    from webapp.engines.forms.board import axes

    return key in at.form.names and axes.may_lie(at, at.form.names[key])


def view_filter(view: View) -> str | None:
    """The view's own condition as text."""
    found = view.settings.get("filter")
    return getattr(found, "text", found) or None


def ask(
    at: Scope,
    *,
    view: str | None = None,
    written: Sequence[str] = (),
    sort: str | None = None,
    search: str | None = None,
    after: str | None = None,
    filter: str | None = None,
    changes: Mapping[str, str] | None = None,
) -> Asked:
    """What an address asks, checked; raises `NotFound` for a view and `Invalid` for anything else he cannot ask.

    Columns, groups and sums of `changes` that are not for him are left out, so that an address can be passed on.
    """
    views = {v.key: v for v in offered(at)}
    if view and view not in views:
        raise NotFound(N_("There is no view “{key}”.", key=view[:40]))
    if len(written) > conditions.MOST:
        raise Invalid(N_("A list takes at most {n} conditions.", n=conditions.MOST))
    chosen = tuple(conditions.read(reach.fields(at), text) for text in written)
    if sort is not None:
        sort = _sortable(at, sort)
    if filter:
        filter = asked_filter(at, filter)
    search = (search or "").strip()[:100] or None
    first = at.shelf.default if at.shelf.default in views else next(iter(views))
    asked = Asked(views[view] if view else views[first or ""], chosen, sort, search, after or None, filter)
    given = {k: v[:2000] for k, v in (changes or {}).items() if k in CHANGES}
    return asked.changed(**given) if given else asked


def asked_filter(at: Scope, text: str) -> str:
    """A filter that somebody wrote: what he may not read does not exist in it."""
    if len(text) > LONGEST_FILTER:
        raise Invalid(N_("This filter is too long."))
    return check(text, at.definitions, at.form.name, expect="boolean", eyes=policy.eyes(at.unit, at.actor)).text


def _sortable(at: Scope, sort: str) -> str | None:
    """The sort as asked; raises `Invalid` when it names what he may not read or what has no order."""
    for key in (part.removeprefix("-") for part in sort.split(",") if part):
        found = at.form.names.get(key)
        if key == "id":
            continue
        if found is None or not at.may_ask(key) or not is_sortable(found):
            raise Invalid(N_("This list cannot be sorted by “{key}”.", key=key[:40]))
    return sort or None


def is_sortable(found: Field) -> bool:
    return found.type.name not in ("choices", "records", "files", "empty")


def orders(at: Scope, asked: Asked) -> tuple[str, ...]:
    """The sort keys: those of the address, else the view's that he may read."""
    if asked.sort:
        return tuple(part for part in asked.sort.split(",") if part)
    settings = asked.view.settings.get("sort") or ()
    settings = [settings] if isinstance(settings, str) else settings
    kept = tuple(s for s in settings if _may_order(at, s.removeprefix("-")))
    return kept or ("-id",)


def _may_order(at: Scope, path: str) -> bool:
    from webapp.engines.forms.viewing import paths

    found = paths.field(at.definitions, at.form, path)
    if found is None or not is_sortable(found):
        return path == "id"
    return at.may_ask(path) if "." not in path else paths.may_see(at, path)


def filter_of(at: Scope, asked: Asked) -> tuple[Several, int]:
    """What the list is filtered by without the added conditions, and how many parts were left out for this reader."""
    if asked.filter is not None:
        return filters.read(at, asked.filter), 0
    return filters.own(at, view_filter(asked.view))


def where(at: Scope, asked: Asked) -> tuple[str, ...]:
    """All conditions of the list as expressions."""
    own = filter_of(at, asked)[0].text
    return (*([own] if own else []), *(c.text for c in asked.conditions))


def query(at: Scope, asked: Asked, *more: str, fields: Iterable[str] | None = None, limit: int = PAGE) -> Query:
    """The door's query for what is asked, with `more` conditions in the language."""
    return Query(
        where=(*where(at, asked), *more),
        search=asked.search,
        sort=orders(at, asked),
        fields=None if fields is None else tuple(dict.fromkeys(fields)),
        limit=limit,
        after=asked.after,
    )


def sentence(at: Scope, asked: Asked) -> tuple[list[tuple[str, str]], bool]:
    """The conditions in words, (field, what is asked), the view's own first; whether any of them is enough."""
    own, _ = filter_of(at, asked)
    leaves = [leaf for leaf in own.leaves() if isinstance(leaf, Condition)]
    titles = names_in(at, [*leaves, *asked.conditions])
    said = [filters.words(at, part, titles) for part in own.parts]
    if own.is_any and asked.conditions:
        said = [filters.words(at, own, titles)]
    return said + [c.words(at.locale, titles) for c in asked.conditions], own.is_any and not asked.conditions


def settings_of(at: Scope, asked: Asked) -> dict[str, Any]:
    """The view's settings with what the address changes, to be saved. What its reader does not see stays in them."""
    from webapp.engines.forms.viewing import arranged, renewed

    made = {k: getattr(v, "text", v) for k, v in asked.view.settings.items() if v is not None}
    made = renewed.without(at.definitions, at.form, made)
    hidden = filters.unseen(at, view_filter(asked.view)) if asked.filter is not None else ""
    own = filter_of(at, asked)[0].text if asked.filter is not None else filters.there(at, view_filter(asked.view))
    parts = [text for text in (own, hidden, *(c.text for c in asked.conditions)) if text]
    made["filter"] = parts[0] if len(parts) == 1 else " and ".join(f"({text})" for text in parts) or None
    if asked.sort:
        made["sort"] = list(orders(at, asked))
    return arranged.saved_settings(at, asked, made)


def names_in(at: Scope, chosen: Sequence[Condition]) -> dict[tuple[str, Any], str]:
    """Titles of the records, members and departments that conditions name, as far as he may see them."""
    found: dict[tuple[str, Any], str] = {}
    for condition in chosen:
        for value in condition.values:
            if condition.field.type.name in ("record", "member", "department"):
                found[condition.field.key, value] = title_at(at, condition.field, value) or f"#{value}"
    return found


def title_at(at: Scope, found: Field, id_: int) -> str | None:
    """What names the record, member or department `id_` that `found` points at; None when not for this actor."""
    from webapp.engines.forms.entering import pickers

    return pickers.title(at, found, id_)


def converting(at: Scope) -> list[str]:
    """Names of the fields he may ask about whose values are moving in ways that filters and sums cannot follow yet."""
    moving = [f for key, f in at.form.fields.items() if at.may_ask(key) and pending.is_unseen(f)]
    return [label(f.label, at.locale) or f.key for f in moving]


def view_label(view: View, locale: str) -> str:
    return label(view.label, locale) if view.key or isinstance(view, SavedView) else N_("All records").text(locale)
