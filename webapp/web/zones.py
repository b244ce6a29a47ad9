"""Time zones of people: moments on pages are shown and typed in the zone of whoever is signed in; business dates stay
the firm's. Programs with a token are not people: what they send without a zone is the firm's time.
"""

from __future__ import annotations

import contextlib
import functools
import zoneinfo
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import g

from webapp import clock
from webapp.engines.forms import formats
from webapp.web import language, scope


def install(app: scope.App) -> None:
    app.before_request(_enter)
    app.teardown_request(_leave)
    app.jinja_env.filters.update(near=_near, moment=_moment)


def _enter() -> None:
    known = g.get("known")
    if known is None or known.actor.kind != "member" or not known.actor.zone or not clock.is_zone(known.actor.zone):
        return
    stack = contextlib.ExitStack()
    stack.enter_context(clock.in_zone(known.actor.zone))
    g.zone_stack = stack


def _leave(_error: BaseException | None) -> None:
    stack = g.pop("zone_stack", None)
    if stack is not None:
        stack.close()


def _near(value: datetime | None) -> str:
    """A moment as people say it: “Today 14:30”; nothing for none."""
    return "" if value is None else formats.near(value, language.locale(), clock.zone(), clock.now())


def _moment(value: datetime | None) -> str:
    """A moment in full, in the person's zone."""
    return "" if value is None else formats.moment(value, language.locale(), clock.zone())


def choices(locale: str) -> list[tuple[str, str]]:
    """(name, ``UTC+08:00 China (Shanghai) Time``) of the zones people live in, from west to east."""
    now = clock.now()
    found = [(_offset(name, now), words, name) for name, words in _places(locale)]
    return [(name, f"UTC{offset} {words}") for offset, words, name in sorted(found, key=lambda f: (_hours(f[0]), f[1]))]


def _hours(offset: str) -> float:
    """`+05:30` → 5.5"""
    hours, minutes = offset[1:].split(":")
    return (int(hours) + int(minutes) / 60) * (-1 if offset[0] == "-" else 1)


def named(name: str, locale: str) -> str:
    """One zone as people say it."""
    return dict(_places(locale)).get(name, name)


def _offset(name: str, now: datetime) -> str:
    return now.astimezone(ZoneInfo(name)).isoformat()[-6:]


@functools.cache
def _places(locale: str) -> tuple[tuple[str, str], ...]:
    from babel.core import get_global
    from babel.dates import get_timezone_location

    known = zoneinfo.available_timezones() & set(get_global("zone_territories"))
    return tuple((name, get_timezone_location(name, locale=locale)) for name in sorted(known))
