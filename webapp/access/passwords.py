"""Passwords: Argon2id. Hashing takes time and memory on purpose: it runs outside transactions, a few at a time."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass

from webapp.access import strength
from webapp.config import Settings
from webapp.errors import Invalid, Problem
from webapp.i18n import N_, Message

SHORTEST, LONGEST = 10, 256
#: Hashes at once in this process: each takes `Settings.password_memory`.
_turns = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Judged:
    """`level` 0 (refused) to 4 and a sentence that says what it means or what is missing."""

    level: int
    text: Message


def judge(text: str, *, unlike: tuple[str, ...] = ()) -> Judged:
    """How strong a password is, while it is typed; level 0 is what `check` refuses."""
    try:
        check(text, unlike=unlike)
    except Invalid as error:
        return Judged(0, error.message)
    found = strength.bits(text, unlike)
    if found < strength.GOOD:
        return Judged(2, N_("Good enough. Another word makes it stronger."))
    return Judged(3, N_("Strong")) if found < strength.STRONG else Judged(4, N_("Very strong"))


def check(text: str, *, unlike: tuple[str, ...] = ()) -> None:
    """Raise `Invalid` for a password that is too short, too long, easy to guess, or one of `unlike` (name, address)."""
    plain = text.strip().lower()
    if len(text) < SHORTEST:
        problem = N_("A password has at least {n} characters.", n=SHORTEST)
    elif len(text) > LONGEST:
        problem = N_("A password has at most {n} characters.", n=LONGEST)
    elif any(part and plain == part.strip().lower() for part in unlike):
        problem = N_("The password is the same as the name or the address.")
    elif strength.bits(text, unlike) < strength.LEAST:
        problem = N_("This password is too easy to guess. Several words that have nothing to do with you are better.")
    else:
        return
    raise Invalid(problem, problems=[Problem("password", problem)])


def hashed(settings: Settings, text: str) -> str:
    with _turns:
        return str(_hasher(settings.password_memory).hash(text))


def is_right(settings: Settings, kept: str | None, text: str) -> bool:
    """Whether `text` is the password kept as `kept`; takes as long when there is none to compare with."""
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(text) > LONGEST:
        text = text[: LONGEST + 1]
    hasher = _hasher(settings.password_memory)
    try:
        with _turns:
            hasher.verify(kept or _nobody(settings.password_memory), text)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def needs_rehash(settings: Settings, kept: str) -> bool:
    """Whether the costs have changed since this hash was made."""
    return bool(_hasher(settings.password_memory).check_needs_rehash(kept))


@functools.cache
def _hasher(memory: int):
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=3, memory_cost=memory, parallelism=1)


@functools.cache
def _nobody(memory: int) -> str:
    """The hash of a password that nobody has."""
    return str(_hasher(memory).hash("\0nobody"))
