"""The field kinds. Importing this package registers all of them, in the order of the builder's palette."""

from webapp.engines.forms.fields import (  # noqa: I001  (the order is that of the palette)
    text,
    long_text,
    email,
    phone,
    url,
    person_name,
    im,
    id_code,
    number,
    integer,
    percent,
    money,
    rating,
    serial,
    date,
    datetime,
    duration,
    select,
    multi_select,
    tags,
    stage,
    switch,
    member,
    department,
    region,
    image,
    attachment,
    link,
    related,
    formula,
)
from webapp.engines.forms.fields.base import FieldError

__all__ = [
    "FieldError", "attachment", "date", "datetime", "department", "duration", "email", "formula", "id_code", "im",
    "image", "integer", "link", "long_text", "member", "money", "multi_select", "number", "percent", "person_name",
    "phone", "rating", "region", "related", "select", "serial", "stage", "switch", "tags", "text", "url",
]  # fmt: skip
