"""The field kinds. Importing this package registers all of them, in the order of the builder's palette."""

from webapp.engines.forms.fields import (  # noqa: I001  (the order is that of the palette)
    text,
    long_text,
    email,
    phone,
    url,
    person_name,
    number,
    integer,
    percent,
    money,
    rating,
    serial,
    date,
    datetime,
    select,
    multi_select,
    stage,
    switch,
    member,
    department,
    link,
    related,
    formula,
)
from webapp.engines.forms.fields.base import FieldError

__all__ = [
    "FieldError", "date", "datetime", "department", "email", "formula", "integer", "link", "long_text", "member",
    "money", "multi_select", "number", "percent", "person_name", "phone", "rating", "related", "select", "serial",
    "stage", "switch", "text", "url",
]  # fmt: skip
