"""Mail addresses (`email`): the domain in small letters, the local part as typed."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import quote

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.engines.forms.fields.base import FieldError, TextKind, Widget
from webapp.i18n import N_

_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f]{1,64}")
_NAME = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")


class Email(TextKind):
    key = "email"
    way = "email"
    sample = "li.wen@example.com"
    label = N_("Email")
    longest = 254
    is_copied = True
    is_sorted = True

    def normalise(self, field: Field, text: str) -> str:
        address = unicodedata.normalize("NFKC", text).removeprefix("mailto:")
        local, at, domain = address.rpartition("@")
        domain = domain.lower().rstrip(".")
        names = domain.split(".")
        is_good = at and _LOCAL.fullmatch(local) and not local.startswith(".") and ".." not in local
        if not is_good or local.endswith(".") or len(names) < 2 or not all(map(_NAME.fullmatch, names)):
            raise FieldError(N_("This is no mail address; an example of one: name@example.com"), code="email")
        if names[-1].isdigit() or len(address) > self.longest:
            raise FieldError(N_("This is no mail address; an example of one: name@example.com"), code="email")
        return f"{local}@{domain}"

    def reach(self, field: Field, value: Any) -> str | None:
        return f"mailto:{quote(value, safe='@')}" if value else None

    def masked(self, field: Field, value: Any) -> str:
        local, _, domain = (value or "").rpartition("@")
        return f"{local[:1]}****@{domain}" if value else ""

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": ["string", "null"], "maxLength": self.longest}

    def widget(self, field: Field) -> Widget:
        return Widget("email", "email", "email", "email", {"maxlength": str(self.longest)})


field_kinds.register(Email())
