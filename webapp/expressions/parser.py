"""Text to tree, by operator precedence. Never recurses deeper than its limits allow."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from webapp.expressions import nodes
from webapp.expressions.lexer import Token, tokens
from webapp.expressions.nodes import Node
from webapp.expressions.problems import ExpressionError
from webapp.i18n import N_

MAX_NESTING = 100  # brackets, signs, calls and right-hand sides open at once
MAX_DEPTH = 40  # levels of the tree; what a database and its driver take comfortably
MAX_OPERANDS = 400  # of one chain of `and`, `or`, `&`, one list or one call
MAX_NODES = 2_000
#: How tightly operators bind; `not` before another operator (`not in`) binds like a comparison.
_BINDING = {"or": 1, "and": 2, "&": 5, "+": 6, "-": 6, "*": 7, "/": 7}
_BINDING |= dict.fromkeys(["=", "!=", "<", "<=", ">", ">=", "in", "between", "contains", "starts", "is", "not"], 4)
_NEGATABLE = ("in", "between", "contains", "starts")


@functools.lru_cache(512)
def parse(text: str) -> Node:
    """The tree of `text`; raises `ExpressionError` with the position of what is wrong. Trees never change."""
    return _Parser(tokens(text)).run()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.at = 0
        self.nesting = 0
        self.count = 0

    # --- the frame

    def run(self) -> Node:
        if self.token.kind == "end":
            raise ExpressionError(N_("An expression is expected here; there is nothing."), 0, 0, code="nothing")
        node = self.expression()
        if self.token.kind != "end":
            raise self.unexpected()
        return node

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self, *kinds: str) -> Token | None:
        token = self.tokens[self.at]
        if token.kind in kinds:
            self.at += 1
            return token
        return None

    def need(self, kind: str) -> Token:
        token = self.take(kind)
        if token is None:
            raise self.unexpected(kind)
        return token

    def unexpected(self, wanted: str | None = None) -> ExpressionError:
        token = self.token
        if token.kind == "end":
            if wanted:
                message = N_("The expression ends too early; “{sign}” is missing.", sign=wanted)
            else:
                message = N_("The expression ends too early.")
        elif wanted:
            message = N_("“{sign}” is expected here, not “{found}”.", sign=wanted, found=token.text[:40])
        else:
            message = N_("“{found}” is not expected here.", found=token.text[:40])
        return ExpressionError(message, token.position, max(token.length, 1), code="syntax")

    def made(self, node: Node) -> Node:
        self.count += 1
        if node.depth > MAX_DEPTH or self.count > MAX_NODES:
            raise ExpressionError(
                N_("The expression has too many steps one inside the other; split it into several fields."),
                node.position,
                code="too_deep",
            )
        return node

    def limit(self, operands: Sequence[object], position: int) -> None:
        if len(operands) > MAX_OPERANDS:
            raise ExpressionError(
                N_("Too many parts in one chain or list (more than {n}).", n=MAX_OPERANDS), position, code="too_many"
            )

    # --- operators, by how tightly they bind

    def expression(self, least: int = 1) -> Node:
        """What follows, as far as its operators bind at least as tightly as `least`."""
        if self.nesting >= MAX_NESTING:
            raise ExpressionError(
                N_("Brackets are nested too deeply (more than {n}).", n=MAX_NESTING),
                self.token.position,
                code="too_deep",
            )
        self.nesting += 1
        left = self.prefix()
        compared = False
        while (power := self.power()) >= least:
            if compared and power == _BINDING["="]:
                raise ExpressionError(
                    N_("Compare two values at a time; for a range write “between … and …”."),
                    self.token.position,
                    max(self.token.length, 1),
                    code="syntax",
                )
            compared = power == _BINDING["="]
            left = self.infix(left, power)
        self.nesting -= 1
        return left

    def power(self) -> int:
        kind = self.token.kind
        if kind == "not" and self.tokens[self.at + 1].kind not in _NEGATABLE:
            return 0
        return _BINDING.get(kind, 0)

    def infix(self, left: Node, power: int) -> Node:
        token = self.token
        self.at += 1
        kind, at = token.kind, left.position
        if kind in ("and", "or", "&"):
            operands = [left, self.expression(power + 1)]
            while self.take(kind):
                operands.append(self.expression(power + 1))
                self.limit(operands, token.position)
            if kind == "&":
                return self.made(nodes.Join(tuple(operands), position=at))
            return self.made(nodes.Logic(kind, tuple(operands), position=at))
        if kind in ("+", "-", "*", "/"):
            return self.made(nodes.Arithmetic(kind, left, self.expression(power + 1), position=at))
        if kind == "is":
            negative = self.take("not")
            self.need("empty")
            return self.negated(self.made(nodes.IsEmpty(left, position=at)), bool(negative))
        if kind == "not":
            return self.negated(self.relation(self.need(self.token.kind), left, power), True)
        return self.relation(token, left, power)

    def relation(self, token: Token, left: Node, power: int) -> Node:
        at = left.position
        if token.kind == "in":
            self.need("(")
            return self.made(nodes.In(left, tuple(self.list_of(")")), position=at))
        if token.kind == "between":
            low = self.expression(power + 1)
            self.need("and")
            return self.made(nodes.Between(left, low, self.expression(power + 1), position=at))
        if token.kind == "starts":
            self.take("with")
        return self.made(nodes.Compare(token.kind, left, self.expression(power + 1), position=at))

    def negated(self, node: Node, negative: bool) -> Node:
        return self.made(nodes.Not(node, position=node.position)) if negative else node

    # --- what stands alone

    def prefix(self) -> Node:
        token = self.token
        self.at += 1
        match token.kind:
            case "number":
                return self.made(nodes.Number(token.number, position=token.position))
            case "string":
                return self.made(nodes.String(token.text, position=token.position))
            case "true" | "false":
                return self.made(nodes.Boolean(token.kind == "true", position=token.position))
            case "empty":
                return self.made(nodes.Empty(position=token.position))
            case "(":
                node = self.expression()
                self.need(")")
                return node
            case "not":
                return self.made(nodes.Not(self.expression(_BINDING["="]), position=token.position))
            case "-" | "+":
                return self.signed(token)
            case "name" | "label" | "old":
                return self.name_or_call(token)
            case "if" | "case" | "contains" if self.token.kind == "(":
                return self.call(token)
            case "and" | "or" if self.token.kind == "(":  # AND(a, b) as in a spreadsheet
                self.at += 1
                operands = self.list_of(")")
                if len(operands) == 1:
                    return operands[0]
                return self.made(nodes.Logic(token.kind, tuple(operands), position=token.position))
        self.at -= 1
        raise self.unexpected()

    def signed(self, sign: Token) -> Node:
        operand = self.expression(_BINDING["*"] + 1)
        if sign.kind == "+":
            return operand
        if isinstance(operand, nodes.Number):
            return self.made(nodes.Number(-operand.value, position=sign.position))
        return self.made(nodes.Negative(operand, position=sign.position))

    def name_or_call(self, first: Token) -> Node:
        if self.token.kind == "(" and first.kind == "name":
            return self.call(first)
        parts = [nodes.Part(first.text, first.kind == "label", first.position)]
        while self.take("."):
            token = self.token
            if token.kind not in ("name", "label") and not token.text.isidentifier():
                raise self.unexpected()
            self.at += 1
            parts.append(nodes.Part(token.text, token.kind == "label", token.position))
            self.limit(parts, token.position)
        return self.made(nodes.Name(tuple(parts), position=first.position))

    def call(self, name: Token) -> Node:
        self.need("(")
        arguments: list[Node] = []
        where = None
        while self.token.kind not in (")", "where"):
            arguments.append(self.expression())
            self.limit(arguments, name.position)
            if not self.take(","):
                break
        if self.take("where"):
            where = self.expression()
        self.need(")")
        return self.made(nodes.Call(name.text.lower(), tuple(arguments), where, position=name.position))

    def list_of(self, close: str) -> list[Node]:
        found = [self.expression()]
        while self.take(","):
            found.append(self.expression())
            self.limit(found, found[-1].position)
        self.need(close)
        return found
