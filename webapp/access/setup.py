"""The first start: a link with a one-time secret lets whoever started the server become the first administrator."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from webapp import clock
from webapp.access import audit, firm, members, roles, secret
from webapp.access.actor import KEEPER
from webapp.access.tables import setting
from webapp.db import Unit
from webapp.errors import MortiseError
from webapp.i18n import N_

_KEY = "setup_link"
LASTS = timedelta(hours=24)


class LinkUsed(MortiseError):
    """The set-up link is not (or no longer) good; which of the two is not told."""

    code, status = "gone", 410


def issue(unit: Unit) -> str | None:
    """A fresh set-up secret, which replaces any earlier one; None when somebody is a member already."""
    if not members.is_empty(unit):
        return None
    text = secret.new()
    firm.write(unit, _KEY, {"hash": secret.hashed(text), "until": (clock.now() + LASTS).isoformat()})
    return text


def path(text: str) -> str:
    """The address of the set-up page, to be put behind the base URL."""
    return f"/setup/{text}"


def require(unit: Unit, text: str) -> None:
    """Raise `LinkUsed` unless `text` is the present set-up secret of a firm without members."""
    kept = firm.read(unit, _KEY).get(_KEY)
    good = (
        kept is not None
        and hmac.compare_digest(kept["hash"], secret.hashed(text))
        and clock.now() < datetime.fromisoformat(kept["until"])
    )
    if not good or not members.is_empty(unit):
        raise _used()


def claim(unit: Unit, text: str) -> None:
    """Use the link up; of two at once the second raises `LinkUsed`."""
    require(unit, text)
    if unit.execute(setting.delete().where(setting.c.key == _KEY)).rowcount == 0:
        raise _used()


def begin(
    unit: Unit,
    *,
    email: str,
    name: str,
    password: str,
    firm_name: str | None,
    locale: str,
    currency: str | None = None,
) -> int:
    """Make the first member, a keeper, and name the firm. `password` is a hash.

    The caller has claimed the link in this unit, or is on the machine itself.
    """
    member = members.add(unit, None, email, name, locale=locale, password=password)
    roles.give(unit, member, KEEPER)
    audit.add(unit, None, "role_granted", member, role=KEEPER)
    firm.write(unit, _KEY, None)
    firm.write(unit, "locale", locale)
    if currency:
        firm.write(unit, "currency", currency)
    if firm_name and firm_name.strip():
        firm.write(unit, "name", firm_name.strip()[:100])
    return member


def _used() -> LinkUsed:
    return LinkUsed(N_("This set-up link has been used or has expired. Start the server again for a new one."))
