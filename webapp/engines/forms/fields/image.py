"""Pictures (`image`): from the camera, the gallery, a file or the clipboard."""

from __future__ import annotations

from webapp.definitions.kinds import Widget, field_kinds
from webapp.definitions.model import Field
from webapp.engines.forms.fields.files import FilesKind, limits
from webapp.files.pictures import SHOWN
from webapp.i18n import N_, Message

_HEIC = ("image/heic", "image/heif", "image/avif")


class Image(FilesKind):
    key = "image"
    label = N_("Pictures")
    settings = limits()
    sample = ({"id": 32, "name": "photo.jpg", "type": "image/jpeg", "size": 248211, "width": 1600, "height": 1200},)

    def accepts(self, field: Field) -> str:
        return ",".join(sorted(SHOWN))  # a telephone that keeps pictures in HEIC hands over JPEG for it

    def is_looked_at(self, field: Field, type_: str) -> bool:
        return True

    def refuses(self, field: Field, type_: str, name: str) -> Message | None:
        if type_ in SHOWN:
            return None
        if type_ in _HEIC:
            return N_(
                "“{name}” is in a format that most browsers cannot show (HEIC or AVIF). Send it as JPEG; on an iPhone:"
                " Settings, Camera, Formats, Most Compatible.",
                name=name,
            )
        return N_("“{name}” is no picture that can be shown; JPEG, PNG, GIF and WebP can.", name=name)

    def widget(self, field: Field) -> Widget:
        most = {"most": str(self.most_of(field)), "mb": str(self.most_bytes(field) >> 20)}
        return Widget("files", "file", attributes={"accept": self.accepts(field), "pictures": "yes", **most})


field_kinds.register(Image())
