"""Guessing is slowed down and locked out, counted in the database so that all processes count together.

A try is counted before the password is looked at and given back when it was right: guesses sent side by side count
like guesses sent in turn. Five wrong tries at an account, or thirty from an address, and the next must wait: one
minute, then twice as long after each further one, an hour at most. A day without tries forgets everything.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from webapp import clock
from webapp.access.tables import attempt
from webapp.db import Unit
from webapp.errors import TooMany
from webapp.i18n import N_

FREE_FOR_ACCOUNT, FREE_FOR_ADDRESS = 5, 30
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Try:
    """A counted try. `left` is how many more the account has before it must wait, if this one is wrong; `locks` says
    that a pause begins then, for the account or for the address."""

    account: str
    address: str
    left: int
    locks: bool = False


def begin(unit: Unit, account: str, address: str) -> Try:
    """Count a try at `account` from the network address; raises `TooMany` with `retry_after` while one must wait."""
    now = clock.now()
    unit.execute(attempt.delete().where(attempt.c.since < now - _FORGOTTEN_AFTER))
    subjects = {_hash("account", account): FREE_FOR_ACCOUNT, _hash("address", _network(address)): FREE_FOR_ADDRESS}
    waits = [wait for subject in subjects if (wait := _wait(unit, subject, now)) is not None]
    if waits:
        seconds = math.ceil((max(waits) - now).total_seconds())
        minutes = math.ceil(seconds / 60)
        raise TooMany(N_("Too many wrong tries. Try again in {n} min.", n=minutes), retry_after=seconds)
    failures = [_count(unit, subject, free, now) for subject, free in subjects.items()]
    account_hash, address_hash = subjects
    locks = failures[0] >= FREE_FOR_ACCOUNT or failures[1] >= FREE_FOR_ADDRESS
    return Try(account_hash, address_hash, left=max(0, FREE_FOR_ACCOUNT - failures[0]), locks=locks)


def succeed(unit: Unit, counted: Try) -> None:
    """The try was right: the account is forgotten, the address gets this try back."""
    unit.execute(attempt.delete().where(attempt.c.subject == counted.account))
    unit.execute(
        attempt.update()
        .where(attempt.c.subject == counted.address)
        .values(failures=sa.case((attempt.c.failures > 0, attempt.c.failures - 1), else_=0), until=None)
    )


def forgive(unit: Unit, account: str) -> None:
    """Let an account try again at once (an administrator gave it a new password)."""
    unit.execute(attempt.delete().where(attempt.c.subject == _hash("account", account)))


def _wait(unit: Unit, subject: str, now: datetime) -> datetime | None:
    until: datetime | None = unit.execute(
        sa.select(attempt.c.until).where(attempt.c.subject == subject).with_for_update()
    ).scalar_one_or_none()
    return until if until is not None and until > now else None


def _count(unit: Unit, subject: str, free: int, now: datetime) -> int:
    """Add one failure and answer how many there are; from `free` on a pause begins."""
    insert = _insert(unit)
    failures: int = unit.execute(
        insert(attempt)
        .values(subject=subject, failures=1, since=now)
        .on_conflict_do_update(index_elements=["subject"], set_={"failures": attempt.c.failures + 1, "since": now})
        .returning(attempt.c.failures)
    ).scalar_one()
    if failures >= free:
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures - free, 10))
        unit.execute(attempt.update().where(attempt.c.subject == subject).values(until=now + pause))
    return failures


def _insert(unit: Unit):
    from sqlalchemy.dialects import postgresql, sqlite

    return sqlite.insert if unit.dialect == "sqlite" else postgresql.insert


def _hash(kind: str, text: str) -> str:
    """People type their password into the wrong box: what they typed is not kept readable."""
    return hashlib.sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _network(address: str) -> str:
    """One household or server has a whole IPv6 network of /64: it counts as one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)
