"""Tokens for programs: a member's own, and for a keeper everybody's. The secret is shown once, when it is made."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request

from webapp import clock
from webapp.access import members, tokens
from webapp.blueprints.settings import blueprint
from webapp.errors import Invalid
from webapp.i18n import N_
from webapp.web import language, respond, scope, sections

#: How long a token lasts, as offered: days; 0 is for ever.
_LASTS = {"30": 30, "90": 90, "365": 365, "0": 0}


@blueprint.get("/me/tokens")
def show_my_tokens() -> Response:
    return _mine()


@blueprint.post("/me/tokens")
def create_token() -> Response:
    """Make one; its secret stands in this answer and nowhere else."""
    actor, unit = sections.enter("my-tokens"), scope.unit()
    given = {key: request.form.get(key, "").strip()[:200] for key in ("name", "scope", "lasts")}
    try:
        _, secret = tokens.create(
            unit, actor, actor.member, given["name"], scope=given["scope"], expires_at=_ends(given["lasts"])
        )
    except Invalid as error:
        scope.end_unit(commit=False)
        return _mine(status=422, given=given, problems={p.path: language.say(p.message) for p in error.problems})
    scope.settle()
    return _mine(secret=secret, made=given["name"])


@blueprint.post("/me/tokens/<int:number>/end")
def end_my_token(number: int) -> Response:
    actor, unit = sections.enter("my-tokens"), scope.unit()
    if all(row.id != number for row in tokens.listed(unit, actor, actor.member)):
        return respond.redirect("/me/tokens", whole=True)  # it has ended already
    tokens.revoke(unit, actor, number)
    return respond.redirect("/me/tokens?saved=ended", whole=True)


@blueprint.get("/settings/tokens")
def show_tokens() -> Response:
    """Everybody's, by who holds them."""
    actor = sections.enter("tokens")
    return sections.show(
        "tokens",
        "settings/tokens.html",
        saved=_said(),
        tokens=tokens.everybodys(scope.unit(), actor),
        now=clock.now(),
    )


@blueprint.post("/settings/tokens/<int:number>/end")
def end_token(number: int) -> Response:
    tokens.revoke(scope.unit(), sections.enter("tokens"), number)
    return respond.redirect("/settings/tokens?saved=ended", whole=True)


def _said() -> Any:
    return N_("The token has ended") if request.args.get("saved") == "ended" else None


def _ends(lasts: str) -> datetime | None:
    """The end of the last day, in the firm's time."""
    days = _LASTS.get(lasts, 90)
    if not days:
        return None
    zone = ZoneInfo(clock.firm_zone())
    return datetime.combine(clock.today(clock.firm_zone()) + timedelta(days=days), time.max, zone)


def _mine(status: int = 200, **more: Any) -> Response:
    actor, unit = sections.enter("my-tokens"), scope.unit()
    context: dict[str, Any] = {"given": {"name": "", "scope": "read", "lasts": "90"}, "problems": {}, "secret": None}
    return sections.show(
        "my-tokens",
        "settings/my_tokens.html",
        status=status,
        saved=_said(),
        me=members.get(unit, actor.member),
        tokens=tokens.listed(unit, actor, actor.member),
        now=clock.now(),
        address=scope.app().settings.base_url,
        **(context | more),
    )
