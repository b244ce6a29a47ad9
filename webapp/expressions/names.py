"""Looking up names: keys first, then labels in any language; what may not be named does not exist."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.errors import NotFound, nearest
from webapp.expressions import terms
from webapp.expressions.fold import fold
from webapp.expressions.nodes import Part
from webapp.expressions.problems import ExpressionError
from webapp.expressions.types import BOOLEAN, DEPARTMENT, MEMBER, TEXT, Eyes, FieldShape, Option, Schema, Type
from webapp.i18n import N_

#: What can be asked of a member and of a department: key → type, English and Chinese label.
PEOPLE_FIELDS: Mapping[str, Mapping[str, tuple[Type, Mapping[str, str]]]] = {
    terms.PEOPLE["member"]: {
        "name": (TEXT, {"en": "Name", "zh": "姓名"}),
        "email": (TEXT, {"en": "E-mail", "zh": "邮箱"}),
        "department": (DEPARTMENT, {"en": "Department", "zh": "部门"}),
        "is_active": (BOOLEAN, {"en": "Active", "zh": "在职"}),
    },
    terms.PEOPLE["department"]: {
        "name": (TEXT, {"en": "Name", "zh": "名称"}),
        "parent": (DEPARTMENT, {"en": "Parent department", "zh": "上级部门"}),
        "head": (MEMBER, {"en": "Head", "zh": "负责人"}),
    },
}


def texts_of(label: str | Mapping[str, str]) -> list[str]:
    """The label in all its languages."""
    return [label] if isinstance(label, str) else [t for t in label.values() if t]


def may_name(eyes: Eyes | None, schema: Schema, form: str, field: FieldShape) -> bool:
    """Whether these eyes may use the field in an expression; a reverse link also needs the link it is made of."""
    if eyes is None:
        return True
    if not eyes.may_name(form, field.key):
        return False
    if field.type.name == "records" and field.type.target and field.reverse_of:
        return eyes.may_name(field.type.target, field.reverse_of)
    return True


def find_field(schema: Schema, eyes: Eyes | None, form: str, part: Part) -> FieldShape:
    """The field that `part` names on `form`; unknown and forbidden names get the same answer."""
    shape = schema.form(form)
    field = None if part.is_label else shape.names.get(part.text) or shape.names.get(part.text.lower())
    if field is not None and may_name(eyes, schema, form, field):
        return field
    allowed = {k: f for k, f in shape.names.items() if may_name(eyes, schema, form, f)}
    wanted = fold(part.text)
    found = [f for f in allowed.values() if any(fold(t) == wanted for t in texts_of(f.label))]
    if len(found) == 1:
        return found[0]
    if found:
        raise ExpressionError(
            N_(
                "“{name}” is the label of several fields; write one of their keys: {keys}.",
                name=part.text,
                keys=", ".join(f.key for f in found),
            ),
            part.position,
            len(part.text),
            code="ambiguous_name",
        )
    if part.is_label and part.text in allowed:
        return allowed[part.text]
    labels = [t for f in allowed.values() for t in texts_of(f.label)]
    near = nearest(part.text, labels) if part.is_label else nearest(part.text, allowed) or nearest(part.text, labels)
    raise ExpressionError(
        N_("There is no field “{name}” on the form “{form}”.", name=part.text, form=shape.label),
        part.position,
        len(part.text),
        code="unknown_name",
        near=near,
    )


def find_people_field(form: str, part: Part) -> tuple[str, Type]:
    """Key and type of what `part` asks of a member or a department."""
    known = PEOPLE_FIELDS[form]
    for key, (type_, label) in known.items():
        if part.text.lower() == key or fold(part.text) in map(fold, texts_of(label)):
            return key, type_
    raise ExpressionError(
        N_(
            "“{name}” cannot be asked of a person or department; there is: {names}.",
            name=part.text,
            names=", ".join(known),
        ),
        part.position,
        len(part.text),
        code="unknown_name",
        near=nearest(part.text, known),
    )


def find_option(options: tuple[Option, ...], said: str, position: int, *, is_open: bool = False) -> str:
    """The value of the option that a text names by value or by label of any language; itself where any may be."""
    for option in options:
        if option.value == said:
            return option.value
    wanted = fold(said)
    found = [o.value for o in options if any(fold(t) == wanted for t in (o.value, *texts_of(o.label)))]
    if len(found) == 1:
        return found[0]
    if found:
        raise ExpressionError(
            N_("“{name}” is the label of several options; write one of: {keys}.", name=said, keys=", ".join(found)),
            position,
            len(said) + 2,
            code="ambiguous_name",
        )
    if is_open:
        return said.strip()
    names = [t for o in options for t in (o.value, *texts_of(o.label))]
    raise ExpressionError(
        N_(
            "There is no option “{name}”; there is: {names}.", name=said, names=", ".join(o.value for o in options[:20])
        ),
        position,
        len(said) + 2,
        code="unknown_option",
        near=nearest(said, names),
    )


def form_of(schema: Schema, name: str, position: int = 0) -> None:
    """Refuse an expression over a form that does not exist."""
    try:
        schema.form(name)
    except NotFound as error:
        raise ExpressionError(error.message, position, code="unknown_form") from None
