"""Several words of one's own (`tags`): what others used is proposed, and any new one may be typed."""

from __future__ import annotations

import unicodedata
from typing import Any

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, ListOf, Setting, Struct
from webapp.engines.forms.fields import choices
from webapp.engines.forms.fields.base import FieldError, Widget, folded, given_text
from webapp.expressions.types import Type
from webapp.i18n import N_

LONGEST, MOST = 40, 50


class Tags(choices.Several):
    """`options` are tags that are always proposed, with their colours; the others have one by their name."""

    key = "tags"
    label = N_("Tags")
    settings = Struct(
        {
            "options": Setting(
                ListOf(Struct(choices.OPTION), 0, choices.MOST_OPTIONS, known_by=("value",)), label=N_("Proposed tags")
            ),
            "most": Setting(Integer(1, MOST), label=N_("At most")),
        }
    )

    def type(self, field: Field) -> Type:
        return Type("choices", options=choices.options(field), is_open=True)

    def parse(self, field: Field, raw: Any) -> tuple[str, ...] | None:
        """A list of texts, or one with commas of either width, 、, ; or line ends between them."""
        texts = [given_text(one) for one in raw] if isinstance(raw, list | tuple) else [given_text(raw)]
        found: dict[str, str] = {}
        most = field.settings.get("most") or MOST
        for text in dict.fromkeys(part for one in texts for part in self.parts(one)):
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

    def said(self, field: Field, value: Any, locale: str) -> str:
        return choices.shown(field, value, locale)

    def json_schema(self, field: Field) -> dict[str, Any]:
        item = {"type": "string", "maxLength": LONGEST}
        return {"type": ["array", "null"], "items": item, "uniqueItems": True}

    def widget(self, field: Field) -> Widget:
        return Widget("tags", autocomplete="off")


field_kinds.register(Tags())
