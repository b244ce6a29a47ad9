"""What is wrong with an expression, and where."""

from __future__ import annotations

from webapp.errors import Invalid, Problem
from webapp.i18n import Message


class ExpressionError(Invalid):
    """A text that is no expression, or one that does not fit the form.

    `position` counts characters of the text as typed from 0, `length` is how many are meant; `near` is the nearest
    good name. `problems` holds the same once more, with an empty path for the caller to fill (`at`).
    """

    code = "expression"

    def __init__(
        self, message: Message, position: int, length: int = 1, *, code: str = "expression", near: str | None = None
    ) -> None:
        super().__init__(message, problems=[Problem("", message, code, near)], position=position, length=length)
        self.position = position
        self.length = length
        self.near = near

    def at(self, path: str) -> Problem:
        """The problem under the caller's path."""
        problem = self.problems[0]
        return Problem(path, problem.message, problem.code, problem.near)
