"""What is known of somebody who is not a record yet."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

#: Read at most: what a phone shares is small.
LONGEST = 64_000
MOST = 20
#: What one piece may be long.
_PIECE = 200
_NOTE = 1500
_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")


@dataclass(frozen=True)
class Contact:
    """Pieces as they were written, "" where nothing is known; `note` is what else was said."""

    name: str = ""
    company: str = ""
    job_title: str = ""
    mobile: str = ""
    phone: str = ""
    email: str = ""
    wechat: str = ""
    website: str = ""
    address: str = ""
    note: str = ""

    def with_number(self, number: str, *, is_mobile: bool = False) -> Contact:
        """The same with a telephone number at the place that is free for it."""
        bare = re.sub(r"[^\d+]", "", number)
        order = ("mobile", "phone") if is_mobile or _MOBILE.fullmatch(bare) else ("phone", "mobile")
        free = next((place for place in order if not getattr(self, place)), None)
        if free is None or number in (self.mobile, self.phone):
            return self
        return replace(self, **{free: number})

    def short(self) -> Contact:
        """The same with every piece in one line of a bearable length; the note keeps its lines."""
        cut = {f.name: " ".join(getattr(self, f.name).split())[:_PIECE] for f in fields(self) if f.name != "note"}
        lines = [line.strip() for line in self.note.splitlines()]
        return replace(self, **cut, note="\n".join(line for line in lines if line)[:_NOTE])

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, f.name) for f in fields(self))


def read(texts: Iterable[str | bytes]) -> list[Contact]:
    """The contacts in what was shared: cards of files or texts; everything else is one contact of free text."""
    from webapp.engines.forms.contacts import card, text

    found: list[Contact] = []
    free: list[str] = []
    for one in texts:
        given = card.decode(one) if isinstance(one, bytes) else one
        given = given[:LONGEST].replace("\0", "")
        if "BEGIN:VCARD" in given.upper():
            found += card.read(given)
        elif given.strip():
            free.append(given)
    if free:
        said = text.read("\n".join(free))
        if len(found) == 1:  # the card, and what was written along with it
            note = "\n".join(part for part in (found[0].note, *free) if part)
            found = [replace(found[0], note=note)]
        else:
            found.append(said)
    return [one for one in (c.short() for c in found[:MOST]) if not one.is_empty]
