"""The first page: what there is for this person."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from webapp import clock
from webapp.backups import keeping
from webapp.engines.forms import finder, formats, overview
from webapp.i18n import N_
from webapp.web import frame, language, respond, scope

blueprint = Blueprint("workbench", __name__)
blueprint.app_context_processor(frame.context)


@blueprint.get("/")
def show() -> Any:
    unit, actor, locale = scope.unit(), scope.actor(), language.locale()
    if request.args.get("part") == "counts":
        return respond.part("workbench/_counts.html", counts=overview.counts(unit, actor))
    today = clock.today(unit.zone)
    return respond.page(
        "workbench/workbench.html",
        apps=overview.apps(unit, actor, locale),
        recent=overview.recent(unit, actor, locale),
        greeting=_greeting(clock.zone()).text(locale),
        today=formats.day(today, locale),
        name=actor.name,
        is_keeper=actor.is_keeper,
        may_demo=actor.may_write and (actor.is_keeper or any(r.startswith("builder") for r in actor.roles)),
        backup_trouble=keeping.trouble(unit) if actor.is_keeper else None,
    )


@blueprint.get("/search")
def search() -> Any:
    """Records of all forms; the palette asks with every letter, a browser without scripts gets a page."""
    text = request.args.get("q", "")
    found = finder.find(scope.unit(), scope.actor(), text, language.locale())
    return respond.page("workbench/search.html", part="workbench/_found.html", found=found, text=text.strip())


def _greeting(zone: str) -> Any:
    from zoneinfo import ZoneInfo

    hour = clock.now().astimezone(ZoneInfo(zone)).hour
    if hour < 5 or hour >= 18:
        return N_("Good evening")
    return N_("Good morning") if hour < 12 else N_("Good afternoon")


from webapp.blueprints.workbench import demo  # noqa: E402, F401  (it adds routes)
