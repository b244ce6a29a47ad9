"""Which field of a form takes which piece of a contact: by the kind of the field, then by what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from webapp.definitions.model import Field, Form
from webapp.engines.forms.contacts.contact import Contact
from webapp.engines.forms.entering.inputs import writable
from webapp.engines.forms.viewing.views import Scope
from webapp.i18n import LANGUAGES, N_, label

_NAMES = {
    "name": N_("Contact name"),
    "company": N_("Company"),
    "job_title": N_("Job title"),
    "mobile": N_("Mobile"),
    "phone": N_("Phone"),
    "email": N_("E-mail"),
    "wechat": N_("WeChat"),
    "website": N_("Website"),
    "address": N_("Postal address"),
}
#: Piece → kinds made for it, and words by which a plain text field is known.
_KINDS = {
    "name": "person_name",
    "mobile": "phone",
    "phone": "phone",
    "email": "email",
    "website": "url",
    "wechat": "im",
}
_WORDS = {
    "name": ("name", "姓名", "联系人", "contact"),
    "company": ("company", "公司", "单位", "企业", "客户名", "organisation", "organization", "firm"),
    "job_title": ("job", "title", "position", "职务", "职位", "岗位"),
    "mobile": ("mobile", "手机", "cell"),
    "phone": ("phone", "tel", "电话", "座机"),
    "email": ("mail", "邮箱", "邮件"),
    "wechat": ("wechat", "weixin", "微信"),
    "website": ("website", "web", "url", "网址", "官网"),
    "address": ("address", "地址"),
}


def values(at: Scope, contact: Contact) -> dict[str, list[str]]:
    """Field key → texts of its input. What finds no field of its own is written into the note, by its name."""
    free = {key: field for key, field in at.form.fields.items() if writable(at, field)}
    found: dict[str, list[str]] = {}
    loose = []
    for piece, field in _placed(at.form, free, contact):
        if field is None:
            loose.append(f"{_NAMES[piece].text(at.locale)}: {getattr(contact, piece)}")
        else:
            found[field.key] = [getattr(contact, piece)]
    said = "\n".join(part for part in (*loose, contact.note) if part)
    into = next((key for key in _notes(at.form) if key in free), None)
    if said and into:
        found[into] = [said]
    return found


def fits(at: Scope, contact: Contact) -> int:
    """How many pieces of the contact have a field of their own."""
    free = {key: field for key, field in at.form.fields.items() if writable(at, field)}
    return sum(field is not None for _, field in _placed(at.form, free, contact))


def _placed(form: Form, free: dict[str, Field], contact: Contact) -> Iterator[tuple[str, Field | None]]:
    """Each piece that is known with its field, which is then no longer free."""
    for piece in _pieces(form):
        if getattr(contact, piece):
            field = _field(form, free, piece)
            if field is not None:
                del free[field.key]
            yield piece, field


def _pieces(form: Form) -> Iterator[str]:
    """The firm's name comes first where the form is about firms: it is then called by it."""
    names = [f.name for f in fields(Contact) if f.name != "note"]
    if not any(f.kind.is_name for f in form.fields.values()):
        names.remove("company")
        names.insert(0, "company")
    return iter(names)


def _field(form: Form, free: dict[str, Field], piece: str) -> Field | None:
    kind = _KINDS.get(piece)
    of_kind = [f for f in free.values() if f.kind_key == kind]
    plain = [f for f in free.values() if f.kind_key == "text"]
    called = next((f for f in (*of_kind, *plain) if _is_called(f, piece)), None)
    if called is not None:
        return called
    if of_kind:
        return of_kind[0]
    if piece in ("name", "company") and form.title in free and free[form.title].kind_key == "text":
        return free[form.title]
    return None


def _is_called(field: Field, piece: str) -> bool:
    names = " ".join([field.key, *(label(field.label, language) or "" for language in LANGUAGES)]).lower()
    if piece == "name" and any(word in names for word in _WORDS["company"]):
        return False
    return any(word in names for word in _WORDS[piece])


def _notes(form: Form) -> list[str]:
    """Fields for many words, those of the quick entry first."""
    quick = form.settings.get("quick") or ()
    long = [key for key, field in form.fields.items() if field.kind_key == "long_text"]
    return sorted(long, key=lambda key: key not in quick)
