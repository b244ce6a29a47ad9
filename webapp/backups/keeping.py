"""When nightly backups are made and which of them stay: the newest of each of the last days, weeks and months.

Those made by hand are never removed by themselves, nor is the newest one; of those before updates the last few stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from webapp import clock
from webapp.access import audit, firm
from webapp.access.actor import Actor
from webapp.access.guard import require_keeper
from webapp.backups import archive, folders
from webapp.backups.folders import Backup
from webapp.config import Settings
from webapp.db import Unit
from webapp.errors import Invalid, Problem
from webapp.i18n import N_, Message

_PLAN, _TRIED, _VERIFIED = "backup_plan", "backup_tried", "backup_verified"
_TIME = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)")
_MOST = 366
_UPDATES = 5


@dataclass(frozen=True)
class Plan:
    """`at` is a time of day in the firm's zone; the numbers say how many of each stay."""

    is_on: bool = True
    at: str = "02:30"
    daily: int = 7
    weekly: int = 4
    monthly: int = 12


@dataclass(frozen=True)
class Tried:
    """How the last one went: `error` is None if it is good. `good_at`: the last good one."""

    at: datetime
    name: str | None
    error: Message | None
    good_at: datetime | None


def plan(unit: Unit) -> Plan:
    return _plan(firm.read(unit, _PLAN).get(_PLAN))


def _plan(given: Mapping[str, Any] | None) -> Plan:
    known = {one.name for one in fields(Plan)}
    return Plan(**{key: value for key, value in (given or {}).items() if key in known})


def chosen(unit: Unit) -> time | None:
    """The time of day for `periodic`."""
    found = plan(unit)
    return time.fromisoformat(found.at) if found.is_on else None


def change(unit: Unit, actor: Actor, values: Mapping[str, Any]) -> Plan:
    """Set the plan; raises `Invalid` with all that does not fit. Numbers may be texts, as a form sends them."""
    require_keeper(actor)
    made, problems = _read(values)
    if problems:
        raise Invalid(N_("The settings need mending."), problems=problems)
    before = plan(unit)
    found = Plan(**{**asdict(before), **made})
    if found != before:
        firm.write(unit, _PLAN, asdict(found))
        audit.add(unit, actor, "backup_plan_changed", **asdict(found))
    return found


def _read(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    made: dict[str, Any] = {}
    problems = []
    if "is_on" in values:
        made["is_on"] = values["is_on"] in (True, "true", "on", "1")
    if "at" in values:
        match = _TIME.fullmatch(str(values["at"]).strip())
        if match:
            made["at"] = f"{int(match.group(1)):02d}:{match.group(2)}"
        else:
            problems.append(Problem("at", N_("A time such as 02:30 is needed.")))
    for key in ("daily", "weekly", "monthly"):
        if key in values:
            text = str(values[key]).strip()
            if text.isdecimal() and int(text) <= _MOST:
                made[key] = int(text)
            else:
                problems.append(Problem(key, N_("A whole number from 0 to {most} is needed.", most=_MOST)))
    return made, problems


# --- what stays -------------------------------------------------------------------------------------------------


def leaving(backups: Sequence[Backup], kept: Plan, zone: str) -> list[Backup]:
    """The nightly ones that no day, week or month needs any more, and all but the last before updates."""
    nightly = [one for one in backups if one.error is None and one.reason == "schedule" and one.made_at is not None]
    nightly.sort(key=lambda one: one.made_at or clock.now(), reverse=True)
    local = ZoneInfo(zone)
    days = {one.name: (one.made_at or clock.now()).astimezone(local).date() for one in nightly}
    stay = {nightly[0].name} if nightly else set()
    spans: tuple[tuple[int, Callable[[date], Any]], ...] = (
        (kept.daily, lambda day: day),
        (kept.weekly, lambda day: day.isocalendar()[:2]),
        (kept.monthly, lambda day: (day.year, day.month)),
    )
    for count, span in spans:
        newest: dict[Any, str] = {}
        for one in nightly:
            newest.setdefault(span(days[one.name]), one.name)
        stay.update(list(newest.values())[:count])
    updates = [one for one in backups if one.error is None and one.reason == "update" and one.made_at is not None]
    updates.sort(key=lambda one: one.made_at or clock.now(), reverse=True)
    return [*(one for one in nightly if one.name not in stay), *updates[_UPDATES:]]


def clear(settings: Settings, kept: Plan) -> list[str]:
    """Remove those; their names."""
    gone = leaving(folders.listed(settings), kept, settings.timezone)
    for one in gone:
        one.path.unlink(missing_ok=True)
    if gone:
        archive.sync_folder(folders.root(settings))
    return [one.name for one in gone]


# --- how it went ------------------------------------------------------------------------------------------------


def _stored(message: Message | None) -> dict[str, Any] | None:
    """A message as it is kept, to be read in whoever's language."""
    if message is None:
        return None
    params = {key: _stored(v) if isinstance(v, Message) else str(v) for key, v in message.params.items()}
    return {"id": message.id, "params": params}


def _message(stored: Mapping[str, Any] | None) -> Message | None:
    if stored is None:
        return None
    params = {key: _message(v) if isinstance(v, Mapping) else v for key, v in stored["params"].items()}
    return Message(stored["id"], params)


def note(unit: Unit, name: str | None, error: Message | None) -> None:
    """Remember how the last one went."""
    now = clock.now().isoformat(timespec="seconds")
    before = firm.read(unit, _TRIED).get(_TRIED) or {}
    good = now if error is None else before.get("good_at")
    firm.write(unit, _TRIED, {"at": now, "name": name, "error": _stored(error), "good_at": good})


def tried(unit: Unit) -> Tried | None:
    return _tried(firm.read(unit, _TRIED).get(_TRIED))


def _tried(said: Mapping[str, Any] | None) -> Tried | None:
    if not said:
        return None
    good, error = said.get("good_at"), _message(said["error"])
    good_at = datetime.fromisoformat(good) if good else None
    return Tried(datetime.fromisoformat(said["at"]), said["name"], error, good_at)


def trouble(unit: Unit) -> Message | None:
    """Why the last backup failed, for those who can do something about it; None while all is well."""
    found = tried(unit)
    return found.error if found is not None else None


def note_verified(unit: Unit, name: str, error: Message | None, present: Iterable[str]) -> None:
    """Remember what `verify` found; of files that are gone nothing is kept."""
    there = set(present) | {name}
    before = firm.read(unit, _VERIFIED).get(_VERIFIED) or {}
    kept = {key: value for key, value in before.items() if key in there}
    firm.write(unit, _VERIFIED, {**kept, name: [clock.now().isoformat(timespec="seconds"), _stored(error)]})


def verified(unit: Unit) -> dict[str, tuple[datetime, Message | None]]:
    """Name → when it was last gone through, and what was wrong with it."""
    found = firm.read(unit, _VERIFIED).get(_VERIFIED) or {}
    return {name: (datetime.fromisoformat(at), _message(error)) for name, (at, error) in found.items()}
