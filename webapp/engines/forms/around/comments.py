"""What people write to each other about a record: comments, and who is mentioned in them.

Who sees the record sees its comments. The journal says that there was one, never what it said, so that its author can
take his words back. `mention` is kept for those who bring messages.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from webapp import clock
from webapp.access.actor import Actor
from webapp.access.tables import member
from webapp.db import Id, PreciseMoment, Unit, metadata
from webapp.definitions.model import Form
from webapp.engines.forms.around import audience
from webapp.engines.forms.record import Record
from webapp.engines.forms.writing import stored, telling
from webapp.errors import Conflict, Denied, Invalid, NotFound, Problem
from webapp.i18n import N_

LONGEST = 5000

comment = sa.Table(
    "m__comment",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("form", sa.Text, nullable=False),  # key within the app, as in the journal
    sa.Column("record", Id, nullable=False),
    sa.Column("event", Id),  # the event of the journal that tells of it
    sa.Column("author", Id, sa.ForeignKey("m__member.id"), nullable=False),
    sa.Column("text", sa.Text, nullable=False),  # empty once it is deleted
    sa.Column("mentioned", sa.Text),  # JSON: [[member, name as written], …]
    sa.Column("client_id", sa.Text, nullable=False),  # sent twice it is there once
    sa.Column("at", PreciseMoment, nullable=False),
    sa.Column("edited_at", PreciseMoment),
    sa.Column("deleted_at", PreciseMoment),
    sa.UniqueConstraint("author", "client_id"),
    sqlite_autoincrement=True,
)
sa.Index("ix_m__comment_record", comment.c.app, comment.c.form, comment.c.record, comment.c.id)
sa.Index("ix_m__comment_event", comment.c.event)

mention = sa.Table(
    "m__mention",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("member", Id, sa.ForeignKey("m__member.id"), nullable=False),  # who is meant
    sa.Column("author", Id, sa.ForeignKey("m__member.id"), nullable=False),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("record", Id, nullable=False),
    sa.Column("comment", Id, sa.ForeignKey("m__comment.id")),  # None: in the record itself, a follow-up
    sa.Column("at", PreciseMoment, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("ix_m__mention_member", mention.c.member, mention.c.id)
sa.Index("ix_m__mention_record", mention.c.app, mention.c.form, mention.c.record)


@dataclass(frozen=True)
class Comment:
    """One comment. `mentioned` are (member, name) of those it speaks to; a deleted one has no text any more."""

    id: int
    author: int
    author_name: str
    text: str
    at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    mentioned: tuple[tuple[int, str], ...] = ()

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


#: Columns of a comment as history reads them beside its event.
COLUMNS = tuple(
    comment.c[name].label(f"comment_{name}")
    for name in ("id", "author", "text", "mentioned", "at", "edited_at", "deleted_at")
)


def beside(row: Any, author_name: str | None) -> Comment | None:
    """The comment that was read with an event, if there is one."""
    if row.comment_id is None:
        return None
    return Comment(
        row.comment_id,
        row.comment_author,
        author_name or "",
        row.comment_text,
        row.comment_at,
        row.comment_edited_at,
        row.comment_deleted_at,
        _pairs(row.comment_mentioned),
    )


def of_record(unit: Unit, record: Record, *, limit: int = 50, before: int | None = None) -> list[Comment]:
    """The comments of a record that the actor has just read, the newest first, deleted ones left out."""
    statement = (
        sa.select(*COLUMNS, member.c.name)
        .join(member, member.c.id == comment.c.author)
        .where(_about(record.form, record.id), comment.c.deleted_at.is_(None))
        .order_by(comment.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(comment.c.id < before)
    found = [beside(row, row.name) for row in unit.execute(statement)]
    return [one for one in found if one is not None]


def get(unit: Unit, record: Record, id_: int) -> Comment:
    """One comment of a record that the actor has just read."""
    statement = (
        sa.select(*COLUMNS, member.c.name)
        .join(member, member.c.id == comment.c.author)
        .where(_about(record.form, record.id), comment.c.deleted_at.is_(None), comment.c.id == id_)
    )
    row = unit.execute(statement).first()
    found = beside(row, row.name) if row is not None else None
    if found is None:
        raise NotFound(N_("There is no such comment."))
    return found


def add(
    unit: Unit, actor: Actor, record: Record, text: str, *, client_id: str | None = None, via: str = "ui"
) -> Comment:
    """Write a comment. Sent again with the `client_id` of one of his, that one is the answer."""
    _may_write(actor, record)
    text = _clean(text)
    client = _client(client_id)
    known = unit.execute(
        sa.select(comment.c.id).where(comment.c.author == actor.member, comment.c.client_id == client)
    ).scalar()
    if known is not None:
        return get(unit, record, known)
    people = audience.named(unit, record.form, record.id, text)
    now = clock.now()
    values = {
        "app": record.form.app, "form": record.form.key, "record": record.id, "author": actor.member, "text": text,
        "mentioned": _kept(people), "client_id": client, "at": now,
    }  # fmt: skip
    try:
        with unit.savepoint():
            id_ = int(unit.execute(comment.insert().values(values).returning(comment.c.id)).scalar_one())
    except IntegrityError as error:  # the same comment over another connection just now
        raise Conflict(N_("The same request is being carried out right now.")) from error
    event = _tell(unit, actor, record, "commented", via, id_)
    unit.execute(comment.update().where(comment.c.id == id_).values(event=event))
    mention_all(unit, actor, record.form, record.id, people, comment_id=id_)
    stored.touch(unit, record.form, [record.id])
    return get(unit, record, id_)


def edit(unit: Unit, actor: Actor, record: Record, id_: int, text: str, *, via: str = "ui") -> Comment:
    """Change one's own comment; whom it mentions now is mentioned."""
    found = _own(unit, actor, record, id_)
    text = _clean(text)
    if text == found.text:
        return found
    people = audience.named(unit, record.form, record.id, text)
    values = {"text": text, "edited_at": clock.now(), "mentioned": _kept(people)}
    unit.execute(comment.update().where(comment.c.id == id_).values(values))
    gone = mention.c.member.not_in([member_id for member_id, _ in people])
    unit.execute(mention.delete().where(mention.c.comment == id_, gone))
    mention_all(unit, actor, record.form, record.id, people, comment_id=id_)
    _tell(unit, actor, record, "comment_edited", via, id_)
    return get(unit, record, id_)


def delete(unit: Unit, actor: Actor, record: Record, id_: int, *, via: str = "ui") -> None:
    """Take back one's own comment; a keeper may take back anybody's. Nothing of its text stays."""
    found = get(unit, record, id_)
    if not (actor.is_keeper and actor.may_write):
        found = _own(unit, actor, record, id_)
    values = {"text": "", "mentioned": None, "deleted_at": clock.now()}
    unit.execute(comment.update().where(comment.c.id == found.id).values(values))
    unit.execute(mention.delete().where(mention.c.comment == found.id))
    _tell(unit, actor, record, "comment_deleted", via, found.id)


def forget(unit: Unit, form: Form, id_: int) -> None:
    """A record is removed for good, and what was written about it with it."""
    unit.execute(mention.delete().where(mention.c.app == form.app, mention.c.form == form.key, mention.c.record == id_))
    unit.execute(comment.delete().where(_about(form, id_)))


def _about(form: Form, id_: int) -> sa.ColumnElement[bool]:
    return sa.and_(comment.c.app == form.app, comment.c.form == form.key, comment.c.record == id_)


def _own(unit: Unit, actor: Actor, record: Record, id_: int) -> Comment:
    _may_write(actor, record)
    found = get(unit, record, id_)
    if found.author != actor.member:
        raise Denied(N_("Only who wrote a comment changes it."), action="edit")
    return found


def _may_write(actor: Actor, record: Record) -> None:
    actor.require_write()
    if record.is_binned:
        raise Conflict(N_("This record lies in the bin; restore it before changing it."))


def _clean(text: str) -> str:
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if not text:
        message = N_("Write something first.")
        raise Invalid(message, problems=[Problem("text", message, "required")])
    if len(text) > LONGEST:
        message = N_("At most {n} characters are possible here.", n=LONGEST)
        raise Invalid(message, problems=[Problem("text", message, "too_long")])
    return text


def _client(client_id: str | None) -> str:
    try:
        return str(uuid.UUID(client_id)) if client_id else str(uuid.uuid4())
    except ValueError:
        raise Invalid(N_("A client id is a UUID."), code="bad_client_id") from None


def _kept(people: list[tuple[int, str]]) -> str | None:
    return json.dumps(people, ensure_ascii=False) if people else None


def _pairs(text: str | None) -> tuple[tuple[int, str], ...]:
    return tuple((id_, name) for id_, name in json.loads(text)) if text else ()


def mention_all(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    people: list[tuple[int, str]],
    *,
    comment_id: int | None = None,
) -> None:
    """Keep who is meant in a comment, or in a record that is one itself (a follow-up); each once."""
    if not people:
        return
    this = [mention.c.app == form.app, mention.c.form == form.key, mention.c.record == id_]
    this.append(mention.c.comment.is_(None) if comment_id is None else mention.c.comment == comment_id)
    known = set(unit.execute(sa.select(mention.c.member).where(*this)).scalars())
    about = {"app": form.app, "form": form.key, "record": id_, "comment": comment_id, "author": actor.member}
    rows = [{**about, "member": m, "at": clock.now()} for m in dict(people) if m not in known]
    if rows:
        unit.execute(mention.insert(), rows)


def _tell(unit: Unit, actor: Actor, record: Record, kind: str, via: str, id_: int) -> int:
    row = telling.row(unit, actor, record.form, record.id, kind, via=via, change_set=None)
    return telling.announce(unit, [{**row, "changes": {"comment": [None, id_]}}])[0]
