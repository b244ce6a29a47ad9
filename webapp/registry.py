"""Kinds by key. A registry is filled when its package is imported and never changes afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from webapp.errors import NotFound, nearest
from webapp.i18n import N_


class Keyed(Protocol):
    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=Keyed)


class Registry(Generic[K]):
    """All kinds of one sort (`field`, `action` …), in the order they were registered."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._kinds: dict[str, K] = {}

    def register(self, kind: K) -> K:
        if kind.key in self._kinds:
            raise RuntimeError(f"{self.what} kind {kind.key!r} is registered twice")
        self._kinds[kind.key] = kind
        return kind

    def get(self, key: str) -> K:
        try:
            return self._kinds[key]
        except KeyError:
            raise NotFound(
                N_("There is no {what} kind “{key}”.", what=self.what, key=key),
                near=nearest(key, self._kinds),
            ) from None

    def __contains__(self, key: object) -> bool:
        return key in self._kinds

    def __iter__(self) -> Iterator[K]:
        return iter(self._kinds.values())

    def keys(self) -> list[str]:
        return list(self._kinds)
