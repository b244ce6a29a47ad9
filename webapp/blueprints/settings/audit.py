"""The journal of people, rights and settings: who did what, when and from where; to look through and to take out."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request

from webapp import clock
from webapp.access import audit, directory
from webapp.access.audit import Entry
from webapp.blueprints.settings import blueprint
from webapp.blueprints.settings.members import said
from webapp.db import Unit
from webapp.definitions import versions
from webapp.i18n import N_
from webapp.web import language, respond, scope, sections
from webapp.web.htmx import htmx

_PAGE = 60
#: As many lines as one file holds.
_MOST = 50_000
_HEADS = (N_("When"), N_("Who"), N_("What"), N_("Whom"), N_("More"), N_("From where"), N_("Token"))


@blueprint.get("/settings/audit")
def show_audit() -> Response:
    actor, unit = sections.enter("audit"), scope.unit()
    asked, wanted = _asked()
    before = request.args.get("before", "")
    found = audit.listed(
        unit, actor, **wanted, limit=_PAGE + 1, before=int(before) if before.isdecimal() and len(before) < 16 else None
    )
    more = found[_PAGE - 1].id if len(found) > _PAGE else None
    context: dict[str, Any] = {
        "lines": [(entry, _detail(unit, entry)) for entry in found[:_PAGE]],
        "actions": audit.ACTIONS,
        "asked": asked,
        "more": _address(asked, before=more) if more else None,
    }
    if htmx.target_id == "lines" or (before and htmx.wants_part):
        return respond.part("settings/_audit.html", **context)
    return sections.show(
        "audit",
        "settings/audit.html",
        people=sorted(directory.everybody(unit).items(), key=lambda item: item[1]),
        groups=[(key, label) for key, (label, _) in audit.GROUPS.items()],
        export=_address(asked, path="/settings/audit/export"),
        **context,
    )


@blueprint.get("/settings/audit/export")
def export_audit() -> Response:
    """The same lines as a CSV file, the newest first."""
    actor, unit = sections.enter("audit"), scope.unit()
    _, wanted = _asked()
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([language.say(head) for head in _HEADS])
    for entry in audit.listed(unit, actor, **wanted, limit=_MOST):
        at = entry.at.astimezone(ZoneInfo(clock.zone())).isoformat(timespec="seconds")
        cells = [
            at, entry.actor_name or "", language.say(audit.ACTIONS[entry.action]), entry.member_name or "",
            _detail(unit, entry), entry.origin or "", str(entry.token or ""),
        ]  # fmt: skip
        writer.writerow([_tame(cell) for cell in cells])
    response = Response("\ufeff" + file.getvalue(), mimetype="text/csv")
    day = clock.today(clock.firm_zone()).isoformat()
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{day}.csv"'
    return response


def _tame(cell: str) -> str:
    """A text that a spreadsheet would take for a formula stays a text."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _asked() -> tuple[dict[str, str], dict[str, Any]]:
    """What was asked for as it stands in the address, and what it means."""
    asked = {key: request.args.get(key, "").strip()[:40] for key in ("member", "group", "from", "to")}
    number = asked["member"]
    wanted: dict[str, Any] = {
        "member_id": int(number) if number.isdecimal() and len(number) < 16 else None,
        "actions": audit.GROUPS[asked["group"]][1] if asked["group"] in audit.GROUPS else None,
        "since": _moment(asked["from"]),
        "until": _moment(asked["to"], days=1),
    }
    return asked, wanted


def _moment(text: str, days: int = 0) -> datetime | None:
    """The beginning of a day in the person's zone."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime.combine(day, time.min, ZoneInfo(clock.zone())).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _address(asked: dict[str, str], path: str = "/settings/audit", **more: Any) -> str:
    from urllib.parse import urlencode

    given = {key: value for key, value in {**asked, **more}.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def _detail(unit: Unit, entry: Entry) -> str:
    """The rest of a line in words: names for roles, before and after for what changed."""
    detail = {key: value for key, value in entry.detail.items() if value not in (None, [], "")}
    if "role" in detail:
        from webapp.access import roles

        return said(roles.label_of(str(detail["role"]), versions.current(unit)))
    if "after" in detail or "before" in detail:
        what = f"{detail.pop('setting')}: " if "setting" in detail else ""
        return f"{what}{detail.get('before', '–')} → {detail.get('after', '–')}"
    return ", ".join(f"{key} {value}" for key, value in detail.items())
