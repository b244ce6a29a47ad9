"""What the columns of a whole file hold: how much, how various, and what every value could be.

The kinds themselves are asked: a column could be of a kind if the kind takes every value of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from webapp.db import MAX_DIGITS
from webapp.definitions.model import Field
from webapp.engines.forms.fields.base import FieldError
from webapp.engines.forms.transfer.sheets import Cell, Chunk
from webapp.expressions.fold import fold

#: Different values counted of a column; what is more is many.
COUNTED = 600
#: Different values remembered to tell whether all differ.
DISTINCT = 200_000
#: Kinds whose reading of a value is tried, with the settings it is tried with.
TRIED: dict[str, dict[str, Any]] = {
    "switch": {},
    "integer": {},
    "number": {"decimals": 6},
    "percent": {"decimals": 6},
    "date": {},
    "datetime": {},
    "email": {},
    "url": {},
    "phone": {},
}
#: What stands where nobody has answered, folded.
PLACEHOLDERS = frozenset(
    fold(word)
    for word in ("Select", "Please select", "Choose", "-", "--", "—", "——", "/", "N/A", "NA", "#N/A", "null", "None",
                 "nil", "请选择", "未填", "未填写", "未选择", "空", "(空)", "（空）", "(blank)", "(null)")
)  # fmt: skip
_SIGNED = re.compile(r"[¥￥$€£₩]|\b(?:rmb|cny|usd|eur|gbp|jpy|hkd)\b|元|人民币", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://|www\.", re.IGNORECASE)
_SPLIT = re.compile(r"[,，、;；|\n]")


@dataclass
class Profile:
    """One column.

    filled      cells that hold something, placeholders left out
    values      different values with their number, until there are too many (`is_various`)
    could       kinds that take every value
    placeholders  what stands where nobody answered, with its number
    are_unique  whether no value comes twice (None where there were too many to tell)
    """

    filled: int = 0
    values: dict[str, int] = field(default_factory=dict)
    is_various: bool = False
    could: list[str] = field(default_factory=lambda: list(TRIED))
    placeholders: dict[str, int] = field(default_factory=dict)
    are_unique: bool | None = True
    longest: int = 0
    decimals: int = 0
    has_lines: bool = False
    has_signs: bool = False
    are_percents: bool = True
    are_addresses: bool = True  # of the web, as people write them in full
    has_zeros: bool = False  # digits that begin with 0: 0571
    is_long_number: bool = False  # 16 digits or more
    parts: dict[str, int] = field(default_factory=dict)  # of values with commas: part → number
    divided: int = 0  # cells with commas
    examples: list[str] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        return asdict(self)


def of_json(given: dict[str, Any]) -> Profile:
    return Profile(**given)


class Profiler:
    """Takes the rows of a file, chunk by chunk."""

    def __init__(self, width: int) -> None:
        self.profiles = [Profile() for _ in range(width)]
        self._seen: list[set[Cell]] = [set() for _ in range(width)]
        self._kinds = {key: _trial(key, settings) for key, settings in TRIED.items()}
        self.rows = 0

    def take(self, chunk: Chunk) -> None:
        self.rows += len(chunk)
        while len(self.profiles) < len(chunk.columns):
            self.profiles.append(Profile())
            self._seen.append(set())
        for profile, seen, cells in zip(self.profiles, self._seen, chunk.columns, strict=False):
            self._column(profile, seen, cells)

    def _column(self, profile: Profile, seen: set[Cell], cells: Iterable[Cell]) -> None:
        for cell, count in Counter(cells).items():
            text = "" if cell is None else str(cell).strip()
            if not text:
                continue
            if fold(text) in PLACEHOLDERS:
                profile.placeholders[text] = profile.placeholders.get(text, 0) + count
                continue
            profile.filled += count
            self._count(profile, text, count)
            if cell in seen:
                profile.are_unique = False
                continue
            if count > 1:
                profile.are_unique = False
            if len(seen) < DISTINCT:
                seen.add(cell)
            elif profile.are_unique:
                profile.are_unique = None
            self._look(profile, cell, text)

    def _count(self, profile: Profile, text: str, count: int) -> None:
        if profile.is_various:
            return
        profile.values[text] = profile.values.get(text, 0) + count
        if len(profile.values) > COUNTED:
            profile.is_various, profile.values = True, {}

    def _look(self, profile: Profile, cell: Cell, text: str) -> None:
        """A value that was not seen before."""
        if len(profile.examples) < 5:
            profile.examples.append(text[:80])
        profile.longest = max(profile.longest, len(text))
        profile.has_lines |= "\n" in text
        profile.has_signs |= bool(_SIGNED.search(text))
        profile.are_percents &= text.endswith(("%", "％"))
        profile.are_addresses &= bool(_ADDRESS.match(text))
        if isinstance(cell, str):
            profile.has_zeros |= text.isdigit() and len(text) > 1 and text[0] == "0"
            profile.is_long_number |= text.isdigit() and len(text) > MAX_DIGITS
        else:
            profile.is_long_number |= cell is not None and abs(cell) >= 10**MAX_DIGITS
        if "." in text and ("number" in profile.could or "percent" in profile.could):
            profile.decimals = max(profile.decimals, len(text.rstrip("%").rpartition(".")[2]))
        profile.could = [key for key in profile.could if self._takes(key, cell, text)]
        if len(profile.parts) <= COUNTED and (parts := list(_parts(text))):
            profile.divided += 1
            for part in parts:
                profile.parts[part] = profile.parts.get(part, 0) + 1

    def _takes(self, key: str, cell: Cell, text: str) -> bool:
        kind = self._kinds[key]
        try:
            given: Any = cell if key in ("switch", "integer", "number", "percent") else text
            return kind.kind.parse(kind, given) is not None
        except FieldError:
            return False


def _parts(text: str) -> Iterator[str]:
    """The parts of a value with commas; nothing if it has none."""
    found = [part.strip() for part in _SPLIT.split(text)]
    if len(found) > 1 and all(0 < len(part) <= 60 for part in found):
        yield from found


def _trial(key: str, settings: dict[str, Any]) -> Field:
    return Field("new.form", "x", key, "x", settings)
