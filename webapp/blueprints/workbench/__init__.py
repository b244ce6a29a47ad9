"""The first page: what waits for this person, what is his, and the numbers of his week."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, request

from webapp import clock
from webapp.backups import keeping
from webapp.engines.forms import formats
from webapp.engines.forms.days import duties, overview, team
from webapp.engines.forms.days.duties import Duties
from webapp.engines.forms.finding import finder
from webapp.i18n import N_, Message
from webapp.web import frame, language, respond, scope

blueprint = Blueprint("workbench", __name__)
blueprint.app_context_processor(frame.context)


@blueprint.get("/")
def show() -> Any:
    unit, actor, locale = scope.unit(), scope.actor(), language.locale()
    piece = request.args.get("part")
    if piece == "counts":
        return respond.part("workbench/_counts.html", counts=overview.counts(unit, actor))
    if piece == "team":
        return respond.part("workbench/_team.html", teams=team.of(unit, actor, locale))
    if piece == "mine":
        return respond.part("workbench/_mine.html", **_mine())
    of_team = request.args.get("of") == "team"
    waits = duties.of(unit, actor, locale, of_team=of_team)
    apps = overview.apps(unit, actor, locale)
    return respond.page(
        "workbench/workbench.html",
        apps=apps,
        quick=sorted([f for app in apps for f in app.forms if f.add], key=lambda f: not f.is_quick)[:6],
        figures=overview.figures(unit, actor, locale) if apps else [],
        waits=waits,
        of_team=of_team,
        has_team=team.may_look(unit, actor),
        said=_said(waits).text(locale),
        greeting=_greeting(clock.zone()).text(locale),
        today=_today(clock.today(unit.zone), locale),
        name=actor.name,
        may_build=actor.builds(),
        may_demo=actor.may_build(),
        backup_trouble=keeping.trouble(unit) if actor.is_keeper else None,
        **_mine(),
    )


def _mine() -> dict[str, Any]:
    what = request.args.get("what", "recent")
    what = what if what in overview.KINDS else "recent"
    return {"what": what, "mine": overview.mine(scope.unit(), scope.actor(), language.locale(), what)}


@blueprint.get("/search")
def search() -> Any:
    """Records of all forms; the palette asks with every letter, a browser without scripts gets a page."""
    text = request.args.get("q", "")
    found = finder.find(scope.unit(), scope.actor(), text, language.locale())
    return respond.page("workbench/search.html", part="workbench/_found.html", found=found, text=text.strip())


def _said(waits: Duties) -> Message:
    """The first line: in words what is due, and what does not move."""
    late, due = waits.late, waits.total
    if due and late:
        return N_("{due} things to do today, {late} of them late.", due=due, late=late)
    if due:
        return N_("{due} things to do today, none of them late.", due=due)
    if waits.stuck_total:
        return N_("Nothing is due today; {n} records do not move.", n=waits.stuck_total)
    return N_("Nothing is due today.")


_DAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip


def _today(today: date, locale: str) -> str:
    day = formats.day_in_list(today, locale, today)
    return N_("{day}, {weekday}", day=day, weekday=_DAYS[today.weekday()]).text(locale)


def _greeting(zone: str) -> Any:
    from zoneinfo import ZoneInfo

    hour = clock.now().astimezone(ZoneInfo(zone)).hour
    if hour < 5 or hour >= 18:
        return N_("Good evening")
    return N_("Good morning") if hour < 12 else N_("Good afternoon")


from webapp.blueprints.workbench import demo  # noqa: E402, F401  (it adds routes)
