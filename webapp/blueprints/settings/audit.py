"""The journal of people, rights and settings: who did what, when and from where; to look through and to take out."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request

from webapp import clock
from webapp.access import audit, departments, directory, roles
from webapp.access.audit import Entry
from webapp.blueprints.settings import blueprint
from webapp.blueprints.settings.members import said
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Definitions
from webapp.engines.forms.transfer import exporting
from webapp.i18n import N_, Message
from webapp.web import language, numbers, respond, scope, sections
from webapp.web.htmx import htmx

_PAGE = 60
#: As many lines as one file holds.
_MOST = 50_000
_HEADS = (N_("When"), N_("Who"), N_("What"), N_("Whom"), N_("More"), N_("From where"), N_("Token"))


@blueprint.get("/settings/audit")
def show_audit() -> Response:
    actor, unit = sections.enter("audit"), scope.unit()
    asked, wanted = _asked()
    before = numbers.asked("before")
    found = audit.listed(unit, actor, **wanted, limit=_PAGE + 1, before=before)
    more = found[_PAGE - 1].id if len(found) > _PAGE else None
    names = _Names.of(unit)
    context: dict[str, Any] = {
        "lines": [(entry, _detail(names, entry)) for entry in found[:_PAGE]],
        "actions": audit.ACTIONS,
        "asked": asked,
        "more": _address(asked, before=more) if more else None,
    }
    if htmx.target_id == "lines" or (before is not None and htmx.wants_part):
        return respond.part("settings/_audit.html", **context)
    return sections.show(
        "audit",
        "settings/audit.html",
        people=sorted(names.members.items(), key=lambda item: item[1]),
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
    names = _Names.of(unit)
    for entry in audit.listed(unit, actor, **wanted, limit=_MOST):
        at = entry.at.astimezone(ZoneInfo(clock.zone())).isoformat(timespec="seconds")
        cells = [
            at, entry.actor_name or "", language.say(audit.ACTIONS[entry.action]), entry.member_name or "",
            _detail(names, entry), entry.origin or "", str(entry.token or ""),
        ]  # fmt: skip
        writer.writerow([_tame(cell) for cell in cells])
    response = Response("\ufeff" + file.getvalue(), mimetype="text/csv")
    day = clock.today(clock.firm_zone()).isoformat()
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{day}.csv"'
    return response


def _tame(cell: str) -> str:
    """A text that a spreadsheet would take for a formula stays a text."""
    return "'" + cell if cell[:1] in exporting.FORMULA else cell


def _asked() -> tuple[dict[str, str], dict[str, Any]]:
    """What was asked for as it stands in the address, and what it means."""
    asked = {key: request.args.get(key, "").strip()[:40] for key in ("member", "group", "from", "to")}
    wanted: dict[str, Any] = {
        "member_id": numbers.of(asked["member"]),
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


@dataclass(frozen=True)
class _Names:
    """What numbers in a line stand for; asked once a page."""

    members: dict[int, str]
    departments: dict[int, str]
    definitions: Definitions

    @classmethod
    def of(cls, unit: Unit) -> _Names:
        tree = {one.id: one.name for one in departments.tree(unit)}
        return cls(directory.everybody(unit), tree, versions.current(unit))


#: Keys of a line's detail → what stands before the value; those with "" speak for themselves.
_KEYS: dict[str, Message | str] = {
    "email": "",
    "name": "",
    "role": "",
    "department": N_("Department"),
    "parent": N_("Under"),
    "further": N_("Further departments"),
    "into": N_("Merge into"),
    "head": N_("Head"),
    "to": N_("Records go to"),
    "number": N_("No."),
    "scope": "",
    "expires_at": N_("Last day"),
    "made_at": N_("As of"),
    "mail": N_("by mail"),
    "app": "",
    "version": N_("Version"),
    "changes": N_("Changes"),
    "left_out": N_("Not taken over"),
    "count": N_("Number"),
}
_SETTINGS: dict[str, Message] = {
    "name": N_("Name of the firm"),
    "locale": N_("Language"),
    "currency": N_("Currency"),
    "accent": N_("Accent colour"),
    "logo": N_("Logo"),
}
_SCOPES = {"read": N_("reads only"), "write": N_("reads and writes")}


def _detail(names: _Names, entry: Entry) -> str:
    """The rest of a line in words: names for numbers, before and after for what changed."""
    detail = {key: value for key, value in entry.detail.items() if value not in (None, [], "")}
    if detail.get("name") == entry.member_name:
        detail.pop("name", None)
    comma = ", " if language.locale() == "en" else "，"
    if "after" in detail or "before" in detail:
        setting = _SETTINGS.get(str(detail.get("setting")))
        what = f"{language.say(setting)} " if setting else ""
        return f"{what}{detail.get('before', '–')} → {detail.get('after', '–')}"
    return comma.join(_said(names, key, value) for key, value in detail.items())


def _said(names: _Names, key: str, value: Any) -> str:
    title = language.say(_KEYS.get(key, key))
    shown = value
    if key == "role":
        shown = said(roles.label_of(str(value), names.definitions))
    elif key in ("department", "parent", "into") and isinstance(value, int):
        shown = names.departments.get(value, value)
    elif key == "further" and isinstance(value, list):
        shown = ", ".join(names.departments.get(one, str(one)) for one in value)
    elif key in ("to", "head") and isinstance(value, int):
        shown = names.members.get(value, value)
    elif key == "scope":
        shown = language.say(_SCOPES.get(str(value), str(value)))
    elif key == "app":
        app = names.definitions.apps.get(str(value))
        shown = language.label(app.label) if app else value
    elif key == "left_out" and isinstance(value, list):
        shown = len(value)
    elif key in ("expires_at", "made_at"):
        shown = str(value)[:10]
    elif value is True:
        return title
    return f"{title} {shown}".strip()
