"""The one language of conditions and formulas.

`parse` reads text, `check` fits it to a form, the `Expression` it answers compiles to SQL for stored rows (`Stored`)
and for a record that is not saved yet (`Judged`), and says itself as a sentence. There is no other interpreter.
"""

from webapp.expressions.expression import Expression, check, check_group, check_measure
from webapp.expressions.fold import fold
from webapp.expressions.functions import Function, functions
from webapp.expressions.lexer import RESERVED_WORDS
from webapp.expressions.nodes import Node
from webapp.expressions.parser import parse
from webapp.expressions.problems import ExpressionError
from webapp.expressions.sources import Judged, Stored, binds
from webapp.expressions.types import Eyes, Option, Type

__all__ = [
    "RESERVED_WORDS",
    "Expression",
    "ExpressionError",
    "Eyes",
    "Function",
    "Judged",
    "Node",
    "Option",
    "Stored",
    "Type",
    "binds",
    "check",
    "check_group",
    "check_measure",
    "fold",
    "functions",
    "parse",
]
