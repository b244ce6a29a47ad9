"""The functions of the language: one entry each with types, SQL for both databases and a help line."""

from webapp.expressions.functions import numbers, people, texts, times  # noqa: F401 - they register themselves
from webapp.expressions.functions.base import PARAMETERS, Function, functions

__all__ = ["PARAMETERS", "Function", "functions"]
