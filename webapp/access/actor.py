"""Who asks. Every way in and out of the data takes an actor, and nothing falls back to an all-powerful one."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.errors import Denied
from webapp.i18n import N_

#: Roles that exist in code: they keep the firm's system going and are held beside the roles of the apps.
KEEPER = "keeper"  # 系统管理员: everything
PEOPLE = "people"  # 人事管理员: members, departments, who holds which role
AUDITOR = "auditor"  # 审计员: reads every record and the logs, changes nothing
BUILDER = "builder"  # 搭建者: builds apps (held per app as `builder:crm`, or for all as `builder`)
SYSTEM_ROLES = (KEEPER, PEOPLE, AUDITOR, BUILDER)


@dataclass(frozen=True)
class Actor:
    """A member, a token of one, or the system on behalf of one.

    roles           names of app roles held (`crm.rep`) and of system roles (`keeper`, `builder:crm`)
    department      main department's id
    departments     the main one and further ones; `departments_below`: they and all below them
    headed          ids of departments this member heads, and all below them
    zone            in which he reads and types moments; None: the firm's
    scope           of a token: `read` or `write`
    pool            name of the form whose pool he looks into: there he sees what it shows, and nothing else anywhere
    """

    member: int
    name: str
    kind: str = "member"  # member, token, system
    roles: frozenset[str] = frozenset()
    department: int | None = None
    departments: tuple[int, ...] = ()
    departments_below: tuple[int, ...] = ()
    headed: tuple[int, ...] = ()
    locale: str = "zh"
    theme: str = "system"
    zone: str | None = None
    scope: str = "write"
    token: int | None = None
    on_behalf_of: int | None = None
    pool: str | None = None

    @property
    def is_keeper(self) -> bool:
        return KEEPER in self.roles

    @property
    def may_write(self) -> bool:
        return self.scope == "write"

    def require_write(self, action: str = "write") -> None:
        """Raise `Denied` for a token that only reads."""
        if not self.may_write:
            raise Denied(N_("This token may only read."), action=action)

    def builds(self, app: str | None = None) -> bool:
        """Whether this app is his to build, or any (None). What he may read then; to change it see `may_build`."""
        if self.roles & {KEEPER, BUILDER}:
            return True
        prefix = f"{BUILDER}:"
        return f"{prefix}{app}" in self.roles if app else any(role.startswith(prefix) for role in self.roles)

    def may_build(self, app: str | None = None) -> bool:
        """Whether he may change this app, or any (None)."""
        return self.may_write and self.builds(app)

    @property
    def may_found(self) -> bool:
        """Whether he may make a new app."""
        return self.may_write and bool(self.roles & {KEEPER, BUILDER})
