"""The tree of an expression as it was written: names are not yet looked up, types not yet known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from decimal import Decimal


@dataclass(frozen=True)
class Node:
    """`position` is where it begins in the text as typed; `depth` counts the levels below and including it."""

    position: int = field(default=0, kw_only=True, compare=False)
    depth: int = field(init=False, compare=False, repr=False, default=1)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", 1 + max((child.depth for child in self.children()), default=0))

    def children(self) -> Iterator[Node]:
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Node):
                yield value
            elif isinstance(value, tuple):
                yield from (v for v in value if isinstance(v, Node))


@dataclass(frozen=True)
class Number(Node):
    value: Decimal


@dataclass(frozen=True)
class String(Node):
    value: str


@dataclass(frozen=True)
class Boolean(Node):
    value: bool


@dataclass(frozen=True)
class Empty(Node):
    pass


@dataclass(frozen=True)
class Part:
    """One step of a path; `is_label` when it was written in brackets."""

    text: str
    is_label: bool = False
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Name(Node):
    """A path: `amount`, `account.industry`, `old.stage`, `[客户].[行业]`."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Call(Node):
    """A function or aggregate; `where` is the condition of an aggregate."""

    function: str
    arguments: tuple[Node, ...]
    where: Node | None = None


@dataclass(frozen=True)
class Negative(Node):
    operand: Node


@dataclass(frozen=True)
class Arithmetic(Node):
    """`operator` is one of + - * /."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Join(Node):
    """Texts one after the other (`&`)."""

    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Compare(Node):
    """`operator` is one of = != < <= > >= contains starts."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class In(Node):
    operand: Node
    choices: tuple[Node, ...]


@dataclass(frozen=True)
class Between(Node):
    operand: Node
    low: Node
    high: Node


@dataclass(frozen=True)
class IsEmpty(Node):
    operand: Node


@dataclass(frozen=True)
class Not(Node):
    operand: Node


@dataclass(frozen=True)
class Logic(Node):
    """`operator` is `and` or `or`; two or more operands."""

    operator: str
    operands: tuple[Node, ...]
