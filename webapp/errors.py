"""What can go wrong, in words. Every error carries a stable `code`, a `Message`, and problems by place.

`status` is the HTTP status the edges answer with; the core only names it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from webapp.i18n import N_, Message


@dataclass(frozen=True)
class Problem:
    """One thing to mend: where (`forms.deal.fields.amount` or a field key), what, and the nearest good name."""

    path: str
    message: Message
    code: str = "invalid"
    near: str | None = None

    def text(self, locale: str | None) -> str:
        text = self.message.text(locale)
        return f"{text} {N_('Did you mean “{name}”?', name=self.near).text(locale)}" if self.near else text


class MortiseError(Exception):
    """Base of all expected errors."""

    code = "error"
    status = 500

    def __init__(self, message: Message, *, problems: Iterable[Problem] = (), **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)
        self.code = detail.pop("code", self.code)
        self.detail = detail

    def __str__(self) -> str:
        return "\n".join([str(self.message), *(f"  {p.path}: {p.text('en')}" for p in self.problems)])


class Invalid(MortiseError):
    """Input that cannot be taken; `problems` name the fields or paths."""

    code, status = "invalid", 422


class NotFound(MortiseError):
    """It does not exist, or not for this actor: the two are never told apart."""

    code, status = "not_found", 404


class Denied(MortiseError):
    """The actor may not do this (used for actions and pages, never for the existence of a record)."""

    code, status = "denied", 403


class Unauthenticated(MortiseError):
    code, status = "unauthenticated", 401


class Stale(MortiseError):
    """The record changed since it was read; `detail` has `current_version` and what differs."""

    code, status = "stale", 412


class Conflict(MortiseError):
    code, status = "conflict", 409


class Busy(MortiseError):
    """Somebody else holds what is needed; trying again later helps."""

    code, status = "busy", 503


class TooMany(MortiseError):
    """Slowed down; `detail['retry_after']` is in seconds."""

    code, status = "too_many", 429


class TooLarge(MortiseError):
    code, status = "too_large", 413


class NoRoom(MortiseError):
    """The disk is full."""

    code, status = "no_room", 507


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The good name most like `name`, if any is like enough to be worth offering."""
    good = {n.lower(): n for n in names}
    found = difflib.get_close_matches(name.lower(), good, n=1, cutoff=0.6)
    return good[found[0]] if found else None
