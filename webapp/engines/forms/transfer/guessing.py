"""Which field a column could become: its kind, its settings, its key. A proposal, shown as a table to correct."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from webapp.definitions.document import RESERVED_FIELDS
from webapp.engines.forms.finding.sortkeys import syllables
from webapp.engines.forms.transfer.heads import spellings
from webapp.engines.forms.transfer.profiling import Profile
from webapp.engines.forms.transfer.synonyms import meanings
from webapp.expressions.fold import fold

#: Options proposed for a choice at most, and what they must have in common: few, short, and coming again.
OPTIONS, LONGEST_OPTION = 60, 60
#: Filled cells from which a column says something.
TELLING = 4
LONG = 200
#: Fields of a form.
MOST = 300
_AMOUNTS = {"amount", "receivable", "paid", "invoiced", "budget", "price", "cost", "revenue"}
_CODES = {"code", "contract", "tax", "id_card", "bank_account", "postcode", "qq", "wechat", "fax", "model"}
_NAMES = {"title", "account", "person", "product"}
_CODE_WORDS = re.compile(
    r"(编号|编码|代码|单号|号码|账号|卡号|证号|条码|\b(id|code|no|number|sku|ean|uuid|isbn)\.?)$", re.IGNORECASE
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TIME_WORDS = re.compile(r"日期|时间|日$|\b(date|day|on|at|time)\b", re.IGNORECASE)
_MOBILE = re.compile(r"(\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}")


@dataclass
class Guess:
    """A field as it is proposed for a column. `notes` are codes of what a person should know (see `NOTES`)."""

    index: int
    label: str
    key: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    is_on: bool = True
    is_unique: bool = False
    is_required: bool = False
    empties: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        return asdict(self)


#: Finds a form whose records the values name, or the member kind: values → settings of a link, {} for members, None.
Finder = Callable[[Sequence[str]], dict[str, Any] | None]


def guess(
    headings: Sequence[str], profiles: Sequence[Profile], rows: int, *, currency: str, find: Finder
) -> list[Guess]:
    """A field for each column, with keys that differ.

    One whose heading has a star and that is filled in every row must be filled.
    """
    taken: set[str] = set()
    found = []
    for index, profile in enumerate(profiles):
        heading = (headings[index] if index < len(headings) else "").strip() or f"#{index + 1}"
        key = key_of(heading, taken)
        taken.add(key)
        kind, settings = _kind(heading, profile, currency, find)
        one = Guess(index, " ".join(_bare(heading).split())[:200], key, kind, settings)
        one.is_on = bool(profile.filled) and index < MOST
        one.is_required = _bare(heading) != heading and profile.filled == rows
        one.empties = list(profile.placeholders)
        one.is_unique = kind == "text" and _is_unique(heading, profile)
        one.notes = _notes(kind, profile, settings)
        found.append(one)
    return found


def _bare(heading: str) -> str:
    """The heading without the star of what must be filled."""
    return heading.strip().strip("*＊").strip() or heading


def title_of(guesses: Sequence[Guess], profiles: Sequence[Profile]) -> int | None:
    """The column that names a record: called like a name, else the first text that differs from row to row."""
    texts = [g for g in guesses if g.is_on and g.kind in ("text", "person_name")]
    tests: tuple[Callable[[Guess], bool], ...] = (
        lambda g: profiles[g.index].are_unique is True and _meaning(g.label) in _NAMES,
        lambda g: g.is_unique,
        lambda g: profiles[g.index].are_unique is True,
        lambda g: _meaning(g.label) in _NAMES,
        lambda g: True,
    )
    for test in tests:
        for one in texts:
            if test(one):
                return one.index
    return next((g.index for g in guesses if g.is_on and g.kind not in ("link", "multi_select")), None)


def _kind(heading: str, profile: Profile, currency: str, find: Finder) -> tuple[str, dict[str, Any]]:
    """The kind and its settings, the most telling first."""
    meaning = _meaning(heading)
    could = set(profile.could)
    if not profile.filled:
        return "text", {}
    if profile.is_long_number or profile.has_zeros:
        return _texts(heading, profile, find)
    if "email" in could:
        return "email", {}
    if "url" in could and profile.are_addresses:
        return "url", {}
    if "phone" in could and (meaning in ("phone", "mobile") or all(_MOBILE.fullmatch(e) for e in profile.examples)):
        return "phone", {}
    if "switch" in could and (len(profile.values) == 2 or _are_words(profile)):
        return "switch", {}
    if "date" in could and ("integer" not in could or _TIME_WORDS.search(heading)):
        return "date", {}
    if "datetime" in could and "number" not in could:
        return "datetime", {}
    if profile.are_percents and "percent" in could:
        return "percent", {"decimals": max(min(profile.decimals, 6), 2)}
    if "number" in could and not (meaning in _CODES or (_is_code(heading) and not profile.has_signs)):
        return _number(meaning, profile, currency)
    return _texts(heading, profile, find)


def _are_words(profile: Profile) -> bool:
    """One answer alone is a switch if it is a word (No) and not a number."""
    return len(profile.values) == 1 and not next(iter(profile.values)).isdigit()


def _number(meaning: str | None, profile: Profile, currency: str) -> tuple[str, dict[str, Any]]:
    if profile.has_signs or meaning in _AMOUNTS:
        return "money", {"currency": currency}
    if profile.decimals == 0 and "integer" in profile.could:
        return "integer", {}
    return "number", {"decimals": min(max(profile.decimals, 1), 6)}


def _texts(heading: str, profile: Profile, find: Finder) -> tuple[str, dict[str, Any]]:
    is_code = profile.has_zeros or _is_code(heading)
    if profile.has_lines or profile.longest > LONG:
        return "long_text", {}
    if not is_code and (link := find(list(profile.values) or profile.examples)) is not None:
        return ("link", link) if link else ("member", {})
    if (options := several(profile)) is not None:
        return "multi_select", {"options": options}
    if not is_code and (options := choices(profile)) is not None:
        return "select", {"options": options}
    return ("person_name", {}) if _meaning(heading) == "person" else ("text", {})


def choices(profile: Profile, *, is_asked: bool = False) -> list[dict[str, Any]] | None:
    """The options of a choice, the most frequent first; values that differ in case alone are one.

    None where it does not look like a choice; `is_asked`: somebody says that it is one.
    """
    if profile.is_various or not profile.values or max(map(len, profile.values)) > LONGEST_OPTION:
        return None
    merged: dict[str, tuple[str, int]] = {}
    for text, count in sorted(profile.values.items(), key=lambda pair: -pair[1]):
        name, so_far = merged.get(fold(text).strip(), (text, 0))
        merged[fold(text).strip()] = (name, so_far + count)
    is_few = len(merged) <= OPTIONS and profile.filled >= TELLING and len(merged) * 2 <= profile.filled
    if not is_asked and not is_few:
        return None
    return [{"value": name, "label": name} for name, _ in merged.values()]


def several(profile: Profile, *, is_asked: bool = False) -> list[dict[str, Any]] | None:
    """The options of several choices: values with commas, most of whose parts stand in others too.

    None where it does not look like that; `is_asked`: somebody says that it is.
    """
    times: dict[str, int] = {}
    names: dict[str, str] = {}
    whole = {text: 1 for text in profile.values if not any(c in text for c in ",，、;；|")}
    for text, n in (*profile.parts.items(), *whole.items()):
        key = fold(text).strip()
        names.setdefault(key, text)
        times[key] = times.get(key, 0) + n
    if profile.is_various or not names or max(map(len, names.values())) > LONGEST_OPTION:
        return None
    again = sum(n > 1 for n in times.values())
    if not is_asked and not (profile.divided >= 2 and 2 <= len(names) <= OPTIONS and again * 2 >= len(names)):
        return None
    return [{"value": text, "label": text} for text in names.values()]


def _is_unique(heading: str, profile: Profile) -> bool:
    return _is_code(heading) and profile.are_unique is True and profile.filled >= TELLING


def _is_code(heading: str) -> bool:
    return _meaning(heading) in _CODES or bool(_CODE_WORDS.search(heading.replace("_", " ").strip(" *＊")))


def _notes(kind: str, profile: Profile, settings: dict[str, Any]) -> list[str]:
    notes = []
    if profile.is_long_number:
        notes.append("long_number")
    if kind == "select" and len(settings["options"]) < len(profile.values):
        notes.append("merged")
    if kind == "text" and profile.has_zeros:
        notes.append("zeros")
    return notes


def _meaning(heading: str) -> str | None:
    known = meanings()
    return next((known[s] for s in spellings(heading) if s in known), None)


def key_of(heading: str, taken: Collection[str]) -> str:
    """A key for a heading: its meaning or its words, Chinese ones by their sounds."""
    meaning = _meaning(heading)
    words = _CAMEL.sub("_", heading) if heading.isascii() else meaning or " ".join(syllables(heading))
    parts = re.findall(r"[a-z0-9]+", fold(words))
    key = ""
    for part in parts:
        longer = f"{key}_{part}" if key else part
        if len(longer) > 21:
            break
        key = longer
    key = key or (parts[0][:21] if parts else "field")
    if not key[0].isalpha():
        key = f"f_{key}"[:24].rstrip("_")
    if key in RESERVED_FIELDS:
        key = f"{key}_of"[:24]
    found, number = key, 1
    while found in taken or found in RESERVED_FIELDS:
        number += 1
        found = f"{key[:20].rstrip('_')}_{number}"
    return found
