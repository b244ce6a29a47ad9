"""vCard 2.1, 3.0 and 4.0 (RFC 2426, RFC 6350) as telephones write them: folded lines, quoted-printable, character sets
of their own, groups, types. Only what a business card says is read; pictures and keys are passed over."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from webapp.engines.forms.contacts.contact import Contact

_HAN = re.compile(r"[\u3400-\u9fff]")
_ESCAPED = re.compile(r"\\(.)", re.S)
_CELL = {"CELL", "IPHONE", "MOBILE"}
_MOBILE = re.compile("mobile|cell|手机", re.I)  # as people and telephones name it
_WECHAT = ("X-WECHAT", "X-WEIXIN", "X-MICROMSG")


@dataclass(frozen=True)
class _Line:
    name: str
    types: frozenset[str]
    value: str  # still escaped
    group: str = ""

    @property
    def parts(self) -> list[str]:
        return [_plain(part) for part in re.split(r"(?<!\\);", self.value)]

    @property
    def text(self) -> str:
        return _plain(self.value)


def decode(data: bytes) -> str:
    """A file's text: UTF-8, UTF-16 with its mark, else the Chinese character set."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def read(text: str) -> list[Contact]:
    """The contacts of all cards in `text`, in their order; a card without its end is read as far as it goes."""
    found: list[Contact] = []
    lines: list[_Line] | None = None
    for line in _lines(text):
        if line.name == "BEGIN" and line.value.strip().upper() == "VCARD":
            if lines:
                found.append(_contact(lines))
            lines = []
        elif line.name == "END" and lines is not None:
            found.append(_contact(lines))
            lines = None
        elif lines is not None:
            lines.append(line)
    if lines:
        found.append(_contact(lines))
    return [one for one in found if not one.is_empty]


def _lines(text: str) -> Iterator[_Line]:
    raw = re.split(r"\r\n|\r|\n", text)
    position = 0
    while position < len(raw):
        whole = raw[position]
        position += 1
        is_quoted = "QUOTED-PRINTABLE" in whole.partition(":")[0].upper()
        while position < len(raw):
            if is_quoted and whole.endswith("="):
                whole = whole[:-1] + raw[position].lstrip(" \t")
            elif raw[position][:1] in (" ", "\t") and raw[position].strip():
                whole += raw[position][1:]
            else:
                break
            position += 1
        if (made := _line(whole)) is not None:
            yield made


def _line(whole: str) -> _Line | None:
    head, colon, value = _split(whole)
    if not colon:
        return None
    name, *given = head.split(";")
    types: set[str] = set()
    charset, is_quoted = "utf-8", False
    for one in given:
        key, equals, said = one.partition("=")
        key, said = (key.strip().upper(), said.strip(' "')) if equals else ("TYPE", key.strip())
        if key == "CHARSET":
            charset = said
        elif key == "ENCODING" or said.upper() == "QUOTED-PRINTABLE":
            is_quoted = is_quoted or said.upper() == "QUOTED-PRINTABLE"
        elif key == "TYPE":
            types.update(part.strip().upper() for part in said.split(","))
        elif key == "PREF":
            types.add("PREF")
    if is_quoted:
        value = _unquoted(value, charset)
    group, _, plain = name.strip().upper().rpartition(".")
    return _Line(plain, frozenset(types), value, group)


def _split(whole: str) -> tuple[str, str, str]:
    """Before and after the first colon that does not stand in quotes."""
    is_inside = False
    for place, character in enumerate(whole):
        if character == '"':
            is_inside = not is_inside
        elif character == ":" and not is_inside:
            return whole[:place], ":", whole[place + 1 :]
    return whole, "", ""


def _unquoted(value: str, charset: str) -> str:
    data = quopri.decodestring(value.encode("utf-8", "replace"))
    for one in (charset, "utf-8", "gb18030"):
        try:
            return data.decode(one)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("utf-8", "replace")


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _contact(lines: list[_Line]) -> Contact:
    lines = sorted(lines, key=lambda one: "PREF" not in one.types)  # the preferred first, else as they stand
    made = Contact(
        name=_first(lines, "FN") or _name(lines),
        company=_part(lines, "ORG", 0),
        job_title=_first(lines, "TITLE") or _first(lines, "ROLE"),
        email=_first(lines, "EMAIL").removeprefix("mailto:"),
        wechat=_wechat(lines),
        website=_first(lines, "URL"),
        address=_address(lines),
        note=_first(lines, "NOTE"),
    )
    labels = {line.group: line.text for line in lines if line.name == "X-ABLABEL" and line.group}
    for line in lines:
        if line.name == "TEL" and "FAX" not in line.types:
            number = re.sub(r"^tel:", "", line.text, flags=re.I).partition(";ext=")[0]
            made = made.with_number(
                number, is_mobile=bool(line.types & _CELL or _MOBILE.search(labels.get(line.group, "")))
            )
    if made.name and made.name == made.company:
        made = replace(made, name=_name(lines))  # a card of a firm
    return made


def _first(lines: list[_Line], name: str) -> str:
    return next((line.text for line in lines if line.name == name and line.text), "")


def _part(lines: list[_Line], name: str, place: int) -> str:
    parts = next((line.parts for line in lines if line.name == name), [])
    return parts[place] if len(parts) > place else ""


def _name(lines: list[_Line]) -> str:
    """Family and given name: together in Chinese, the given one first elsewhere."""
    family, given = _part(lines, "N", 0), _part(lines, "N", 1)
    if _HAN.search(family + given):
        return family + given
    return " ".join(part for part in (given, _part(lines, "N", 2), family) if part)


def _address(lines: list[_Line]) -> str:
    """From the country to the street in Chinese, the other way round elsewhere."""
    parts = next((line.parts for line in lines if line.name == "ADR"), [])
    parts = [*parts, *[""] * (7 - len(parts))]
    _box, extended, street, town, region, code, country = parts[:7]
    if _HAN.search("".join(parts)):
        return "".join(part for part in (region, town, street, extended) if part)
    return ", ".join(
        part for part in (extended, street, town, " ".join(p for p in (region, code) if p), country) if part
    )


def _wechat(lines: list[_Line]) -> str:
    for line in lines:
        if line.name in _WECHAT:
            return line.text
        if line.name in ("IMPP", "X-SOCIALPROFILE") and re.match(r"(?:weixin|wechat|x-apple):", line.text, re.I):
            return line.text.partition(":")[2].lstrip("/")
    return ""
