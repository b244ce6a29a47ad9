"""What the kinds that hold files share (`attachment`, `image`): one column with what a record says of each file.

Which files somebody may give, and what is true of them, is looked up by `engines/forms/writing/attaching.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, Setting, Struct
from webapp.engines.forms.fields.base import FieldError, Kind, given_text
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.files.kinds import family_of
from webapp.files.refs import FileRef, Files, FilesType
from webapp.i18n import N_, Message, language_of

MOST_FILES, MOST_MB = 50, 100
_IDS = re.compile(r"[\s,;，；、]+")


class FilesKind(Kind):
    """Ids of files that were uploaded before, in their order: a list, a text with commas, or what `json` gave."""

    is_typed = False
    most, most_mb = 20, 20

    def most_of(self, field: Field) -> int:
        return field.settings.get("most") or self.most

    def most_bytes(self, field: Field) -> int:
        return (field.settings.get("max_mb") or self.most_mb) << 20

    def accepts(self, field: Field) -> str:
        """What a browser offers to choose from, as the attribute `accept` has it; "" for everything."""
        raise NotImplementedError

    def is_looked_at(self, field: Field, type_: str) -> bool:
        """Whether content of that type is a picture, of which there are small ones."""
        raise NotImplementedError

    def refuses(self, field: Field, type_: str, name: str) -> Message | None:
        """Why the field does not take a file of that content and name."""
        raise NotImplementedError

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, FilesType())]

    def type(self, field: Field) -> Type:
        return types.FILES

    def parse(self, field: Field, raw: Any) -> Files | None:
        items = raw if isinstance(raw, list | tuple) else [raw] if isinstance(raw, int | Mapping) else _read(raw)
        found = tuple({one.id: one for one in map(_one, items)}.values())
        if len(found) > self.most_of(field):
            raise FieldError(N_("At most {n} files are possible here.", n=self.most_of(field)), code="too_many")
        return found or None

    def text(self, field: Field, value: Any, locale: str) -> str:
        return ("、" if language_of(locale) == "zh" else ", ").join(one.name for one in value or ())

    def short(self, field: Field, value: Any, locale: str) -> str:
        if not value:
            return ""
        return value[0].name if len(value) == 1 else f"{value[0].name} +{len(value) - 1}"

    def masked(self, field: Field, value: Any) -> str:
        return "****" if value else ""

    def typed(self, field: Field, value: Any, locale: str) -> str:
        return json.dumps([one.json() for one in value], ensure_ascii=False) if value else ""

    def json(self, field: Field, value: Any) -> list[dict[str, Any]]:
        return [one.json() for one in value or ()]

    def unjson(self, field: Field, value: Any) -> Files | None:
        return tuple(FileRef.of(one) for one in value) if value else None

    def search(self, field: Field, value: Any) -> str:
        return " ".join(one.name for one in value or ())

    def json_schema(self, field: Field) -> dict[str, Any]:
        known = {
            "id": {"type": "integer", "minimum": 1},
            "name": {"type": "string"},
            "type": {"type": "string"},
            "size": {"type": "integer"},
            "width": {"type": "integer"},
            "height": {"type": "integer"},
        }
        one = {"type": "object", "properties": known, "required": ["id"], "additionalProperties": False}
        item = {"anyOf": [one, {"type": "integer", "minimum": 1}]}
        return {"type": ["array", "null"], "items": item, "maxItems": self.most_of(field)}


def limits(**more: Setting) -> Struct:
    """The settings that all kinds of files have, and `more`."""
    return Struct(
        {
            "most": Setting(Integer(1, MOST_FILES), label=N_("Files at most")),
            "max_mb": Setting(Integer(1, MOST_MB), label=N_("Megabytes of one file at most")),
            **more,
        }
    )


def families(field: Field, type_: str) -> bool:
    """Whether the content is of one of the families that the field names, if it names any."""
    wanted = field.settings.get("types")
    return not wanted or family_of(type_) in wanted


def _read(raw: Any) -> list[Any]:
    text = given_text(raw).strip("\ufeff\u200b \u3000\t\r\n")
    if not text:
        return []
    if text.startswith("["):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise _unknown() from None
        return found if isinstance(found, list) else []
    return [part for part in _IDS.split(text) if part]


def _one(item: Any) -> FileRef:
    given = item if isinstance(item, Mapping) else {"id": item}
    if isinstance(item, FileRef):
        return item
    id_ = given.get("id")
    if isinstance(id_, str) and id_.isascii() and id_.isdigit() and len(id_) <= 18:
        id_ = int(id_)
    if isinstance(id_, bool) or not isinstance(id_, int) or not 0 < id_ < 2**63:
        raise _unknown()
    return FileRef.of({**given, "id": id_})


def _unknown() -> FieldError:
    return FieldError(N_("A file is given by the number that its upload was answered with."), code="type")
