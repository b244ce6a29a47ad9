"""Which row of a file holds the headings, and what they say: below titles, in one row or in two, or nowhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Sequence

from webapp.engines.forms.transfer.maps import FileMap
from webapp.engines.forms.transfer.sheets import Cell, Chunk
from webapp.errors import Invalid
from webapp.expressions.fold import fold
from webapp.i18n import N_

#: Rows among which the headings are looked for.
HEAD_ROWS = 10
#: Characters of a heading at most; what is longer are instructions.
LONGEST = 60
#: What is longer is searched for no marks at its ends: it is no name with something in brackets behind it.
LONGEST_SPELT = 200

_BRACKETED = re.compile(r"\s*[(（\[【〔]\s*([^()（）\[\]【】〔〕]{0,30}?)\s*[)）\]】〕]\s*$")
#: What may stand in brackets without changing what the column means; 万元 and 分 do change it.
_HARMLESS = re.compile(
    r"必填|必须|选填|可选|非必填|required|optional|mandatory|元|人民币|rmb|cny|¥|\$|usd|eur|€|%|个|件|人|天|days|(格式|如|例).*|e\.?g\.?.*"
)
_STARS = re.compile(r"^[\s*＊:：]+|[\s*＊:：]+$")
#: What is a value and no heading: a number, a date, a time.
_VALUE = re.compile(r"[-+(]?[¥$€]?\d[\d,.]*%?\)?|\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?([ T].*)?|\d{1,2}:\d{2}(:\d{2})?")


def head_of(first: Chunk, names: Container[str], said: FileMap) -> tuple[int, list[str]]:
    """The number of the (last) row of the headings, 0 for none, and the headings; columns without one have letters.

    Without a word in the map it is the one of the first rows with the most headings in `names` (folded); if none is
    known, the first row that is not a title (which fills one cell of many) and does not hold values.
    Raises `Invalid` if the row asked for is not there.
    """
    if said.header == 0:
        return 0, [letters(i) for i in range(len(first.columns))]
    if said.header is not None:
        at = next((i for i, n in enumerate(first.numbers) if n == said.header), None)
        if at is None:
            raise Invalid(N_("Row {row} is empty; there are no headings in it.", row=said.header))
        return said.header, _with_row_above(first, at, names)
    rows = [first.row(i) for i in range(min(len(first), HEAD_ROWS))]
    known = {fold(h).strip() for h in said.columns}
    scores = [len({fold(str(cell)) for cell in row if _is_known(cell, names, known)}) for row in rows]
    if max(scores):
        at = scores.index(max(scores))
        if at + 1 < len(rows) and is_pair(rows[at], rows[at + 1]):
            at += 1
    else:
        wide = [sum(cell is not None for cell in row) for row in rows]
        at = next((i for i, w in enumerate(wide) if w > max(wide) / 2), 0)
        if at + 1 < len(rows) and is_pair(rows[at], rows[at + 1]):
            at += 1
        elif not said.columns and _holds_values(rows[at]):
            return 0, [letters(i) for i in range(len(first.columns))]
    return first.numbers[at], _with_row_above(first, at, names)


def _with_row_above(first: Chunk, at: int, names: Container[str]) -> list[str]:
    """The headings of the row at `at`; where a row of groups stands above, both together."""
    row = [_text(cell) for cell in first.row(at)]
    if at == 0 or not is_pair(first.row(at - 1), first.row(at)):
        return row
    groups, group = [], ""
    for cell, below in zip(first.row(at - 1), row, strict=True):
        group = _text(cell) or (group if below else "")
        groups.append(group)
    twice = {text for text, n in Counter(row).items() if n > 1}
    made = []
    for group, text in zip(groups, row, strict=True):
        if not text:
            made.append(group)
        elif text in twice and group and fold(text).strip() not in fold(group):
            made.append(f"{group} {text}")
        else:
            made.append(text)
    return made


def is_pair(above: Sequence[Cell], below: Sequence[Cell]) -> bool:
    """Whether two rows are headings together: groups above that span columns, their columns below.

    Cells that fill both rows must begin a group that goes on to the right; a row of data would fill more.
    """
    filled_above = [i for i, cell in enumerate(above) if cell is not None]
    filled_below = [i for i, cell in enumerate(below) if cell is not None]
    if len(filled_above) < 2 or len(filled_below) < 2:
        return False
    if any(not _is_heading(cell) for cell in (*above, *below) if cell is not None):
        return False
    spans = 0
    for place, start in enumerate(filled_above):
        end = filled_above[place + 1] if place + 1 < len(filled_above) else len(above)
        inside = [i for i in filled_below if start <= i < end]
        if len(inside) == 1 and inside[0] == start:
            return False  # one above the other: a heading and a value
        spans += len(inside) > 1
    return spans > 0 and filled_below[0] >= filled_above[0]


def _is_heading(cell: Cell) -> bool:
    return isinstance(cell, str) and len(cell) <= LONGEST and not _VALUE.fullmatch(cell.strip())


def _holds_values(row: Sequence[Cell]) -> bool:
    """Whether a row that no field is called like looks like data: several numbers or dates among its cells."""
    filled = [cell for cell in row if cell is not None]
    values = sum(not isinstance(cell, str) or bool(_VALUE.fullmatch(cell.strip())) for cell in filled)
    return values >= 2 and values * 3 >= len(filled)


def _is_known(cell: Cell, names: Container[str], said: set[str]) -> bool:
    return isinstance(cell, str) and (fold(cell).strip() in said or any(s in names for s in spellings(cell)))


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()


def letters(index: int) -> str:
    """A, B, … Z, AA as above the columns of a spreadsheet."""
    found = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        found = chr(65 + rest) + found
    return found


def spellings(heading: str) -> list[str]:
    """How a heading may be meant, the most literal first: `客户名称（必填）*` is also `客户名称`."""
    found, bare = [fold(heading).strip()], heading
    if len(heading) > LONGEST_SPELT:
        return [s for s in found if s]
    while True:
        shorter = _STARS.sub("", bare)
        bracketed = _BRACKETED.search(shorter)
        if bracketed and _HARMLESS.fullmatch(fold(bracketed[1])):
            shorter = shorter[: bracketed.start()]
        if shorter == bare:
            return [s for s in dict.fromkeys((*found, *(t.replace("_", " ") for t in found))) if s]
        bare = shorter
        found.append(fold(bare).strip())
