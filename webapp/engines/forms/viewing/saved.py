"""Saved views: personal ones, shared ones, and views of the app document that were changed for everybody.

A person's own views are seen by him alone and end with him. Shared ones are for everybody or for some roles; changing
them is for who builds the app. What a view names and its reader may not see is left out when it is read (`views`),
never here: two readers may see different parts of one view. All of a form comes in one statement.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from webapp import clock
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import storage
from webapp.definitions import tables as definition_tables
from webapp.definitions.model import Form, View
from webapp.definitions.spec import Report
from webapp.definitions.views import view_kinds
from webapp.engines.forms.viewing.saved_tables import choice, view
from webapp.errors import Conflict, Denied, Invalid, NotFound, Problem, Stale
from webapp.i18n import N_

if TYPE_CHECKING:
    from webapp.engines.forms.viewing.views import Scope

EVERYBODY = ("*",)
LONGEST_LABEL = 60
MOST = 100  # views of a form that one person may have, and that may be shared
LARGEST = 20_000  # characters of the settings of one view


@dataclass(frozen=True, eq=False, repr=False)
class SavedView(View):
    """A view that stands in `m__view`. Its `key` is what the address says: its number, or the key of the document's
    view it stands for (`is_cover`)."""

    id: int = 0
    version: int = 0
    owner: int | None = None
    audience: tuple[str, ...] = ()
    is_cover: bool = False
    position: int = 0

    @property
    def is_personal(self) -> bool:
        return self.owner is not None


@dataclass(frozen=True)
class Shelf:
    """What one person finds for a form: views, the one to begin with, the order he likes, what is remembered."""

    views: tuple[SavedView, ...] = ()
    default: str | None = None
    tabs: tuple[str, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> tuple[Any, ...]:
        """Tells this shelf from how it was before."""
        return (tuple((v.id, v.version, v.audience) for v in self.views), self.default, self.tabs)


def shelf(unit: Unit, actor: Actor, form: Form) -> Shelf:
    """The saved views of a form that are there for the actor, and his choices, in one statement."""
    rows = unit.execute(_shelf(), {"member": actor.member, "app": form.app, "form": form.key}).all()
    found = [_saved(row) for row in rows if row.id is not None]
    return Shelf(
        tuple(v for v in found if is_for(actor, form, v)),
        rows[0].default_view,
        tuple(json.loads(rows[0].tabs)) if rows[0].tabs else (),
        json.loads(rows[0].kept) if rows[0].kept else {},
    )


def mark(unit: Unit, forms: Iterable[str]) -> frozenset[tuple[Any, ...]]:
    """Tells all saved views of these forms (`crm.deal`) from how they were before."""
    wanted = (view.c.app + "." + view.c.form).in_(list(forms))
    statement = sa.select(view.c.id, view.c.version, view.c.audience).where(wanted, view.c.deleted_at.is_(None))
    return frozenset(tuple(row) for row in unit.execute(statement))


@functools.cache
def _shelf() -> sa.Select[Any]:
    """What every page of a list asks; parameters `member`, `app` and `form`."""
    one = sa.select(sa.literal(1).label("one")).subquery()
    app: sa.BindParameter[str] = sa.bindparam("app")
    form: sa.BindParameter[str] = sa.bindparam("form")
    member: sa.BindParameter[int] = sa.bindparam("member")
    mine = sa.and_(choice.c.member == member, choice.c.app == app, choice.c.form == form)
    there = sa.and_(
        view.c.app == app,
        view.c.form == form,
        view.c.deleted_at.is_(None),
        sa.or_(view.c.owner.is_(None), view.c.owner == member),
    )
    return (
        sa.select(choice.c.default_view, choice.c.tabs, choice.c.kept, view)
        .select_from(one.outerjoin(choice, mine).outerjoin(view, there))
        .order_by(view.c.owner.is_not(None), view.c.position, view.c.id)
    )


def shared(unit: Unit, form: Form) -> list[SavedView]:
    """The views of a form that more than one person uses: what indexes are made for."""
    statement = sa.select(view).where(
        view.c.app == form.app, view.c.form == form.key, view.c.owner.is_(None), view.c.deleted_at.is_(None)
    )
    return [_saved(row) for row in unit.execute(statement.order_by(view.c.position, view.c.id))]


def _saved(row: Any) -> SavedView:
    return SavedView(
        key=row.key or str(row.id),
        kind=row.kind,
        label=json.loads(row.label),
        settings=json.loads(row.settings),
        id=row.id,
        version=row.version,
        owner=row.owner,
        audience=tuple(json.loads(row.audience)) if row.audience else (),
        is_cover=row.key is not None,
        position=row.position,
    )


def is_for(actor: Actor, form: Form, found: SavedView) -> bool:
    """Whether a view is there for the actor at all."""
    if found.is_personal:
        return found.owner == actor.member
    return "*" in found.audience or bool(actor.roles & set(found.audience)) or may_share(actor, form)


def may_share(actor: Actor, form: Form) -> bool:
    """Whether he may make and change views for others: who keeps the system or builds this app."""
    return actor.may_build(form.app)


def may_change(actor: Actor, form: Form, found: View) -> bool:
    """Whether he may change, rename or delete the view; a view of the document counts as shared."""
    if isinstance(found, SavedView) and found.is_personal:
        return actor.may_write and found.owner == actor.member
    return may_share(actor, form)


# --- writing ----------------------------------------------------------------------------------------------------


def create(at: Scope, label: str, kind: str, settings: Mapping[str, Any], audience: Iterable[str] = ()) -> SavedView:
    """A new view: his own, or with an `audience` (names of roles, `*`) one for others. Raises `Invalid`, `Denied`."""
    at.actor.require_write()
    audience = _audience(at, audience)
    if audience and not may_share(at.actor, at.form):
        raise Denied(N_("Only who builds this app shares views."), action="share")
    values = {
        "label": json.dumps(_label(label), ensure_ascii=False),
        "kind": kind,
        "settings": _checked(kind, settings),
        "owner": None if audience else at.actor.member,
        "audience": json.dumps(audience) if audience else None,
        "position": _last(at, bool(audience)) + 1,
    }
    return _insert(at, values)


def save(at: Scope, found: View, settings: Mapping[str, Any], *, version: int | None) -> SavedView:
    """Keep what was changed in a view, for everybody who has it. Raises `Stale` when somebody else was faster; its
    detail `current` is the view as it is now."""
    _require_change(at, found)
    text = _checked(found.kind, settings)
    if not isinstance(found, SavedView):  # the document's view is covered by one that was changed
        values = {
            "key": found.key or None,
            "label": json.dumps(found.label, ensure_ascii=False),
            "kind": found.kind,
            "settings": text,
            "audience": json.dumps(EVERYBODY),
            "position": 0,
        }
        try:
            with at.unit.savepoint():
                return _insert(at, values)
        except IntegrityError:
            raise _stale(at, found.key) from None
    if version != found.version:
        raise _stale(at, found.key)
    return _update(at, found, settings=text)


def change(
    at: Scope, found: View, *, label: str, audience: Iterable[str] | None = None, version: int | None = None
) -> SavedView:
    """Another name, or other people who have it (None: as before; nobody: it becomes his own)."""
    _require_change(at, found)
    if not isinstance(found, SavedView):
        found = save(at, found, found.settings, version=None)
        version = found.version
    if version is not None and version != found.version:
        raise _stale(at, found.key)
    values: dict[str, Any] = {"label": json.dumps(_label(label), ensure_ascii=False)}
    if audience is not None and not found.is_cover:
        people = _audience(at, audience)
        if people and not may_share(at.actor, at.form):
            raise Denied(N_("Only who builds this app shares views."), action="share")
        values |= {
            "owner": None if people else at.actor.member,
            "audience": json.dumps(people) if people else None,
        }
    return _update(at, found, **values)


def delete(at: Scope, found: View) -> None:
    """Take a view away; one that covers a view of the document uncovers it. `restore` brings it back."""
    _require_change(at, found)
    if not isinstance(found, SavedView):
        raise Invalid(N_("This view belongs to the app; it is taken away where the app is built."))
    _update(at, found, deleted_at=clock.now())


def restore(at: Scope, id_: int) -> SavedView:
    """The view that was deleted, as it was."""
    at.actor.require_write()
    row = at.unit.execute(
        sa.select(view).where(view.c.id == id_, view.c.app == at.form.app, view.c.form == at.form.key)
    ).one_or_none()
    found = _saved(row) if row is not None else None
    if found is None or not is_for(at.actor, at.form, found):
        raise NotFound(N_("There is no view “{key}”.", key=str(id_)))
    _require_change(at, found)
    try:
        with at.unit.savepoint():
            return _update(at, found, deleted_at=None)
    except IntegrityError:
        raise Conflict(N_("The view has been changed anew since.")) from None


def choose(at: Scope, **values: Any) -> None:
    """Remember what he chose for the form: `default_view` (a key), `tabs` (keys in order)."""
    at.actor.require_write()
    if "tabs" in values:
        values["tabs"] = json.dumps(list(values["tabs"])[: 3 * MOST])
    _remember(at, values)


def keep(at: Scope, found: View, **things: Any) -> None:
    """Remember how he looks at a view (widths of columns, folded lanes); what is None is forgotten."""
    at.actor.require_write()
    kept = {k: dict(v) for k, v in at.shelf.kept.items()}
    mine = {**kept.get(found.key, {}), **things}
    kept[found.key] = {k: v for k, v in mine.items() if v is not None}
    text = json.dumps({k: v for k, v in kept.items() if v}, ensure_ascii=False)
    if len(text) > LARGEST:
        raise Invalid(N_("That is more than can be remembered."))
    _remember(at, {"kept": text})


def _remember(at: Scope, values: Mapping[str, Any]) -> None:
    from sqlalchemy.dialects import postgresql, sqlite

    key = {"member": at.actor.member, "app": at.form.app, "form": at.form.key}
    insert = (sqlite if at.unit.dialect == "sqlite" else postgresql).insert(choice).values(**key, **values)
    at.unit.execute(insert.on_conflict_do_update(index_elements=list(key), set_=dict(values)))
    at.__dict__.pop("shelf", None)


def _insert(at: Scope, values: Mapping[str, Any]) -> SavedView:
    if len(at.shelf.views) >= 2 * MOST:
        raise Invalid(N_("There are {n} views already; delete some first.", n=len(at.shelf.views)))
    now = clock.now()
    stamps = {"created_at": now, "created_by": at.actor.member, "updated_at": now, "updated_by": at.actor.member}
    row = at.unit.execute(
        view.insert().values(app=at.form.app, form=at.form.key, version=1, **stamps, **values).returning(view)
    ).one()
    return _done(at, _saved(row))


def _update(at: Scope, found: SavedView, **values: Any) -> SavedView:
    stamps = {"updated_at": clock.now(), "updated_by": at.actor.member, "version": found.version + 1}
    row = at.unit.execute(
        view.update()
        .where(view.c.id == found.id, view.c.version == found.version)
        .values(**stamps, **values)
        .returning(view)
    ).one_or_none()
    if row is None:
        raise _stale(at, found.key)
    after = _saved(row)
    return _done(at, after, is_shared=not (found.is_personal and after.is_personal))


def _done(at: Scope, found: SavedView, *, is_shared: bool | None = None) -> SavedView:
    at.__dict__.pop("shelf", None)
    if is_shared if is_shared is not None else not found.is_personal:
        _index(at.unit, at.actor, at.form, at.definitions.app(at.form.app).version)
    return found


def _index(unit: Unit, actor: Actor, form: Form, version: int) -> None:
    """The worker looks whether the form's indexes still fit its views."""
    building = definition_tables.building
    is_open = sa.select(building.c.id).where(
        building.c.app == form.app,
        building.c.form == form.key,
        building.c.what == "index",
        building.c.state == "open",
    )
    if unit.execute(is_open.limit(1)).first() is None:
        work = {"app": form.app, "form": form.key, "what": "index", "version": version, "payload": "{}"}
        unit.execute(building.insert().values(state="open", created_at=clock.now(), **work))
    storage.get().start(unit, form.app, actor)


def _last(at: Scope, is_shared: bool) -> int:
    return max((v.position for v in at.shelf.views if v.is_personal is not is_shared), default=0)


def _label(text: str) -> str:
    text = " ".join(text.replace("\0", "").split())
    if not text or len(text) > LONGEST_LABEL:
        message = N_("A view needs a name of at most {n} characters.", n=LONGEST_LABEL)
        raise Invalid(message, problems=[Problem("label", message, "label")])
    return text


def _audience(at: Scope, names: Iterable[str]) -> list[str]:
    known = {"*", *(role.name for app in at.definitions.apps.values() for role in app.roles.values())}
    wanted = [name for name in dict.fromkeys(names) if name]
    if unknown := [name for name in wanted if name not in known]:
        raise Invalid(N_("There is no role “{name}”.", name=unknown[0][:60]))
    return ["*"] if "*" in wanted else wanted


def _checked(kind: str, settings: Mapping[str, Any]) -> str:
    """The settings as they are stored; raises `Invalid` where the kind does not know them."""
    report = Report()
    made = view_kinds.get(kind).settings.check(dict(settings), "view", report)
    if report.problems:
        raise Invalid(N_("This view cannot be saved as it is."), problems=report.problems)
    text = json.dumps({k: v for k, v in (made or {}).items() if v is not None}, ensure_ascii=False)
    if len(text) > LARGEST:
        raise Invalid(N_("This view cannot be saved as it is."))
    return text


def _require_change(at: Scope, found: View) -> None:
    at.actor.require_write()
    if not may_change(at.actor, at.form, found):
        raise Denied(N_("This view is for others too; only who builds this app changes it."), action="share")


def _stale(at: Scope, key: str) -> Stale:
    at.__dict__.pop("shelf", None)
    current = next((v for v in at.shelf.views if v.key == key), None)
    return Stale(N_("Somebody else has changed this view meanwhile."), current=current)
