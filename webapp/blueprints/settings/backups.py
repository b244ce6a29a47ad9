"""Backups: when they are made and which stay, the list of them, making and checking one now, and taking one away."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, send_file

from webapp import clock
from webapp.access import attempts, audit, members, passwords
from webapp.backups import folders, jobs, keeping
from webapp.blueprints.settings import blueprint
from webapp.errors import Invalid, NotFound, Stale, TooMany
from webapp.i18n import N_
from webapp.journal.due import Job
from webapp.web import language, respond, scope, sections, signing, stamps

_KEYS = ("is_on", "at", "daily", "weekly", "monthly")
_REASONS = {"hand": N_("by hand"), "schedule": N_("nightly"), "update": N_("before an update")}


@blueprint.get("/settings/backups")
def show_backups() -> Response:
    return _page(saved=N_("Saved") if "saved" in request.args else None)


@blueprint.get("/settings/backups/list")
def list_backups() -> Response:
    """What is being done, asked for again and again; once it is done, the whole list."""
    sections.enter("backups")
    if work := jobs.running(scope.unit()):
        return respond.part("settings/_making.html", work=[_shown(job) for job in work])
    return respond.retarget(respond.part("settings/_backups.html", **_listed()), "#backups", "outerHTML")


@blueprint.post("/settings/backups")
def create_backup() -> Response:
    actor = sections.enter("backups")
    jobs.order(scope.unit(), actor)
    return _again()


@blueprint.post("/settings/backups/<name>/check")
def check_backup(name: str) -> Response:
    actor = sections.enter("backups")
    jobs.order_check(scope.unit(), actor, name)
    return _again()


@blueprint.post("/settings/backups/plan")
def change_backups() -> Response:
    actor, unit = sections.enter("backups"), scope.unit()
    now = keeping.plan(unit)
    given: dict[str, Any] = {key: request.form.get(key, "").strip()[:20] for key in _KEYS}
    try:
        stamps.require(stamps.stamp(asdict(now)))
        keeping.change(unit, actor, given)
    except (Invalid, Stale) as error:
        scope.end_unit(commit=False)
        problems = {p.path: language.say(p.message) for p in error.problems}
        stale = language.say(error.message) if isinstance(error, Stale) else None
        return _page(status=412 if stale else 422, given=given, problems=problems, stale=stale)
    return respond.redirect("/settings/backups?saved=1", whole=True)


@blueprint.post("/settings/backups/<name>/download")
@scope.reading
def download_backup(name: str) -> Response:
    """Everything the firm knows leaves here: the password is asked for, and guesses count as at signing in."""
    actor, database = sections.enter("backups"), scope.database()
    path = folders.named(database.settings, name)
    if actor.kind != "member":
        raise NotFound(N_("There is no backup {file}.", file=name))
    mine = members.get(scope.unit(), actor.member)
    kept = members.kept_password(scope.unit(), actor)
    scope.end_unit(commit=False)
    try:
        with database.write() as unit:
            counted = attempts.begin(unit, mine.email, signing.address())
    except TooMany as error:
        return _page(status=429, asked=name, wrong=language.say(error.message))
    with scope.without_turn():
        is_right = passwords.is_right(database.settings, kept, request.form.get("password", ""))
    if not is_right:
        return _page(status=422, asked=name, wrong=language.say(N_("This is not your present password.")))
    with database.write() as unit:
        unit.origin = scope.origin()
        attempts.succeed(unit, counted)
        audit.add(unit, actor, "backup_downloaded", name=name)
    response = send_file(path, mimetype="application/x-tar", as_attachment=True, download_name=name, max_age=0)
    response.headers["Cache-Control"] = "no-store"
    return response


def _again() -> Response:
    """The list after something was ordered: a part for htmx, else the page."""
    scope.settle()
    if request.headers.get("HX-Request"):
        return respond.part("settings/_backups.html", **_listed())
    return respond.redirect("/settings/backups", whole=True)


def _page(
    *,
    status: int = 200,
    given: dict[str, Any] | None = None,
    problems: dict[str, str] | None = None,
    stale: str | None = None,
    asked: str | None = None,
    wrong: str | None = None,
    **more: Any,
) -> Response:
    sections.enter("backups")
    settings, plan = scope.app().settings, keeping.plan(scope.unit())
    return sections.show(
        "backups",
        "settings/backups.html",
        status=status,
        plan=plan,
        given=given or asdict(plan),
        is_on=(given or asdict(plan))["is_on"] in (True, "true"),
        problems=problems or {},
        stale=stale,
        seen=stamps.stamp(asdict(plan)),
        folder=str(folders.root(settings)),
        is_own_disk=folders.is_own_disk(settings),
        **_listed(asked, wrong),
        **more,
    )


def _listed(asked: str | None = None, wrong: str | None = None) -> dict[str, Any]:
    """What the list shows. `asked`: the one whose download waits for a password, `wrong` why it does not go."""
    unit, settings = scope.unit(), scope.app().settings
    checked, tried, plan = keeping.verified(unit), keeping.tried(unit), keeping.plan(unit)
    backups = [
        {
            "name": one.name,
            "made_at": one.made_at,
            "size": _size(one.size),
            "reason": _REASONS.get(one.reason or ""),
            "key": one.key,
            "error": language.say(one.error.message) if one.error else None,
            "checked_at": checked.get(one.name, (None, None))[0],
            "wrong": language.say(checked[one.name][1] or "") if one.name in checked else "",
        }
        for one in folders.listed(settings)
    ]
    return {
        "backups": backups,
        "tried": tried,
        "failed": language.say(tried.error) if tried and tried.error else None,
        "next_at": _next(plan, unit.zone),
        "work": [_shown(job) for job in jobs.running(unit)],
        "asked": asked,
        "wrong": wrong,
    }


def _shown(job: Job) -> dict[str, Any]:
    progress = job.progress or {}
    return {
        "title": N_("A backup is being checked") if job.kind == jobs.VERIFY else N_("A backup is being made"),
        "done": progress.get("done") or 0,
        "note": progress.get("note") or ("" if job.state == "running" else N_("Waits for the worker")),
        "error": job.error,
    }


def _next(plan: keeping.Plan, zone: str) -> datetime | None:
    """When the next nightly one is due."""
    if not plan.is_on:
        return None
    now = clock.now().astimezone(ZoneInfo(zone))
    hour, minute = map(int, plan.at.split(":"))
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return at if at > now else at + timedelta(days=1)


def _size(count: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1e3:.0f} KB"
