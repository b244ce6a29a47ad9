"""A record's history in words: who did what, when, from what to what, in the reader's language.

Changes, comments and follow-ups stand in one order, the newest first. What one person did in one go is one entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from webapp import clock
from webapp.definitions.model import Field, Form
from webapp.engines.forms import formats
from webapp.engines.forms.around.activities import Done
from webapp.engines.forms.around.comments import Comment
from webapp.engines.forms.display import Cell, Eye, name_of, shown
from webapp.engines.forms.record import Entry, Linked, Masked
from webapp.files.refs import Files
from webapp.i18n import N_, Message

_PLACE = re.compile(r"\{(\w+)\}")
#: What one person changed within this time is told as one entry.
TOGETHER = timedelta(minutes=10)


@dataclass(frozen=True)
class Piece:
    """A run of words; `is_value` runs are what changed and stand out, `href` leads somewhere."""

    text: str
    is_value: bool = False
    href: str | None = None


@dataclass(frozen=True)
class Line:
    """One entry. `said` is one sentence; several changes at once stand below it in `more`, a sentence each.

    what       change, comment or activity
    why        through what it came about, where that was no person at a page
    text       of a comment or a follow-up, in runs: mentions stand out, addresses can be pressed
    undoes     ids of the events that can be taken back from here, the newest first
    """

    event: int
    icon: str
    who: str
    said: tuple[Piece, ...]
    at: datetime
    when: str
    via: str = ""
    more: tuple[tuple[Piece, ...], ...] = field(default=())
    what: str = "change"
    why: tuple[Piece, ...] = ()
    text: tuple[Piece, ...] = ()
    comment: Comment | None = None
    next: Cell | None = None
    undoes: tuple[int, ...] = ()
    actor: int | None = None
    change_set: int | None = None


_KINDS: dict[str, tuple[str, Message]] = {
    "created": ("plus", N_("created the record")),
    "updated": ("pencil", N_("changed {n} fields")),
    "deleted": ("trash", N_("moved the record to the bin")),
    "restored": ("arrow-back-up", N_("took the record out of the bin")),
    "purged": ("x", N_("removed the record for good")),
    "conversion": ("transform", N_("changed the kind of {n} fields")),
    "commented": ("message-2", N_("commented")),
}
_VIA: dict[str, Message] = {
    "api": N_("through the API"),
    "import": N_("by an import"),
    "rule": N_("by a rule"),
    "flow": N_("by a flow"),
    "undo": N_("by undoing"),
    "system": N_("by the system"),
}
_SET: dict[str, Message] = {
    "import": N_("with the import “{title}”"),
    "bulk": N_("together with others: {title}"),
    "batch": N_("together with others: {title}"),
    "undo": N_("taking back “{title}”"),
    "demo": N_("with the demo data"),
}
_CHANGED = N_("changed {field} from {before} to {after}")
_FILLED = N_("set {field} to {after}")
_EMPTIED = N_("emptied {field}, it was {before}")
_ADDED = N_("added {after} to {field}")
_REMOVED = N_("removed {before} from {field}")
_SWAPPED = N_("removed {before} from {field} and added {after}")
_ORDERED = N_("put {field} into another order")
_CONVERTED = N_("converted {field} from {before} to {after}")
_LOST = N_("converted {field}; {before} does not fit")
_FOLLOWED = N_("logged: {kind}")
_LOGGED = N_("logged a follow-up")

_TAKEN, _PUT_BACK = N_("took it out of the pool"), N_("put it into the pool")

_NONE: tuple[tuple[Piece, ...], ...] = ()
#: Kinds of events that are no news of their own: the comment itself says that it was edited.
_SILENT = ("comment_edited", "comment_deleted")


def lines(
    eye: Eye, form: Form, entries: Iterable[Entry], zone: str, *, done: Sequence[Done] = (), me: int | None = None
) -> list[Line]:
    """The entries in words, and follow-ups among them by their time.

    Changes of fields the reader may not see are left out, and entries of nothing else too. `me` may take back what
    stands under his own name.
    """
    made = [line for entry in entries if (line := _line(eye, form, entry, zone)) is not None]
    made = _grouped(eye, made)
    followed = [_followed(eye, one, zone) for one in done]
    return sorted([*made, *followed], key=lambda one: (one.at, one.event), reverse=True)


def _line(eye: Eye, form: Form, entry: Entry, zone: str) -> Line | None:
    if entry.kind in _SILENT or entry.set_kind == "follow_up":  # the follow-up itself says what comes next
        return None
    if entry.kind == "commented":
        return _commented(eye, entry, zone)
    changes = [
        _change(eye, form, entry, key, before, after)
        for key, (before, after) in entry.changes.items()
        if key in form.names and eye.sees(key) and key not in form.computed  # a formula follows what was done
    ]
    if entry.kind in ("updated", "conversion") and not changes:
        return None
    icon, verb = _KINDS.get(entry.kind, ("history", N_("changed {n} fields")))
    pooled = _pooled(eye, form, entry)
    if pooled is not None:
        icon, said, more = "users", _pieces(pooled, eye.locale), tuple(changes)
    elif entry.kind in ("updated", "conversion") and len(changes) == 1:
        said, more = changes[0], _NONE
        icon = "arrow-right" if entry.kind == "updated" and _moves(form, entry) else icon
    else:
        said, more = _pieces(verb, eye.locale, n=str(len(changes))), tuple(changes)
    return Line(
        entry.event,
        icon,
        entry.actor_name or N_("The system").text(eye.locale),
        said,
        entry.at,
        _when(entry.at, eye, zone),
        _VIA[entry.via].text(eye.locale) if entry.via in _VIA else "",
        more,
        why=_why(eye, entry),
        undoes=(entry.event,) if entry.kind == "updated" else (),
        actor=entry.actor,
        change_set=entry.change_set,
    )


def _pooled(eye: Eye, form: Form, entry: Entry) -> Message | None:
    """That the record came out of its form's pool, or went into it."""
    key = (form.settings.get("pool") or {}).get("field", "")
    if entry.kind != "updated" or key not in entry.changes or not eye.sees(key):
        return None
    return _PUT_BACK if entry.changes[key][1] is True else _TAKEN


def _when(moment: datetime, eye: Eye, zone: str) -> str:
    return formats.near(moment, eye.locale, zone, clock.now())


def _why(eye: Eye, entry: Entry) -> tuple[Piece, ...]:
    """Together with what it was done: the import's file, the work on many records."""
    said = _SET.get(entry.set_kind or "")
    if said is None or not entry.set_title:
        return ()
    return _pieces(said, eye.locale, title=entry.set_title)


def _commented(eye: Eye, entry: Entry, zone: str) -> Line | None:
    found: Comment | None = entry.comment
    if found is None:
        return None
    icon, verb = _KINDS["commented"]
    return Line(
        entry.event,
        icon,
        entry.actor_name or "",
        (Piece(verb.text(eye.locale)),),
        entry.at,
        _when(entry.at, eye, zone),
        what="comment",
        text=() if found.is_deleted else spoken(found.text, [name for _, name in found.mentioned]),
        comment=found,
        actor=entry.actor,
    )


_ADDRESS = re.compile(r"https?://[^\s<>\"'，。；、！？）】]+", re.IGNORECASE)


def spoken(text: str, names: Sequence[str] = ()) -> tuple[Piece, ...]:
    """What somebody wrote in runs: names after an @ stand out, addresses of the web can be pressed."""
    named = sorted({f"@{name}" for name in names}, key=len, reverse=True)
    pattern = re.compile("|".join([_ADDRESS.pattern, *map(re.escape, named)]), re.IGNORECASE)
    made, at = [], 0
    for hit in pattern.finditer(text):
        found = hit[0]
        is_name = found.startswith("@")
        address = found if is_name else found.rstrip(".,;:!?)")
        made.append(Piece(text[at : hit.start()]))
        made.append(Piece(address, is_name, None if is_name else address))
        at = hit.start() + len(address)
    made.append(Piece(text[at:]))
    return tuple(p for p in made if p.text)


def _followed(eye: Eye, one: Done, zone: str) -> Line:
    moment = one.at if isinstance(one.at, datetime) else _noon(one.at, zone)
    when = _when(moment, eye, zone)
    if not isinstance(one.at, datetime):
        when = formats.day_in_list(one.at, eye.locale, clock.today(zone))
    kind = one.kind.text if one.kind is not None else ""
    said = _pieces(_FOLLOWED, eye.locale, kind=kind) if kind else (Piece(_LOGGED.text(eye.locale)),)
    said = tuple(replace(p, href=one.href) if p.text == kind else p for p in said)
    return Line(
        0,
        one.icon or "messages",
        one.who,
        said if kind else (Piece(said[0].text, href=one.href),),
        moment,
        when,
        what="activity",
        text=spoken(one.text),
        next=one.next if one.next is not None and not one.next.is_empty else None,
    )


def _noon(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(zone))


def _grouped(eye: Eye, made: list[Line]) -> list[Line]:
    """Changes by one person in one go as one entry, its changes in their order."""
    found: list[Line] = []
    for line in made:
        last = found[-1] if found else None
        if last is not None and _goes_with(last, line):
            more = (*(last.more or (last.said,)), *(line.more or (line.said,)))
            said = _pieces(_KINDS["updated"][1], eye.locale, n=str(len(more)))
            found[-1] = replace(last, said=said, more=more, icon="pencil", undoes=(*last.undoes, *line.undoes))
        else:
            found.append(line)
    return found


def _goes_with(newer: Line, older: Line) -> bool:
    apart = {"arrow-right", "users"}
    is_change = newer.undoes and older.undoes and apart.isdisjoint((newer.icon, older.icon))
    is_same = (newer.actor, newer.via, newer.change_set) == (older.actor, older.via, older.change_set)
    return bool(is_change) and is_same and newer.at - older.at <= TOGETHER


def _moves(form: Form, entry: Entry) -> bool:
    (key,) = [k for k in entry.changes if k in form.names and k not in form.computed][:1] or [""]
    return bool(key) and form.names[key].type.name == "choice"


def _change(eye: Eye, form: Form, entry: Entry, key: str, before: Any, after: Any) -> tuple[Piece, ...]:
    found = form.names[key]
    new = _said(eye, form, entry, key, after)
    if entry.kind == "conversion":
        old = before.text or "••••" if isinstance(before, Masked) else str(before or "")
        sentence = _CONVERTED if new else _LOST
        return _pieces(sentence, eye.locale, field=name_of(found, eye.locale), before=old, after=new)
    if found.type.name == "files" and not isinstance(before, Masked) and not isinstance(after, Masked):
        return _files(eye, found, before or (), after or ())
    old = _said(eye, form, entry, key, before)
    sentence = _CHANGED if old and new else _FILLED if new else _EMPTIED
    return _pieces(sentence, eye.locale, field=name_of(found, eye.locale), before=old, after=new)


def _files(eye: Eye, found: Field, before: Files, after: Files) -> tuple[Piece, ...]:
    """Which files came and which went, by name."""
    came = found.kind.text(found, [one for one in after if one not in before], eye.locale)
    went = found.kind.text(found, [one for one in before if one not in after], eye.locale)
    sentence = _SWAPPED if came and went else _ADDED if came else _REMOVED if went else _ORDERED
    return _pieces(sentence, eye.locale, field=name_of(found, eye.locale), before=went, after=came)


def _said(eye: Eye, form: Form, entry: Entry, key: str, value: Any) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, Masked):
        return value.text or "••••"
    found = form.names[key]
    if found.type.name in ("record", "member", "department"):
        linked: Linked | None = entry.links.get((key, value))
        return (linked.title if linked else None) or "••••"  # what he may not see has no number either
    return str(shown(found, value, eye.locale)["text"])


def _pieces(message: Message, locale: str, **params: str) -> tuple[Piece, ...]:
    """The sentence in runs, its values apart, in the word order of the language."""
    made, at = [], 0
    text = Message(message.id).text(locale)
    for place in _PLACE.finditer(text):
        made.append(Piece(text[at : place.start()]))
        name = place[1]
        made.append(Piece(params.get(name, ""), name in ("after", "kind")))
        at = place.end()
    made.append(Piece(text[at:]))
    return tuple(p for p in made if p.text)
