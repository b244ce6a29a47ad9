"""Currencies that are money somewhere today, for a firm to choose from."""

from __future__ import annotations

import functools

_FIRST = ("CNY", "USD", "EUR", "GBP", "JPY", "HKD", "TWD", "SGD")


@functools.cache
def choices(locale: str) -> tuple[tuple[str, str], ...]:
    """(code, ``Euro (EUR)``): the frequent ones first, then by name."""
    from babel.numbers import get_currency_name

    named = {code: f"{get_currency_name(code, locale=locale)} ({code})" for code in known()}
    rest = sorted((code for code in named if code not in _FIRST), key=lambda code: named[code])
    return tuple((code, named[code]) for code in (*_FIRST, *rest))


@functools.cache
def known() -> frozenset[str]:
    from babel.core import get_global
    from babel.numbers import get_territory_currencies

    territories = get_global("territory_currencies")
    return frozenset(code for territory in territories for code in get_territory_currencies(territory))


def of_zone(zone: str) -> str:
    """What people pay with where this time zone is."""
    from babel.core import get_global
    from babel.numbers import get_territory_currencies

    found = get_territory_currencies(get_global("zone_territories").get(zone, "CN"))
    return found[0] if found else "CNY"
