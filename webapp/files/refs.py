"""Files as the value of a field: what a record says of each, in the order people gave them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator


@dataclass(frozen=True)
class FileRef:
    """One file of a record; `width` and `height` in pixels where it is a picture that can be shown."""

    id: int
    name: str = ""
    type: str = ""
    size: int = 0
    width: int | None = None
    height: int | None = None

    @property
    def is_picture(self) -> bool:
        return self.width is not None

    @property
    def size_text(self) -> str:
        """As people say it: 820 B, 48 KB, 2.4 MB."""
        if self.size < 1000:
            return f"{self.size} B"
        number, unit = (self.size / 1e3, "KB") if self.size < 1e6 else (self.size / 1e6, "MB")
        return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"id": self.id, "name": self.name, "type": self.type, "size": self.size}
        if self.width is not None:
            found |= {"width": self.width, "height": self.height}
        return found

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> FileRef:
        """What `json` gave. Anything else of the mapping is left out, wrong types are as if they were not there."""
        sides = [given.get(k) if isinstance(given.get(k), int) else None for k in ("width", "height")]
        name, kind, size = given.get("name"), given.get("type"), given.get("size")
        return cls(
            given["id"],
            name if isinstance(name, str) else "",
            kind if isinstance(kind, str) else "",
            size if isinstance(size, int) else 0,
            *(sides if None not in sides else (None, None)),
        )


Files = tuple[FileRef, ...]


class FilesType(TypeDecorator[Files]):
    """The files of a record in one column of its table, as JSON text; NULL where there are none."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        return written(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Files | None:
        return read(value)


def written(value: Files | None) -> str | None:
    if not value:
        return None
    return json.dumps([one.json() for one in value], ensure_ascii=False, separators=(",", ":"))


def read(text: str | None) -> Files | None:
    return tuple(FileRef.of(one) for one in json.loads(text)) or None if text else None
