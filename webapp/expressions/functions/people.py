"""Functions over who asks."""

from __future__ import annotations

from webapp.expressions.functions.base import add
from webapp.expressions.types import DEPARTMENT, MEMBER
from webapp.i18n import N_

add("me", "people", "", MEMBER, lambda b: b.parameter("m_me", MEMBER), N_("The member who asks."), "owner = me()")
add(
    "my_department",
    "people",
    "",
    DEPARTMENT,
    lambda b: b.parameter("m_my_department", DEPARTMENT),
    N_("The main department of the member who asks."),
    "owner_department = my_department()",
)
