"""Web addresses (`url`): http and https only, so that a press never runs a script."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.engines.forms.fields.base import FieldError, TextKind, Widget
from webapp.i18n import N_

_HOST = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{1,61}|localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]"
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)


class Url(TextKind):
    key = "url"
    sample = "https://example.com"
    label = N_("Web address")
    longest = 2000

    def normalise(self, field: Field, text: str) -> str:
        address = text if _SCHEME.match(text) else f"https://{text}"
        if any(c.isspace() or c in '<>"\\`{}|^' or not c.isprintable() for c in address):
            raise _refused()
        try:
            parts = urlsplit(address)
            host, _port = (parts.hostname or ""), parts.port
        except ValueError:
            raise _refused() from None
        if parts.scheme.lower() not in ("http", "https"):
            raise FieldError(N_("Only addresses that begin with http:// or https:// are possible."), code="scheme")
        shown = f"[{host}]" if ":" in host else host
        if "@" in parts.netloc or not _HOST.fullmatch(shown):
            raise _refused()
        return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()

    def short(self, field: Field, value: Any, locale: str) -> str:
        return urlsplit(value).netloc.removeprefix("www.") if value else ""

    def reach(self, field: Field, value: Any) -> str | None:
        return value or None

    def widget(self, field: Field) -> Widget:
        return Widget("url", "url", "url", "url", {"maxlength": str(self.longest)})


def _refused() -> FieldError:
    return FieldError(N_("This is no web address; an example of one: https://example.com"), code="url")


field_kinds.register(Url())
