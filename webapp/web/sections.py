"""The pages under `/settings`, in the order of their list: who may open each, and what it is for.

A page of one's own is one more line in `SECTIONS` and a handler that begins with `enter("its key")`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template
from markupsafe import Markup

from webapp.access import guard
from webapp.access.actor import Actor
from webapp.errors import Denied
from webapp.i18n import N_, Message
from webapp.web import language, respond, scope
from webapp.web.htmx import htmx

MINE, PEOPLE, SYSTEM = "mine", "people", "system"
GROUPS: dict[str, Message] = {MINE: N_("For me"), PEOPLE: N_("People and rights"), SYSTEM: N_("System")}


@dataclass(frozen=True)
class Section:
    key: str
    label: Message
    icon: str
    group: str
    may: Callable[[Actor], bool]
    about: Message
    url: str


def _everybody(_actor: Actor) -> bool:
    return True


SECTIONS: tuple[Section, ...] = (
    Section("me", N_("My settings"), "user-circle", MINE, _everybody, N_("Name, language, look, time zone"), "/me"),
    Section(
        "security", N_("Password and devices"), "lock", MINE, _everybody,
        N_("Change the password, see where you are signed in"), "/me/security",
    ),
    Section(
        "my-tokens", N_("My tokens"), "key", MINE, _everybody,
        N_("Let programs work with your rights"), "/me/tokens",
    ),
    Section(
        "api", N_("API"), "bolt", MINE, _everybody, N_("How programs work with your data"), "/api/docs",
    ),
    Section(
        "members", N_("Members"), "users", PEOPLE, guard.may_people,
        N_("Invite, roles, departments, leavers"), "/settings/members",
    ),
    Section(
        "departments", N_("Departments"), "hierarchy", PEOPLE, guard.may_people,
        N_("The tree, and who heads what"), "/settings/departments",
    ),
    Section(
        "roles", N_("Roles and rights"), "shield-check", PEOPLE, lambda a: guard.may_people(a) or a.builds(),
        N_("Who holds which role, and what it may"), "/settings/roles",
    ),
    Section(
        "tokens", N_("Tokens"), "key", PEOPLE, guard.may_keep,
        N_("What programs may work with whose rights"), "/settings/tokens",
    ),
    Section(
        "firm", N_("The firm"), "building", SYSTEM, guard.may_keep,
        N_("Name, logo, colour, language, currency"), "/settings/firm",
    ),
    Section(
        "health", N_("Health"), "activity", SYSTEM, guard.may_keep,
        N_("What the server sees of itself, and what to do"), "/settings/health",
    ),
    Section(
        "backups", N_("Backups"), "archive", SYSTEM, guard.may_keep,
        N_("Every night, checked, and how to bring one back"), "/settings/backups",
    ),
    Section(
        "apps", N_("Apps and versions"), "stack-2", SYSTEM, Actor.builds,
        N_("What is in force, what was, publishing and taking back"), "/settings/apps",
    ),
    Section(
        "jobs", N_("Background work"), "hourglass", SYSTEM, Actor.builds,
        N_("What is under way, what failed, what can be taken back"), "/settings/jobs",
    ),
    Section(
        "audit", N_("Audit log"), "history", SYSTEM, guard.may_audit,
        N_("Who changed what about people, rights and settings"), "/settings/audit",
    ),
)  # fmt: skip
_BY_KEY = {section.key: section for section in SECTIONS}


def visible(actor: Actor) -> list[Section]:
    return [section for section in SECTIONS if section.may(actor)]


def is_administrator(actor: Actor) -> bool:
    """Whether there is anything to set for him besides his own."""
    return any(section.group != MINE for section in visible(actor))


def enter(key: str) -> Actor:
    """Who asks, if the page is for him; raises `Denied`."""
    actor = scope.actor()
    if not _BY_KEY[key].may(actor):
        raise Denied(N_("This page is for those who look after the system."))
    return actor


def show(key: str, template: str, *, status: int = 200, saved: Message | None = None, **context: Any) -> Response:
    """A page of the section `key` (its block `setting`), with the list of sections beside it.

    saved  said in a toast: what the request before has done
    """
    found = visible(scope.actor())
    groups = [(title, [s for s in found if s.group == group]) for group, title in GROUPS.items()]
    context |= {
        "section": _BY_KEY.get(key),
        "section_groups": [(title, sections) for title, sections in groups if sections],
        "toasts": [{"text": language.say(saved)}] if saved else [],
    }
    if not htmx.wants_part:
        return make_response(render_template(template, **context), status)
    body = Markup(respond.render_block(template, "setting", **context))  # noqa: S704 (a template's own output)
    return make_response(render_template("settings/_content.html", body=body, **context), status)
