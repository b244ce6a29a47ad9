"""What stands around every page: the apps and forms the member may see, and himself. Computed only when drawn."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from flask import request

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import App, Form
from webapp.engines.forms.display import initial, tint
from webapp.i18n import LANGUAGES, label
from webapp.web import language, scope


def context() -> dict[str, Any]:
    """`frame` for templates; nothing before sign-in."""
    found = scope.visitor()
    return {"frame": Frame(scope.unit(), found)} if found is not None else {}


class Frame:
    """See `templates/_frame/README.md`."""

    home_url = "/"
    search_url = "/search"
    preferences_url = "/me/preferences"
    me_url = "/me"

    def __init__(self, unit: Unit, actor: Actor) -> None:
        self._unit = unit
        self._actor = actor

    @property
    def firm(self) -> str:
        name = language.current_firm().name
        return "" if name == "Mortise" else name

    @cached_property
    def is_home(self) -> bool:
        return request.path == "/"

    @cached_property
    def is_mine(self) -> bool:
        """On a page of the member's own, which the phone's bar shows under “me”."""
        return request.path == "/me" or request.path.startswith(("/me/", "/settings", "/api/docs"))

    @cached_property
    def links(self) -> list[dict[str, Any]]:
        return [{"label": language.translate("Workbench"), "icon": "home", "url": "/", "active": self.is_home}]

    @cached_property
    def tools(self) -> list[dict[str, Any]]:
        """What stands at the foot of the rail, for those who look after something."""
        from webapp.web import sections

        if not sections.is_administrator(self._actor):
            return []
        is_here = request.path.startswith("/settings")
        name = language.translate("Settings")
        return [{"label": name, "icon": "settings", "url": "/settings", "active": is_here}]

    @cached_property
    def apps(self) -> list[dict[str, Any]]:
        return [a for a in (self._app(app) for app in self._known().values()) if a["forms"]]

    def _known(self) -> Any:
        return versions.current(self._unit).apps

    def _app(self, app: App) -> dict[str, Any]:
        forms = [self._form(f) for f in app.forms.values() if self._may(f, "see")]
        return {"key": app.key, "label": label(app.label, language.locale()) or app.key, "open": True, "forms": forms}

    def _form(self, form: Form) -> dict[str, Any]:
        url = f"/{form.app}/{form.key}"
        name = label(form.label, language.locale()) or form.key
        is_here = request.path == url or request.path.startswith(url + "/")
        return {"label": name, "icon": form.icon or "file-text", "url": url, "active": is_here}

    def _may(self, form: Form, action: str) -> bool:
        return policy.may(self._unit, self._actor, form, action)

    @cached_property
    def create(self) -> list[dict[str, Any]]:
        forms = [f for app in self._known().values() for f in app.forms.values() if self._may(f, "create")]
        return [{**self._form(f), "url": f"/{f.app}/{f.key}/new"} for f in forms]

    @property
    def found_url(self) -> str | None:
        """Where a form is made from a file, for those who build."""

        return "/build/import" if self._actor.may_build() else None

    @cached_property
    def create_url(self) -> str | None:
        """Where C leads on a page of a form: to a new record of it."""
        return next((c["url"] for c in self.create if c["active"]), None)

    @cached_property
    def member(self) -> dict[str, Any]:
        name = self._actor.name
        return {"id": self._actor.member, "name": name, "initial": initial(name), "tint": tint(name)}

    @cached_property
    def languages(self) -> list[dict[str, Any]]:
        now = language.locale()
        return [{"value": v, "label": language.NAMES[v], "active": v == now} for v in LANGUAGES]

    sign_out_url = "/logout"
