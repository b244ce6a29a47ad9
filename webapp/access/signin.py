"""Signing in with an address and a password. Unknown accounts answer like known ones, in the same time."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp.access import attempts, audit, members, passwords, sessions
from webapp.access.tables import member
from webapp.db import Database
from webapp.errors import MortiseError
from webapp.i18n import N_


class WrongPassword(MortiseError):
    """Address and password do not belong together; `detail['left']` tries are left."""

    code, status = "wrong_password", 422


@dataclass(frozen=True)
class SignedIn:
    member: int
    cookie: str


def sign_in(
    database: Database,
    email: str,
    password: str,
    *,
    address: str,
    device: str | None,
    lasts: timedelta,
    outside: AbstractContextManager[Any] | None = None,
    replaces: str | None = None,
) -> SignedIn:
    """Check the password and begin a session; raises `WrongPassword` or `TooMany`.

    address   where the request comes from
    outside   entered while hashing: a request gives its turn to others meanwhile
    replaces  cookie of a session that ends with this
    """
    account = members.normal_email(email)
    with database.write() as unit:
        counted = attempts.begin(unit, account, address)
        row = unit.execute(
            sa.select(member.c.id, member.c.password).where(member.c.email == account, member.c.is_active)
        ).one_or_none()
    kept = row.password if row else None
    new_hash = None
    with outside or nullcontext():
        is_right = passwords.is_right(database.settings, kept, password)
        if is_right and kept and passwords.needs_rehash(database.settings, kept):
            new_hash = passwords.hashed(database.settings, password)
    if not is_right or row is None:
        if counted.locks:  # for an unknown account too, so that both take the same time; what was typed is not kept
            with database.write() as unit:
                audit.add(unit, None, "locked_out", row.id if row else None, origin=address)
        raise _wrong(counted.left)
    with database.write() as unit:
        # Somebody may have disabled him or changed the password meanwhile.
        same = unit.execute(
            sa.select(member.c.id).where(member.c.id == row.id, member.c.is_active, member.c.password == kept)
        ).one_or_none()
        if same is None:
            raise _wrong(counted.left)
        attempts.succeed(unit, counted)
        if new_hash:
            unit.execute(member.update().where(member.c.id == row.id).values(password=new_hash))
        if replaces:
            sessions.end(unit, replaces)
        return SignedIn(row.id, sessions.begin(unit, row.id, device=device, lasts=lasts))


def _wrong(left: int) -> WrongPassword:
    if left == 0:
        return WrongPassword(N_("Wrong account or password. No more tries for now; wait a moment."), left=0)
    return WrongPassword(N_("Wrong account or password; {n} more tries.", n=left), left=left)
