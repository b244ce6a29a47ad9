"""A name in a messenger (`im`): copied with a press, and opened where the messenger has addresses for that."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import quote

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import OneOf, Setting, Struct
from webapp.engines.forms.fields.base import FieldError, TextKind, Widget
from webapp.i18n import N_

#: Messenger → what its accounts look like, and where one leads (None: it has no addresses for people).
SERVICES: dict[str, tuple[re.Pattern[str], str | None]] = {
    "wechat": (re.compile(r"[A-Za-z][\w-]{5,19}|\+?[0-9]{5,15}"), None),
    "qq": (re.compile(r"[1-9][0-9]{4,11}"), "https://wpa.qq.com/msgrd?v=3&uin={name}&site=qq&menu=yes"),
    "dingtalk": (re.compile(r"[\w+.@-]{2,60}"), None),
    "wecom": (re.compile(r"[\w+.@-]{2,60}"), None),
    "whatsapp": (re.compile(r"\+?[0-9]{6,15}"), "https://wa.me/{name}"),
    "telegram": (re.compile(r"@?[A-Za-z][A-Za-z0-9_]{3,31}|\+[0-9]{6,15}"), "https://t.me/{name}"),
    "line": (re.compile(r"@?[\w.-]{1,40}"), "https://line.me/R/ti/p/~{name}"),
    "skype": (re.compile(r"[\w.,:@-]{3,60}"), None),
    "other": (re.compile(r".{1,100}"), None),
}
#: What stands before a name in lists and on cards.
_BEFORE = re.compile(
    r"^(?:微信号?|wechat(?: ?id)?|weixin|wx|vx|qq号?|钉钉|企业微信|whats ?app|telegram|line|skype)\s*[:：]\s*", re.I
)


class Im(TextKind):
    key = "im"
    sample = "liwen_2026"
    label = N_("Messenger")
    longest = 100
    is_copied = True
    settings = Struct({"service": Setting(OneOf(tuple(SERVICES)), "wechat", label=N_("Which one"))})

    def normalise(self, field: Field, text: str) -> str:
        """Any name is taken, a nickname too: it is often all one has. Only an account leads anywhere (`reach`)."""
        name = _BEFORE.sub("", unicodedata.normalize("NFKC", text)).strip()
        if not name:
            raise FieldError(N_("The name of an account is expected here."), code="im")
        is_number = re.fullmatch(r"\+?[0-9][0-9\s()-]{4,}", name) is not None
        return re.sub(r"[\s()-]", "", name) if is_number else name

    def reach(self, field: Field, value: Any) -> str | None:
        pattern, address = SERVICES[field.settings.get("service") or "wechat"]
        if not value or address is None or not pattern.fullmatch(value):
            return None
        return address.format(name=quote(str(value).lstrip("@" if "line.me" not in address else "").lstrip("+")))

    def widget(self, field: Field) -> Widget:
        attributes = {"maxlength": str(self.longest), "autocapitalize": "none", "spellcheck": "false"}
        return Widget("text", "text", autocomplete="off", attributes=attributes)


field_kinds.register(Im())
