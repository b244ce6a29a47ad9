"""A page of records as JSON text, column by column: what `shapes.record` says of each, for a third of the work.

How a field's values are written is prepared once a list (`Decoder.made`), and equal values are written once a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import Any

from webapp.blueprints.api import answers, shapes
from webapp.db import Unit
from webapp.definitions.model import Form
from webapp.engines.forms.reading import Decoder, Place, Sheet
from webapp.engines.forms.record import Linked, Masked

Write = Callable[[Any], str]
#: Stands last, and only where a record has one (`shapes.record`).
_LAST = "deleted_at"


def written(unit: Unit, form: Form, sheet: Sheet) -> str:
    """``{"records": […], "next": …}``, with `count` and `count_is` where they were asked for."""
    pattern, columns = _prepared(unit, form, sheet.decoder)
    texts = [[str(row[0]) for row in sheet.rows], [str(row[1]) for row in sheet.rows]]
    for key, write in columns:
        texts.append([text(raw) for raw in sheet.raw(key)] if write is text else sheet.made(key, write))
    parts = ['{"records":[', ",".join([pattern % row for row in zip(*texts, strict=True)]), "]"]
    parts.append(f',"next":{answers.dumps(sheet.next)}')
    if sheet.count is not None:
        parts.append(f',"count":{sheet.count},"count_is":{answers.dumps(sheet.count_is)}')
    return "".join([*parts, "}"])


def _prepared(unit: Unit, form: Form, decoder: Decoder) -> tuple[str, list[tuple[str, Write]]]:
    """A record with a place for every text, and what writes them: id and version, then these columns."""
    found: tuple[str, list[tuple[str, Write]]] | None = decoder.made.get("json")
    if found is None:
        inside, beside = ([k for k in keys if k in decoder.places] for keys in shapes.parts(form))
        encoders = shapes.encoders(unit, form)
        columns = [(k, _writer(decoder.places[k], encoders)) for k in (*inside, *beside)]
        values = ",".join([f"{_name(k)}:%s" for k in inside])
        more = "".join(["%s" if k == _LAST else f",{_name(k)}:%s" for k in beside])
        pattern = '{"id":%s,"version":%s,"values":{' + values + "}" + more + "}"
        found = decoder.made["json"] = (pattern, columns)
    return found


def _name(key: str) -> str:
    return encode_basestring(key).replace("%", "%%")


def _writer(place: Place, encoders: Mapping[str, Callable[[Any], Any] | None]) -> Write:
    """What writes a field's value from what the driver gave."""
    encode = encoders[place.key]
    if place.key == _LAST:
        return lambda raw: "" if raw is None else f",{_name(_LAST)}:{_shown(*place.value(raw), encode)}"
    if place.end - place.start > 1:
        return lambda raw: _shown(*place.value(*raw), encode)
    if place.decode is not None:
        return lambda raw: _shown(*place.value(raw), encode)
    (load,) = place.converts
    if load is None and encode is None:
        return text
    return lambda raw: "null" if raw is None else _plain(raw if load is None else load(raw), encode)


def _plain(value: Any, encode: Callable[[Any], Any] | None) -> str:
    return text(value if encode is None else encode(value))


def _shown(value: Any, linked: Linked | None, encode: Callable[[Any], Any] | None) -> str:
    if linked is not None:
        return _link(linked)
    if isinstance(value, Masked):
        return answers.dumps({"masked": value.text})
    return "null" if value is None else _plain(value, encode)


def _link(found: Linked) -> str:
    """`shapes.link` as text."""
    if found.title is None:
        return '{"masked":""}'
    more = ',"deleted":true' if found.is_binned else ""
    return f'{{"id":{found.id},"title":{encode_basestring(found.title)}{more}}}'


#: Python's own encoder begins anew for every value; for one value by itself these say the same.
_SIMPLE: dict[type, Write] = {
    str: encode_basestring,
    int: int.__repr__,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
}


def text(value: Any) -> str:
    """One value as JSON."""
    return _SIMPLE.get(type(value), answers.dumps)(value)
