"""Several words of one's own (`tags`): what others used is proposed, and any new one may be typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, ListOf, Report, Setting, Struct
from webapp.engines.forms.fields import choices
from webapp.engines.forms.fields.base import FieldError, Kind, Widget, folded, given_text
from webapp.expressions.types import Type
from webapp.i18n import N_, language_of

LONGEST, MOST = 40, 50
_MARKS = re.compile(r"[,，、;；\n|]")


class Tags(Kind):
    """`options` are tags that are always proposed, with their colours; the others have one by their name."""

    key = "tags"
    label = N_("Tags")
    is_multi = True
    settings = Struct(
        {
            "options": Setting(
                ListOf(Struct(choices.OPTION), 0, choices.MOST_OPTIONS, known_by=("value",)), label=N_("Proposed tags")
            ),
            "most": Setting(Integer(1, MOST), label=N_("At most")),
        }
    )

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        choices.examine_options(settings, path, report)

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return []

    def type(self, field: Field) -> Type:
        return Type("choices", options=choices.options(field), is_open=True)

    def parse(self, field: Field, raw: Any) -> tuple[str, ...] | None:
        """A list of texts, or one with commas of either width, 、, ; or line ends between them."""
        texts = [given_text(one) for one in raw] if isinstance(raw, list | tuple) else [given_text(raw)]
        found: dict[str, str] = {}
        most = field.settings.get("most") or MOST
        for text in dict.fromkeys(part for one in texts for part in _MARKS.split(one)):
            if tag := self.tag(field, text):
                found.setdefault(folded(tag) or tag, tag)
            if len(found) > most:
                raise FieldError(N_("At most {n} tags are possible here.", n=most), code="too_many")
        return tuple(found.values()) or None

    def tag(self, field: Field, text: str) -> str | None:
        """One tag as it is kept: an option where its value or label is meant, else the text itself."""
        plain = " ".join(unicodedata.normalize("NFKC", text).replace("\u200b", "").split()).lstrip("#").strip()
        if not plain:
            return None
        if len(plain) > LONGEST:
            raise FieldError(N_("A tag has at most {n} characters.", n=LONGEST), code="too_long")
        try:
            return choices.find(field, plain)
        except FieldError:
            return plain

    def text(self, field: Field, value: Any, locale: str) -> str:
        mark = "、" if language_of(locale) == "zh" else ", "
        return mark.join(choices.shown(field, one, locale) for one in value or ())

    def said(self, field: Field, value: Any, locale: str) -> str:
        return choices.shown(field, value, locale)

    def json(self, field: Field, value: Any) -> list[str]:
        return list(value or ())

    def unjson(self, field: Field, value: Any) -> tuple[str, ...] | None:
        return tuple(value) if value else None

    def search(self, field: Field, value: Any) -> str:
        return " ".join(choices.found_by(field, one) for one in value or ())

    def json_schema(self, field: Field) -> dict[str, Any]:
        item = {"type": "string", "maxLength": LONGEST}
        return {"type": ["array", "null"], "items": item, "uniqueItems": True}

    def widget(self, field: Field) -> Widget:
        return Widget("tags", autocomplete="off")


field_kinds.register(Tags())
