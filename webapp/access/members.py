"""Members: who works here. Nobody is ever removed: a leaver is disabled, and his sessions and tokens end at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import attempts, audit, departments, guard, sessions, tokens
from webapp.access.actor import Actor
from webapp.access.tables import department, department_member, member, reset
from webapp.db import Unit
from webapp.errors import Conflict, Invalid, NotFound, Problem
from webapp.expressions.fold import fold
from webapp.i18n import LANGUAGES, N_

_EMAIL = re.compile(r"[^@\s<>\"',;:\\]+@[^@\s<>\"',;:\\]+")
NO_EMAIL = N_("This is not an e-mail address.")
_TAKEN = N_("Somebody with this address is a member already.")


@dataclass(frozen=True)
class Member:
    id: int
    email: str
    name: str
    department: int | None
    locale: str | None
    zone: str | None
    theme: str | None
    is_active: bool
    has_password: bool


#: How names sort. `engines.forms` knows pinyin and sets it when it is imported.
sort_key: Callable[[str], str] = fold


def add(
    unit: Unit,
    actor: Actor | None,
    email: str,
    name: str,
    *,
    department_id: int | None = None,
    locale: str | None = None,
    password: str | None = None,
) -> int:
    """A new member's id. `password` is a hash (`passwords.hashed`).

    `actor` is None only for the first member of an empty firm. Raises `Invalid` and `Conflict`.
    """
    if actor is not None:
        guard.require_people(actor)
    elif not is_empty(unit):
        raise Conflict(N_("This system has been set up already."))
    email = normal_email(email)
    _check(unit, email, name, department_id, locale)
    if by_email(unit, email) is not None:
        raise Conflict(_TAKEN, problems=[Problem("email", _TAKEN)])
    made = unit.execute(
        member.insert().values(
            email=email,
            name=name.strip(),
            sort_key=sort_key(name.strip()),
            password=password,
            department=department_id,
            locale=locale,
            is_active=True,
            created_at=clock.now(),
        )
    )
    id_ = int(made.inserted_primary_key[0])  # type: ignore[index]
    audit.add(unit, actor, "member_added", id_, email=email, name=name.strip(), department=department_id)
    return id_


def is_empty(unit: Unit) -> bool:
    """Whether nobody is a member yet."""
    return unit.execute(sa.select(member.c.id).limit(1)).first() is None


def get(unit: Unit, member_id: int) -> Member:
    return _one(unit, member.c.id == member_id)


def by_email(unit: Unit, email: str) -> Member | None:
    try:
        return _one(unit, member.c.email == normal_email(email))
    except NotFound:
        return None


def listed(unit: Unit, *, with_leavers: bool = False) -> list[Member]:
    """All members by name."""
    found = _select() if with_leavers else _select().where(member.c.is_active)
    return [Member(**row._mapping) for row in unit.execute(found.order_by(member.c.sort_key, member.c.id))]


def rename(unit: Unit, actor: Actor, member_id: int, name: str) -> None:
    guard.require_care_of(unit, actor, member_id)
    _refuse_bad_name(name)
    before = get(unit, member_id).name
    _update(unit, member_id, name=name.strip(), sort_key=sort_key(name.strip()))
    audit.add(unit, actor, "member_renamed", member_id, before=before, after=name.strip())


def readdress(unit: Unit, actor: Actor, member_id: int, email: str) -> None:
    """Another address to sign in with; links on their way to the old one are void."""
    guard.require_power_over(unit, actor, member_id)
    email = normal_email(email)
    if not is_email(email):
        raise _invalid("email", NO_EMAIL)
    before = get(unit, member_id).email
    if email == before:
        return
    if by_email(unit, email) is not None:
        raise Conflict(_TAKEN, problems=[Problem("email", _TAKEN)])
    _update(unit, member_id, email=email)
    unit.execute(reset.delete().where(reset.c.member == member_id))
    audit.add(unit, actor, "member_readdressed", member_id, before=before, after=email)


def prefer(unit: Unit, actor: Actor, member_id: int, **values: str | None) -> None:
    """Set a member's own `locale`, `zone` or `theme`."""
    guard.require_care_of(unit, actor, member_id)
    if unknown := set(values) - {"locale", "zone", "theme"}:
        raise TypeError(f"not a preference: {unknown}")
    if values.get("locale") not in (None, *LANGUAGES):
        raise _invalid("locale", N_("This language is not there."))
    if values.get("theme") not in (None, "light", "dark", "system"):
        raise _invalid("theme", N_("This theme is not there."))
    if (zone := values.get("zone")) is not None and not clock.is_zone(zone):
        raise _invalid("zone", N_("This time zone is not known."))
    if values:
        _update(unit, member_id, **values)


def place(unit: Unit, actor: Actor, member_id: int, main: int | None, further: tuple[int, ...] = ()) -> None:
    """Put a member into a main department and further ones. His records stay where they are."""
    guard.require_power_over(unit, actor, member_id)
    wanted = set(further) - {main}
    for one in {*wanted, main} - {None}:
        if unit.execute(sa.select(department.c.id).where(department.c.id == one)).first() is None:
            raise _invalid("department", N_("There is no such department."))
    _update(unit, member_id, department=main)
    unit.execute(department_member.delete().where(department_member.c.member == member_id))
    for one in sorted(wanted):
        unit.execute(department_member.insert().values(member=member_id, department=one))
    audit.add(unit, actor, "member_placed", member_id, department=main, further=sorted(wanted))


def set_password(unit: Unit, actor: Actor, member_id: int, hashed: str, *, but: str | None = None) -> None:
    """Set a password (its hash) and sign the member out everywhere, except where the session cookie `but` is."""
    guard.require_care_of(unit, actor, member_id)
    _update(unit, member_id, password=hashed)
    unit.execute(reset.delete().where(reset.c.member == member_id))  # a link on its way is void
    sessions.end_all_of(unit, member_id, but=but)
    attempts.forgive(unit, get(unit, member_id).email)
    audit.add(unit, actor, "password_set", member_id)


def kept_password(unit: Unit, actor: Actor) -> str | None:
    """The hash of the actor's own password, to compare with what he types."""
    found: str | None = unit.execute(sa.select(member.c.password).where(member.c.id == actor.member)).scalar()
    return found


def disable(unit: Unit, actor: Actor, member_id: int, *, heir: int | None = None) -> None:
    """He left: no session, token or password of his opens anything from the next request on.

    The departments he heads go to `heir`, else to whoever heads the next one above; where nobody does, they have no
    head. His records stay his until they are handed over (`engines.forms.handover`).
    """
    guard.require_power_over(unit, actor, member_id)
    guard.require_another_keeper(unit, member_id)
    if heir is not None and (heir == member_id or not is_here(unit, heir)):
        raise _invalid("heir", N_("Choose somebody else who is here."))
    _update(unit, member_id, is_active=False)
    sessions.end_all_of(unit, member_id)
    tokens.end_all_of(unit, member_id)
    audit.add(unit, actor, "member_disabled", member_id)
    departments.pass_on(unit, actor, member_id, heir)


def is_here(unit: Unit, member_id: int) -> bool:
    """Whether there is such a member, who has not left."""
    found = sa.select(member.c.id).where(member.c.id == member_id, member.c.is_active)
    return 0 < member_id < 2**63 and unit.execute(found).first() is not None


def enable(unit: Unit, actor: Actor, member_id: int) -> None:
    """He is back, with his roles; he signs in anew."""
    guard.require_power_over(unit, actor, member_id)
    _update(unit, member_id, is_active=True)
    audit.add(unit, actor, "member_enabled", member_id)


def is_email(text: str) -> bool:
    return len(text) <= 254 and _EMAIL.fullmatch(text) is not None


def normal_email(text: str) -> str:
    """The address as it is kept and compared; a NUL, which PostgreSQL takes in no text, is nobody's."""
    return fold(text.strip()).replace("\0", "\ufffd")


def _one(unit: Unit, which: sa.ColumnElement[bool]) -> Member:
    row = unit.execute(_select().where(which)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such member."))
    return Member(**row._mapping)


def _select() -> sa.Select[Any]:
    c = member.c
    shown = (c.id, c.email, c.name, c.department, c.locale, c.zone, c.theme, c.is_active)
    return sa.select(*shown, c.password.is_not(None).label("has_password"))


def _update(unit: Unit, member_id: int, **values: Any) -> None:
    if unit.execute(member.update().where(member.c.id == member_id).values(**values)).rowcount == 0:
        raise NotFound(N_("There is no such member."))


def _check(unit: Unit, email: str, name: str, department_id: int | None, locale: str | None) -> None:
    if not is_email(email):
        raise _invalid("email", NO_EMAIL)
    _refuse_bad_name(name)
    if locale not in (None, *LANGUAGES):
        raise _invalid("locale", N_("This language is not there."))
    if department_id is not None:
        exists = unit.execute(sa.select(department.c.id).where(department.c.id == department_id)).first()
        if exists is None:
            raise _invalid("department", N_("There is no such department."))


def _refuse_bad_name(name: str) -> None:
    if not 0 < len(name.strip()) <= 100 or any(ord(c) < 32 for c in name):
        raise _invalid("name", N_("A name of 1 to 100 characters is needed."))


def _invalid(path: str, message: Any) -> Invalid:
    return Invalid(message, problems=[Problem(path, message)])
