"""Files of any sort (`attachment`)."""

from __future__ import annotations

from webapp.definitions.kinds import Widget, field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import ListOf, OneOf, Setting
from webapp.engines.forms.fields.files import FilesKind, families, limits
from webapp.files.kinds import FAMILIES, contradicts, endings_of, is_program
from webapp.files.pictures import SHOWN
from webapp.i18n import N_, Message


class Attachment(FilesKind):
    key = "attachment"
    label = N_("Attachments")
    settings = limits(types=Setting(ListOf(OneOf(tuple(FAMILIES)), 0, len(FAMILIES)), label=N_("Sorts of files")))
    sample = ({"id": 31, "name": "offer.pdf", "type": "application/pdf", "size": 48211},)

    def accepts(self, field: Field) -> str:
        return ",".join(ending for family in field.settings.get("types") or () for ending in endings_of(family))

    def is_looked_at(self, field: Field, type_: str) -> bool:
        return type_ in SHOWN

    def refuses(self, field: Field, type_: str, name: str) -> Message | None:
        if is_program(type_, name):
            return N_("Programs are not kept here: whoever opens them may be harmed.")
        if contradicts(type_, name):
            return N_("“{name}” is something else inside than its name says.", name=name)
        if not families(field, type_):
            return N_("This field does not take files of this sort.")
        return None

    def widget(self, field: Field) -> Widget:
        most = {"most": str(self.most_of(field)), "mb": str(self.most_bytes(field) >> 20)}
        return Widget("files", "file", attributes={"accept": self.accepts(field), **most})


field_kinds.register(Attachment())
