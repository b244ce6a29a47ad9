"""Columns that stand in another form: `account.industry` in a grid of deals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.access import policy
from webapp.definitions.model import Definitions, Field, Form
from webapp.errors import NotFound
from webapp.i18n import N_, label, language_of

if TYPE_CHECKING:
    from webapp.engines.forms.viewing.views import Scope

#: Shapes that are not one value, and cannot be shown as a cell at the end of a path.
_LISTS = ("choices", "records", "files")
#: What names a member or a department, as the language says it.
_NAMED = {"member": "name", "department": "name"}


def steps(definitions: Definitions, form: Form, path: str) -> list[Field] | None:
    """The fields along a path (of one step for a plain key); None when it leads nowhere."""
    found: list[Field] = []
    at: Form | None = form
    for key in path.split("."):
        if at is None or key not in at.names:
            return None
        found.append(at.names[key])
        at = _target(definitions, found[-1])
    return found


def _target(definitions: Definitions, found: Field) -> Form | None:
    if found.type.name != "record" or not found.type.target:
        return None
    try:
        return definitions.form(found.type.target)
    except NotFound:
        return None


def field(definitions: Definitions, form: Form, path: str) -> Field | None:
    """The field at the end of a path; None when it leads nowhere or to more than one value."""
    found = steps(definitions, form, path)
    if found is None or (len(found) > 1 and found[-1].type.name in _LISTS):
        return None
    return found[-1]


def name(definitions: Definitions, form: Form, path: str, locale: str) -> str:
    """What a column is called: 金额; 客户行业 and Account industry for what stands in another form."""
    names = [label(f.label, locale) or f.key for f in steps(definitions, form, path) or ()]
    if language_of(locale) == "zh":
        return "".join(names)
    return " ".join([*names[:1], *(n[:1].lower() + n[1:] if n[1:2].islower() else n for n in names[1:])])


def may_see(at: Scope, path: str) -> bool:
    """Whether a column may stand there for him: behind a link only what he may read, never what is masked."""
    if "." not in path:
        return at.eye.sees(path)
    eyes = policy.eyes(at.unit, at.actor)
    return all(eyes.may_name(f.form, f.key) for f in steps(at.definitions, at.form, path) or ())


def readable(definitions: Definitions, form: Form, path: str) -> str:
    """The path as the language reads it: what points at something is read by its name."""
    end = field(definitions, form, path)
    if end is None:
        raise NotFound(N_("There is no field “{key}”.", key=path[:80]))
    if end.type.name == "record":
        target = definitions.form(end.type.target or "")
        return f"{path}.{target.title}"
    return f"{path}.{_NAMED[end.type.name]}" if end.type.name in _NAMED else path
