"""What a kind of view answers, and the registry of them. The kinds are registered by `engines.forms`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from webapp.definitions.spec import Struct
from webapp.i18n import Message
from webapp.registry import Registry


@dataclass(frozen=True)
class Need:
    """What a view asks of the database, for derived indexes.

    filter  an expression or None
    equal   fields compared with one value or gone through in groups, in this order
    sort    sort keys, `-` first for the largest first
    sums    fields summed within each value of `equal`
    """

    filter: str | None = None
    equal: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()


class ViewKind(Protocol):
    """One way to see records. `settings` may use the shapes `FieldName`, `SortKey` and `ExpressionText`."""

    key: str
    label: Message
    settings: Struct

    def needs(self, settings: Mapping[str, Any]) -> tuple[Need, ...]:
        """What it filters, groups and sorts by."""


view_kinds: Registry[ViewKind] = Registry("view")
