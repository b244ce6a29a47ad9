"""Three-way merge of app documents: what both sides changed, what only one did, and where they disagree.

Works on documents as their authors wrote them (`Document.source`). Maps merge key by key, a renamed key (`was:`) as
what it was; lists merge by what their entries are known by (`ListOf.known_by`; plain entries by themselves). Where
both changed the same thing differently the firm's own change stands, and the difference is named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.definitions.document import DOCUMENT
from webapp.definitions.shapes import Anything, SortKey, WithKind, chosen
from webapp.definitions.spec import AnyOf, ListOf, MapOf, Struct

FIRM, CATALOG, BOTH, CONFLICT, REFUSED = "firm", "catalog", "both", "conflict", "refused"


class _Absent:
    def __repr__(self) -> str:
        return "–"


ABSENT = _Absent()


@dataclass(frozen=True)
class Difference:
    """One place where the three texts are not the same.

    by         firm, catalog, both, conflict (the firm's stands), refused (the catalog's could not be taken)
    gone       the key that the catalog's change would remove or rename
    problem    why it could not be taken
    """

    path: str
    by: str
    yours: Any = ABSENT
    theirs: Any = ABSENT
    gone: str | None = None
    problem: Any = None

    def json(self) -> dict[str, Any]:
        found = {"path": self.path, "yours": _plain(self.yours), "catalog": _plain(self.theirs)}
        if self.problem is not None:
            found["reason"] = {language: self.problem.text(language) for language in ("en", "zh")}
        return found


@dataclass
class Merged:
    """The merged document and every difference on the way, in the order of the document."""

    document: Any
    differences: list[Difference] = field(default_factory=list)

    def by(self, *who: str) -> list[Difference]:
        return [d for d in self.differences if d.by in who]


def merge(base: Any, yours: Any, theirs: Any, refused: Mapping[str, Any] | None = None) -> Merged:
    """`yours` and `theirs` both began as `base`. At the paths of `refused` (path → why) yours stands."""
    merger = _Merger(refused or {})
    found = merger.merge(DOCUMENT, base, yours, theirs, "")
    return Merged(found, merger.differences)


class _Merger:
    def __init__(self, refused: Mapping[str, Any]) -> None:
        self.refused = refused
        self.differences: list[Difference] = []

    def merge(self, shape: Any, base: Any, yours: Any, theirs: Any, path: str) -> Any:
        if _same(base, yours) and _same(yours, theirs):
            return yours
        shape = _settled(shape, yours)
        begun: Any = type(yours)() if base is ABSENT else base
        if all(isinstance(value, Mapping) for value in (begun, yours, theirs)):
            return self._maps(shape, begun, yours, theirs, path)
        if all(isinstance(value, list) for value in (begun, yours, theirs)):
            sides = _Entries.of(shape, begun, yours, theirs)
            if sides is not None:
                return self._lists(sides, path)
        return self._whole(base, yours, theirs, path)

    def _whole(self, base: Any, yours: Any, theirs: Any, path: str, gone: str | None = None) -> Any:
        """A value that is taken from one side as it is; `ABSENT` where it goes."""
        if _same(yours, theirs):
            self._note(path, BOTH, yours, theirs)
        elif _same(base, theirs):
            self._note(path, FIRM, yours, theirs)
        elif not _same(base, yours):
            self._note(path, CONFLICT, yours, theirs)
        elif path in self.refused:
            self._note(path, REFUSED, yours, theirs, problem=self.refused[path])
        else:
            self._note(path, CATALOG, yours, theirs, gone=gone)
            return theirs
        return yours

    def _note(self, path: str, by: str, yours: Any, theirs: Any, **more: Any) -> None:
        self.differences.append(Difference(path, by, yours, theirs, **more))

    # maps -------------------------------------------------------------------------------------------------

    def _maps(
        self, shape: Any, base: Mapping[str, Any], yours: Mapping[str, Any], theirs: Mapping[str, Any], path: str
    ) -> dict[str, Any]:
        first, second = _by_former_key(base, yours), _by_former_key(base, theirs)
        found: dict[str, Any] = {}
        for identity in _order(list(base), list(first), list(second)):
            key = self._key(identity, first.get(identity), second.get(identity), yours, path)
            at = f"{path}.{key}" if path else key
            mine = yours[first[identity]] if identity in first else ABSENT
            other = theirs[second[identity]] if identity in second else ABSENT
            if mine is ABSENT and key in yours:  # another thing of the firm's has this key
                self._note(at, CONFLICT, yours[key], other)
                continue
            merged = self._entry(_below(shape, key, yours), base.get(identity, ABSENT), mine, other, at, key)
            if merged is not ABSENT:
                found[key] = _without_own_name(key, merged)
        return found

    def _entry(self, shape: Any, base: Any, yours: Any, theirs: Any, path: str, key: str) -> Any:
        if yours is ABSENT or theirs is ABSENT:
            return self._whole(base, yours, theirs, path, gone=key if theirs is ABSENT else None)
        return self.merge(shape, base, yours, theirs, path)

    def _key(self, base: str, yours: str | None, theirs: str | None, firms: Mapping[str, Any], path: str) -> str:
        """What an entry is called that one side or both may have renamed."""
        if yours is None or theirs is None:
            return yours or theirs or base
        if yours == theirs or theirs == base:
            return yours
        at = f"{path}.{theirs}" if path else theirs
        if yours != base or theirs in firms:
            self._note(at, CONFLICT, yours, theirs)
        elif at in self.refused:
            self._note(at, REFUSED, yours, theirs, problem=self.refused[at])
        else:
            self._note(at, CATALOG, yours, theirs, gone=base)
            return theirs
        return yours

    # lists ------------------------------------------------------------------------------------------------

    def _lists(self, sides: _Entries, path: str) -> list[Any]:
        found = []
        for identity in _order(*(list(side) for side in (sides.base, sides.yours, sides.theirs))):
            base, yours, theirs = (side.get(identity, ABSENT) for side in (sides.base, sides.yours, sides.theirs))
            name = str(_called(identity, [base, yours, theirs]))
            merged = self._entry(sides.shape, base, yours, theirs, f"{path}[{name}]", name)
            if merged is not ABSENT:
                found.append(merged)
        return found


@dataclass(frozen=True)
class _Entries:
    """Three lists as maps from identity to entry; the identity of an entry that the base has is the base's."""

    shape: Any
    base: dict[str, Any]
    yours: dict[str, Any]
    theirs: dict[str, Any]

    @classmethod
    def of(cls, shape: Any, base: list[Any], yours: list[Any], theirs: list[Any]) -> _Entries | None:
        """None where entries cannot be told apart: such a list is one value."""
        if not isinstance(shape, ListOf):
            return None
        lists = (base, yours, theirs)
        if shape.known_by and all(isinstance(entry, Mapping) for entries in lists for entry in entries):
            first = _named(shape.known_by[0], base)
            sides = [first, *(_matched(shape.known_by, first, side) for side in (yours, theirs))]
        elif all(isinstance(entry, str | int | float) for entries in lists for entry in entries):
            name: Callable[[Any], str] = _sort_name if isinstance(shape.item, SortKey) else str
            sides = [{name(entry): entry for entry in entries} for entries in lists]
        else:
            return None
        if any(len(side) != len(entries) for side, entries in zip(sides, lists, strict=True)):
            return None
        return cls(shape.item, *sides)


def _named(setting: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {_text(entry.get(setting)): entry for entry in entries}


def _matched(known_by: tuple[str, ...], base: Mapping[str, Any], side: list[Any]) -> dict[str, Any]:
    """Entries under the base's identity: by the first setting that is the same, else by what most is shared."""
    left = dict(base)
    chosen_for: dict[int, str] = {}
    for setting in known_by:
        for i, entry in enumerate(side):
            if i not in chosen_for and (identity := _likest(setting, left, entry)) is not None:
                chosen_for[i] = identity
                del left[identity]
    return {chosen_for.get(i) or _text(entry.get(known_by[0])): entry for i, entry in enumerate(side)}


def _likest(setting: str, base: Mapping[str, Any], entry: Mapping[str, Any]) -> str | None:
    value = entry.get(setting)
    if value is None:
        return None
    if not isinstance(value, list):
        return next((name for name, other in base.items() if _same(other.get(setting), value)), None)
    shared = {name: len({*map(_text, value)} & {*map(_text, other.get(setting) or ())}) for name, other in base.items()}
    best = max(shared, key=lambda name: shared[name], default=None)
    return best if best is not None and shared[best] else None


def _order(base: list[str], yours: list[str], theirs: list[str]) -> list[str]:
    """All identities: in the order of the side that changed it (the firm's, if both), the rest after their neighbour.

    What only the base still has comes last: it has gone on both sides.
    """
    is_yours = [i for i in yours if i in base] != [i for i in base if i in yours]
    lead, other = (yours, theirs) if is_yours else (theirs, yours)
    found = list(lead)
    for i, identity in enumerate(other):
        if identity not in found:
            before = next((found.index(name) for name in reversed(other[:i]) if name in found), -1)
            found.insert(before + 1, identity)
    return [*found, *(identity for identity in base if identity not in found)]


def _by_former_key(base: Mapping[str, Any], side: Mapping[str, Any]) -> dict[str, str]:
    """Identity → key: the base's key where the entry says that it `was` that, else its own."""
    found: dict[str, str] = {}
    for key, value in side.items():
        was = value.get("was") if isinstance(value, Mapping) else None
        is_renamed = isinstance(was, str) and key not in base and was in base and was not in side
        found[str(was) if is_renamed and was not in found else key] = key
    return found


def _without_own_name(key: str, value: Any) -> Any:
    """A rename that was not taken leaves no `was` naming the key it still has."""
    if isinstance(value, Mapping) and value.get("was") == key:
        return {name: item for name, item in value.items() if name != "was"}
    return value


def _below(shape: Any, key: str, value: Any) -> Any:
    """The shape of one entry of a map."""
    if isinstance(shape, MapOf):
        return shape.value
    if isinstance(shape, Struct):
        known = {**shape.settings, **(shape.open_to(value) if shape.open_to else {})}
        return known[key].shape if key in known else Anything()
    return Anything()


def _settled(shape: Any, value: Any) -> Any:
    if isinstance(shape, WithKind):
        return shape.struct(value)
    return chosen(shape, value) if isinstance(shape, AnyOf) else shape


def _called(identity: str, values: Sequence[Any]) -> Any:
    """A short name of a list's entry for its path."""
    entry = next(value for value in (*values[1:], values[0]) if value is not ABSENT)
    label = entry.get("value") or entry.get("label") or identity if isinstance(entry, Mapping) else entry
    return label.get("en") or next(iter(label.values())) if isinstance(label, Mapping) else label


def _sort_name(entry: Any) -> str:
    return str(entry).lstrip("-")


def _same(first: Any, second: Any) -> bool:
    return first is second or (first is not ABSENT and second is not ABSENT and _json(first) == _json(second))


def _json(value: Any) -> str:
    """A text that is the same for the same data; the order of a map's keys is part of it."""
    return json.dumps(value, ensure_ascii=False, default=dict)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _plain(value: Any) -> Any:
    return None if value is ABSENT else value
