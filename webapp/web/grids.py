"""The rows of a grid, joined in Python column by column: a template takes five times as long for fifty rows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from functools import lru_cache

from markupsafe import Markup, escape

from webapp.engines.forms.display import MOMENTS, NUMBERS, Cell, Tag, initial, tint
from webapp.engines.forms.viewing.columns import Column, Grid
from webapp.web import scope
from webapp.web.assets import url as static

_SPECIAL = re.compile("[&<>'\"]")


def install(app: scope.App) -> None:
    app.jinja_env.globals.update(grid_rows=rows, single_rows=single_rows)
    app.jinja_env.globals.update(draw_tags=tags, draw_person=person, draw_files=files)


def rows(grid: Grid, base: str, start: int, *, may_edit: bool = False) -> Markup:
    """All `<tr>` of a page. `base` is the address of the form, `start` how many rows stand before these.

    may_edit  its reader changes values in their cells: these carry what an editor begins with (`data-v`) where that is
              not what they show, and the rows their version
    """
    columns = [_column(grid, column, base, may_edit) for column in grid.columns]
    cells = zip(*columns, strict=True)
    versions = [f' data-version="{row[1]}"' for row in grid.sheet.rows] if may_edit else itertools.repeat("")
    parts = [
        f'<tr id="row-{id_}" data-open="{base}/{id_}"{version}>\n<td class="m-num" tabindex="-1">{number}</td>\n'
        f"{''.join(shown)}\n</tr>"
        for number, id_, shown, version in zip(itertools.count(start + 1), grid.ids, cells, versions, strict=False)
    ]
    return Markup("\n".join(parts))  # noqa: S704 (every part is escaped or drawn here)


def single_rows(grid: Grid, base: str) -> list[tuple[int, Markup]]:
    """The `<tr>` of each record by itself, without a number, for rows that are put in the place of those that stand."""
    whole = rows(grid, base, -1, may_edit=True)
    parts = re.split(r"\n(?=<tr )", whole) if grid.size else []
    return [(id_, Markup(part)) for id_, part in zip(grid.ids, parts, strict=True)]  # noqa: S704 (drawn by `rows`)


def _column(grid: Grid, column: Column, base: str, may_edit: bool) -> list[str]:
    """The cells of a column, row by row."""
    named = _class(column, grid.form.title)
    head = f'<td class="{named}" tabindex="-1"' if named else '<td tabindex="-1"'
    is_edited = may_edit and column.is_edited
    if column.key == grid.form.title:
        typed = map(_begins, grid.typed(column.key)) if is_edited else itertools.repeat("")
        found = zip(grid.ids, grid.titles, typed, strict=False)
        return [f'{head}{raw}><a href="{base}/{id_}" data-opens>{text(title)}</a></td>' for id_, title, raw in found]
    if is_edited:
        return grid.edited(column.key, lambda shown, typed: f"{head}{_begins(typed)}>{_inside(shown)}</td>")
    return grid.written(column.key, lambda shown: f"{head}>{_inside(shown)}</td>")


def _begins(typed: str) -> str:
    """What the editor of a cell begins with, as an attribute."""
    return f' data-v="{text(typed)}"' if typed else ""


def _inside(shown: str | Cell) -> str:
    return text(shown) if isinstance(shown, str) else _drawn(shown)


def _class(column: Column, title: str) -> str:
    frozen = f" fz fz{column.place}" if column.is_frozen else ""
    if column.shape in NUMBERS:
        return f"num{frozen}"
    if column.shape in MOMENTS:
        return f"m-num{frozen}"
    return f"m-m{frozen}" if column.key == title else frozen.strip()


def _drawn(cell: Cell) -> str:
    """In a cell of a grid: one line, no links, because the row itself leads to the record."""
    if cell.is_empty:
        return '<span class="m-dim">—</span>'
    if cell.is_masked:
        return f'<span class="m-dim m-num">{text(cell.grid)}</span>'
    if cell.tags:
        return tags(cell.tags)
    if cell.shape == "files":
        return files(cell)
    return person(cell.text) if cell.shape == "member" else text(cell.grid)


def text(given: str) -> str:
    """The text with what HTML would misunderstand escaped; most texts hold nothing of it."""
    return str(escape(given)) if _SPECIAL.search(given) else given


def tags(given: Iterable[Tag]) -> Markup:
    """Chosen options with their colours."""
    drawn = (f'<span class="m-tag{"" if t.tone == "gray" else f" {t.tone}"}">{text(t.text)}</span>' for t in given)
    return Markup(" ".join(drawn))  # noqa: S704 (labels are escaped, colours are names of ours)


#: Small pictures that stand in one cell; of more there is the number.
_MOST_PICTURES = 3


def files(cell: Cell) -> Markup:
    """The first pictures small, and how many other files there are."""
    pictures = [one for one in cell.value if one.is_picture]
    shown = pictures[:_MOST_PICTURES]
    sizes = 'loading="lazy" width="26" height="26"'
    drawn = [f'<img src="/files/{one.id}/small" alt="{text(one.name)}" {sizes}>' for one in shown]
    if len(cell.value) > len(pictures):
        first = next(one for one in cell.value if not one.is_picture)
        drawn.append(
            f'<svg class="m-i s" aria-hidden="true"><use href="{static("icons.svg")}#paperclip"/></svg>'
            f'<span class="m-cut">{text(first.name)}</span>'
        )
    more = len(cell.value) - len(shown) - (1 if len(cell.value) > len(pictures) else 0)
    if more:
        drawn.append(f'<span class="m-num m-dim">+{more}</span>')
    return Markup(f'<span class="m-pics">{"".join(drawn)}</span>')  # noqa: S704 (names are escaped)


@lru_cache(4096)
def person(name: str) -> Markup:
    """A name with the person's round picture."""
    picture = f'<span class="m-av a{tint(name)}" aria-hidden="true">{text(initial(name))}</span>'
    inside = f'{picture}<span class="m-cut">{text(name)}</span>'
    return Markup(f'<span class="m-row g1">{inside}</span>')  # noqa: S704 (both texts are escaped)
