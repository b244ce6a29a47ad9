"""What a file is, told by its first bytes; its name is believed only among kinds that look alike."""

from __future__ import annotations

import codecs
from pathlib import PurePath

_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"Rar!", "application/vnd.rar"),
    (0, b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (0, b"MZ", "application/x-msdownload"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"\xca\xfe\xba\xbe", "application/x-mach-binary"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
#: Kinds that are zip files or OLE files inside: the name tells them apart.
_ZIPS = {
    ".xlsx": _OFFICE + "spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    ".docx": _OFFICE + "wordprocessingml.document",
    ".pptx": _OFFICE + "presentationml.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
}
_OLES = {
    ".xls": "application/vnd.ms-excel",
    ".doc": "application/msword",
    ".ppt": "application/vnd.ms-powerpoint",
    ".msg": "application/vnd.ms-outlook",
}
_TEXTS = {".csv": "text/csv", ".tsv": "text/tab-separated-values", ".json": "application/json", ".vcf": "text/vcard"}
_PROGRAMS = ("application/x-msdownload", "application/x-executable", "application/x-mach-binary")
#: Endings of what a computer runs when somebody opens it.
_RUN = frozenset(
    (
        ".exe", ".com", ".bat", ".cmd", ".msi", ".msp", ".scr", ".pif", ".cpl", ".hta", ".js", ".jse", ".vbs", ".vbe",
        ".wsf", ".wsh", ".ps1", ".psm1", ".reg", ".lnk", ".jar", ".sh", ".app", ".command", ".deb", ".rpm", ".dll",
        ".sys", ".scf", ".url", ".apk",
    )
)  # fmt: skip
#: What sorts of files there are, for people who say which ones a field takes: the endings a browser offers.
FAMILIES: dict[str, tuple[str, ...]] = {
    "picture": (".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".bmp", ".tif", ".tiff"),
    "pdf": (".pdf",),
    "document": (".docx", ".doc", ".odt", ".rtf", ".txt", ".md"),
    "spreadsheet": (".xlsx", ".xls", ".xlsm", ".ods", ".csv", ".tsv"),
    "presentation": (".pptx", ".ppt"),
    "audio": (".mp3", ".m4a", ".wav", ".ogg", ".amr"),
    "video": (".mp4", ".mov", ".webm"),
    "archive": (".zip", ".rar", ".7z", ".gz"),
}
#: Texts that a browser would run are plain texts here.
_UNKNOWN = "application/octet-stream"


def type_of(head: bytes, name: str) -> str:
    """The media type of a file that begins with `head`. HTML, SVG and scripts are `text/plain`: they are never run."""
    suffix = PurePath(name).suffix.lower()
    for at, sign, kind in _SIGNS:
        if head[at : at + len(sign)] == sign:
            return kind
    if head.startswith(b"PK\x03\x04"):
        return _ZIPS.get(suffix, "application/zip")
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _OLES.get(suffix, "application/x-ole-storage")
    return _TEXTS.get(suffix, "text/plain") if _is_text(head) else _UNKNOWN


def _is_text(head: bytes) -> bool:
    if head.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return not any(byte < 9 or 13 < byte < 27 for byte in head)


def family_of(type_: str) -> str | None:
    """Which of `FAMILIES` content of that type belongs to."""
    head = type_.partition("/")[0]
    if head in ("image", "audio", "video"):
        return "picture" if head == "image" else head
    by_ending = {**{type_: name for name, type_ in (*_ZIPS.items(), *_OLES.items(), *_TEXTS.items())}, **_OTHERS}
    ending = by_ending.get(type_, "")
    return next((family for family, endings in FAMILIES.items() if ending in endings), None)


_OTHERS = {
    "application/pdf": ".pdf",
    "application/rtf": ".rtf",
    "text/plain": ".txt",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "application/vnd.rar": ".rar",
    "application/x-7z-compressed": ".7z",
}


def endings_of(family: str) -> tuple[str, ...]:
    return FAMILIES[family]


def is_program(type_: str, name: str) -> bool:
    """Whether opening it would run it, by its content or by what its name makes a computer do."""
    return type_ in _PROGRAMS or PurePath(name.rstrip(". ")).suffix.lower() in _RUN


def contradicts(type_: str, name: str) -> bool:
    """Whether a name promises a picture, a PDF or an office file and the content is none of that sort."""
    suffix = PurePath(name).suffix.lower()
    if suffix in FAMILIES["picture"]:
        return not type_.startswith("image/")
    if suffix == ".pdf":
        return type_ != "application/pdf"
    if suffix in _ZIPS:
        return type_ != _ZIPS[suffix]
    return False
