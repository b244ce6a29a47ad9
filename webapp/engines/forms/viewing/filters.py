"""A filter as people read and build it: conditions joined by and / or, with one level of groups.

It is kept as one expression of the language and nothing else. Reading it back takes each part apart as far as one of
the operators that people pick says the same; what none of them says stays an expression (`Raw`), which can say itself
in words too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from webapp.access import policy
from webapp.definitions.model import Field
from webapp.engines.forms.viewing import conditions, paths, reach
from webapp.engines.forms.viewing.conditions import Condition, Operator
from webapp.errors import Invalid, MortiseError
from webapp.expressions import check, nodes
from webapp.expressions.parser import parse
from webapp.i18n import N_

if TYPE_CHECKING:
    from webapp.engines.forms.viewing.views import Scope

_SLOT = "zz_slot_"


@dataclass(frozen=True)
class Raw:
    """A part that cannot be picked: its expression."""

    text: str


@dataclass(frozen=True)
class Several:
    """Parts of which all must hold, or any of them."""

    parts: tuple[Any, ...] = ()  # Condition, Raw, Several
    is_any: bool = False

    @property
    def text(self) -> str:
        return said(self.parts, self.is_any)

    def leaves(self) -> Iterator[Condition | Raw]:
        for part in self.parts:
            if isinstance(part, Several):
                yield from part.leaves()
            else:
                yield part


Part = Condition | Raw | Several


def said(parts: tuple[Any, ...], is_any: bool) -> str:
    """The parts as one expression; "" for none."""
    texts = [part.text for part in parts if part.text]
    if len(texts) == 1:
        return texts[0]
    return (" or " if is_any else " and ").join(f"({text})" for text in texts)


def read(at: Scope, text: str | None) -> Several:
    """The filter of an expression; raises `Invalid` for one that cannot be used. Rights are not asked here."""
    if not text or not text.strip():
        return Several()
    kept = at.definitions.kept("filters read", 500)
    return kept.get((at.form.name, text), lambda: _read(at, text))


def _read(at: Scope, text: str) -> Several:
    node = parse(check(text, at.definitions, at.form.name, expect="boolean").text)
    part = _part(at, node, 0)
    return part if isinstance(part, Several) else Several((part,))


def _part(at: Scope, node: nodes.Node, depth: int) -> Part:
    if isinstance(node, nodes.Logic) and depth < 2:
        return Several(tuple(_part(at, one, depth + 1) for one in node.operands), node.operator == "or")
    return _condition(at, node) or Raw(check(node, at.definitions, at.form.name, expect="boolean").text)


def _condition(at: Scope, node: nodes.Node) -> Condition | None:
    """The condition that says the same as `node`, if one can be picked that does."""
    own, behind = at.form.names, reach.behind(at.definitions, at.form)
    for key in dict.fromkeys(_names(node)):
        found = behind.get(key) or own.get(key)
        if found is None:
            continue
        for operator, template in _templates(found):
            slots: dict[int, list[str]] = {}
            if not _alike(_pattern(template, key), node, slots):
                continue
            values = [value for n in sorted(slots) for value in slots[n]]
            try:
                return conditions.build({key: found}, key, operator.key, values)
            except Invalid:
                continue
    return None


def _templates(field: Field) -> Iterator[tuple[Operator, str]]:
    for operator in conditions.operators(field):
        yield operator, operator.template
        for other in operator.also:
            yield operator, other


def _pattern(template: str, key: str) -> nodes.Node:
    slots = [f"{_SLOT}{n}" for n in range(2)]
    return parse(template.format(*slots, f=key, all=slots[0]))


def _names(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Name) and len(node.parts) <= 3:
        yield ".".join(part.text for part in node.parts[:2])
        yield node.parts[0].text
    for child in node.children():
        yield from _names(child)


def _alike(pattern: Any, node: Any, slots: dict[int, list[str]]) -> bool:
    """Whether the two trees are the same but for the slots of the pattern, which take what stands in their place."""
    if _is_slot(pattern):
        value = _literal(node)
        if value is not None:
            slots.setdefault(int(pattern.parts[0].text.removeprefix(_SLOT)), []).append(value)
        return value is not None
    if isinstance(pattern, tuple) and isinstance(node, tuple):
        if pattern and _is_slot(pattern[-1]) and len(node) > len(pattern):  # a list of choices
            pattern = (*pattern, *[pattern[-1]] * (len(node) - len(pattern)))
        return len(pattern) == len(node) and all(_alike(p, n, slots) for p, n in zip(pattern, node, strict=True))
    if type(pattern) is not type(node):
        return False
    if isinstance(pattern, nodes.Part):
        return bool(pattern.text == node.text)
    if isinstance(pattern, nodes.Node):
        names = [f.name for f in fields(pattern) if f.compare]
        return all(_alike(getattr(pattern, n), getattr(node, n), slots) for n in names)
    return bool(pattern == node)


def _is_slot(node: Any) -> bool:
    return isinstance(node, nodes.Name) and len(node.parts) == 1 and node.parts[0].text.startswith(_SLOT)


def _literal(node: Any) -> str | None:
    if isinstance(node, nodes.String):
        return node.value
    if isinstance(node, nodes.Number):
        return format(node.value, "f")
    if isinstance(node, nodes.Negative) and isinstance(node.operand, nodes.Number):
        return "-" + format(node.operand.value, "f")
    if isinstance(node, nodes.Call) and node.function == "seconds" and len(node.arguments) == 1:
        seconds = _literal(node.arguments[0])
        return None if seconds is None else f"{seconds}s"
    return None


# --- for one reader ---------------------------------------------------------------------------------------------


def own(at: Scope, text: str | None) -> tuple[Several, int]:
    """A view's own filter as far as the reader may ask it, and how many of its parts were left out for him.

    A part that names what he may not read would tell its values by the rows that go; one that names what is no
    longer there says nothing.
    """
    if not text:
        return Several(), 0
    whole, left_out = _there(at, text)
    eyes = policy.eyes(at.unit, at.actor)

    def kept(part: Part) -> Part | None:
        nonlocal left_out
        if isinstance(part, Several):
            parts = tuple(p for p in map(kept, part.parts) if p is not None)
            return Several(parts, part.is_any) if parts else None
        names = names_in(at, part)
        if all(eyes.may_name(form, key) for form, key in names):
            return part
        left_out += 1
        return None

    found = kept(whole)
    return (found if isinstance(found, Several) else Several()), left_out


def there(at: Scope, text: str | None) -> str:
    """The filter as it is kept: all of it, unless it names what is no longer there."""
    if not text:
        return ""
    found, left_out = _there(at, text)
    return found.text if left_out else text


def _there(at: Scope, text: str) -> tuple[Several, int]:
    """The filter without the parts that name what is no longer there, and how many these are. Of parts of which any is
    enough all go: the rest would hide what those let through."""
    try:
        return read(at, text), 0
    except MortiseError:
        pass
    try:
        node = parse(text)
    except MortiseError:
        return Several(), 1
    if not isinstance(node, nodes.Logic) or node.operator != "and":
        return Several(), 1
    found: list[Any] = []
    for operand in node.operands:
        try:
            found.append(_part(at, parse(check(operand, at.definitions, at.form.name, expect="boolean").text), 1))
        except MortiseError:
            continue
    return Several(tuple(found)), len(node.operands) - len(found)


def names_in(at: Scope, part: Condition | Raw) -> frozenset[tuple[str, str]]:
    """(form, field) of everything a part names."""
    if isinstance(part, Condition):
        steps = paths.steps(at.definitions, at.form, part.field.key) or [part.field]
        return frozenset((step.form, step.key) for step in steps)
    kept = at.definitions.kept("names in filters", 500)
    return kept.get(
        (at.form.name, part.text), lambda: check(part.text, at.definitions, at.form.name, expect="boolean").names
    )


def unseen(at: Scope, text: str | None) -> str:
    """What `own` leaves out for the reader, as an expression: who changes a view keeps it in."""
    if not text or not own(at, text)[1]:
        return ""
    try:
        whole = read(at, text)
    except MortiseError:
        return ""
    if whole.is_any:
        return text
    eyes = policy.eyes(at.unit, at.actor)
    hidden = [
        part
        for part in whole.parts
        if not all(
            eyes.may_name(*name)
            for leaf in (part.leaves() if isinstance(part, Several) else (part,))
            for name in names_in(at, leaf)
        )
    ]
    return said(tuple(hidden), False)


def words(at: Scope, part: Part, titles: Mapping[tuple[str, Any], str]) -> tuple[str, str]:
    """(field, what is asked of it) of one part; the field is "" for a group and an expression."""
    if isinstance(part, Condition):
        return part.words(at.locale, titles)
    if isinstance(part, Raw):
        return "", check(part.text, at.definitions, at.form.name).sentence(at.locale, at.definitions)
    joint = (_OR if part.is_any else _AND).text(at.locale)
    parts = [" ".join(filter(None, words(at, one, titles))) for one in part.parts]
    return "", joint.join(parts)


_AND = N_(" and ")
_OR = N_(" or ")
