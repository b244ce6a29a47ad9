"""Who may stop a write. Guards look before anything is judged (a flow's lock), vetoes at the record as it would be.

Both are filled at import time by the engines above; the door calls them in the order of registration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Form
from webapp.errors import Problem
from webapp.i18n import Message

#: (unit, actor, form, record id or None, action, values) → a reason to refuse, or None.
Guard = Callable[[Unit, Actor, Form, int | None, str, Mapping[str, Any]], Message | None]
#: (unit, actor, form, before, after) → problems by field; `before` is empty for a new record.
Veto = Callable[[Unit, Actor, Form, Mapping[str, Any], Mapping[str, Any]], list[Problem]]

guards: list[Guard] = []
vetoes: list[Veto] = []
