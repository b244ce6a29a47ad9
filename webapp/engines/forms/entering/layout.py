"""The sections of a form as one person sees them: on the entry form and on a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from webapp.definitions.model import Field, Form
from webapp.i18n import N_, label


@dataclass(frozen=True)
class Section:
    """Fields that stand together; `label` is "" for the first unnamed one. `columns` is how many on a wide screen."""

    label: str
    keys: tuple[str, ...]
    columns: int = 2
    is_closed: bool = False


def sections(form: Form, locale: str, takes: Callable[[Field], bool]) -> tuple[Section, ...]:
    """The form's sections with the fields that `takes` accepts; empty ones are left out.

    Fields that the layout names nowhere stand in a folded section at the end, so that nothing is out of reach.
    """
    left = {key: field for key, field in form.fields.items() if takes(field)}
    made = []
    for given in form.layout or ():
        keys = _take(left, given.get("fields") or ())
        if keys:
            columns = given.get("columns") or 2
            made.append(Section(label(given.get("label"), locale), keys, columns, bool(given.get("closed"))))
    if left:
        others = N_("More fields").text(locale) if made else ""
        made.append(Section(others, tuple(left), 2, is_closed=bool(made)))
    return tuple(made)


def _take(left: dict[str, Field], keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(key for key in dict.fromkeys(keys) if left.pop(key, None) is not None)
