"""`mortise user` and `mortise token`: members and their tokens, for whoever has a shell on the machine.

A command acts as a keeper: the one named with `--as`, else the first one there is.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from webapp.cli.console import Console
from webapp.errors import Invalid, MortiseError, NotFound
from webapp.i18n import N_

if TYPE_CHECKING:
    from webapp.access.actor import Actor
    from webapp.access.members import Member
    from webapp.db import Unit

_MEMBER = {
    "id": N_("No."),
    "email": N_("E-mail"),
    "name": N_("Name"),
    "department": N_("Department"),
    "roles": N_("Roles"),
    "state": N_("State"),
}
_as = click.option("--as", "as_email", metavar="EMAIL", help="The keeper who does this.")
_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


def acting(unit: Unit, as_email: str | None, *, or_system: bool = False) -> Actor:
    """Who a command acts as: the member named with `--as`, else the first keeper there is.

    or_system  where nobody is a member yet (the very first start), the system itself
    """
    from webapp.access import actors, members, roles
    from webapp.access.actor import KEEPER, Actor

    unit.origin = "shell"
    if as_email is not None:
        return actors.of_member(unit, found(unit, as_email).id)
    for member in roles.holders(unit, KEEPER):
        if members.get(unit, member).is_active:
            return actors.of_member(unit, member)
    if or_system and members.is_empty(unit):
        return Actor(0, "Mortise", kind="system", roles=frozenset({KEEPER}))
    raise MortiseError(N_("There is no administrator yet. Make one with: mortise init --email …"))


def found(unit: Unit, email: str) -> Member:
    from webapp.access import members

    member = members.by_email(unit, email)
    if member is None:
        raise NotFound(N_("There is no member with the address {email}.", email=email))
    return member


def read_password(console: Console, from_stdin: bool, *, unlike: tuple[str, ...] = ()) -> str:
    """A checked password's hash, from standard input or asked for twice."""
    from webapp.access import passwords

    if from_stdin:
        text = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        text = click.prompt(console.text(N_("Password")), hide_input=True, confirmation_prompt=True, err=True)
    else:
        raise Invalid(N_("Give the password with --password-stdin."))
    passwords.check(text, unlike=unlike)
    return passwords.hashed(console.settings, text)


@click.group("user")
def user() -> None:
    """Members."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", "role_names", multiple=True, help="A role such as crm.rep or keeper; may be repeated.")
@click.option("--department", help="Name of the main department.")
@click.option("--locale", type=click.Choice(["zh", "en"]))
@_password_stdin
@_as
@click.pass_obj
def add_user(
    console: Console,
    email: str,
    name: str,
    role_names: tuple[str, ...],
    department: str | None,
    locale: str | None,
    password_stdin: bool,
    as_email: str | None,
) -> None:
    """Add a member. He signs in with the address and the password."""
    import webapp.engines.forms  # noqa: F401  (knows how names sort)
    from webapp.access import members, roles
    from webapp.definitions import versions

    console.database  # noqa: B018  (migrated before anything is asked)
    password = read_password(console, password_stdin, unlike=(name, email))
    with console.database.write() as unit:
        actor = acting(unit, as_email)
        place = _department(unit, department) if department else None
        member = members.add(unit, actor, email, name, department_id=place, locale=locale, password=password)
        for role in role_names:
            roles.grant(unit, actor, member, role, versions.current(unit))
    console.data({"id": member}, [console.text(N_("Added {name}, number {id}.", name=name, id=member))])


@user.command("list")
@click.option("--all", "with_leavers", is_flag=True, help="Those who left as well.")
@click.pass_obj
def list_users(console: Console, with_leavers: bool) -> None:
    """List members."""
    from webapp.access import departments, members, roles

    with console.database.read() as unit:
        names = {one.id: one.name for one in departments.tree(unit)}
        rows = [
            {
                "id": one.id,
                "email": one.email,
                "name": one.name,
                "department": names.get(one.department) if one.department else None,
                "roles": ", ".join(sorted(roles.held(unit, one.id))),
                "state": "active" if one.is_active else "disabled",
            }
            for one in members.listed(unit, with_leavers=with_leavers)
        ]
    console.table(rows, _MEMBER)


@user.command("disable")
@click.argument("email")
@click.option("--heir", metavar="EMAIL", help="Who gets the records and departments.")
@_as
@click.pass_obj
def disable_user(console: Console, email: str, heir: str | None, as_email: str | None) -> None:
    """Disable a member who left: his sessions and tokens end at once."""
    from webapp.access import members
    from webapp.engines.forms.days import handover

    with console.database.write() as unit:
        member, actor = found(unit, email), acting(unit, as_email)
        to = found(unit, heir).id if heir is not None else None
        members.disable(unit, actor, member.id, heir=to)
        if to is not None:
            handover.start(unit, actor, member.id, to)
    console.say(N_("{name} can no longer sign in.", name=member.name))


@user.command("reset-password")
@click.argument("email")
@_password_stdin
@_as
@click.pass_obj
def reset_password(console: Console, email: str, password_stdin: bool, as_email: str | None) -> None:
    """Set a new password; the member is signed out everywhere."""
    from webapp.access import members

    with console.database.read() as unit:
        member = found(unit, email)
    hashed = read_password(console, password_stdin, unlike=(member.name, member.email))
    with console.database.write() as unit:
        members.set_password(unit, acting(unit, as_email), member.id, hashed)
    console.say(N_("{name} has a new password.", name=member.name))


@click.group("token")
def token() -> None:
    """Tokens for the API."""


@token.command("create")
@click.option("--user", "email", required=True, metavar="EMAIL")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Last day on which it works.")
@click.option("--scope", type=click.Choice(["read", "write"]), default="write", show_default=True)
@_as
@click.pass_obj
def create_token(
    console: Console, email: str, name: str, expires: datetime | None, scope: str, as_email: str | None
) -> None:
    """Make a token that acts as a member; it is printed once and never again."""
    from webapp.access import tokens

    with console.database.write() as unit:
        ends = _end_of(expires.date(), unit.zone) if expires else None
        member = found(unit, email)
        id_, text = tokens.create(unit, acting(unit, as_email), member.id, name, scope=scope, expires_at=ends)
    console.say(N_("Keep this token; it is not shown again."), is_error=True)
    console.data({"id": id_, "token": text}, [text])


def _end_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.max, ZoneInfo(zone))


def _department(unit: Unit, name: str) -> int:
    from webapp.access import departments
    from webapp.errors import nearest

    tree = departments.tree(unit)
    for one in tree:
        if one.name == name:
            return one.id
    raise NotFound(N_("There is no department “{name}”.", name=name), near=nearest(name, [one.name for one in tree]))


commands = [user, token]
