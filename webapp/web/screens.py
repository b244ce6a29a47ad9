"""What the pages over records share: the form a request is about, what it asks of a list, and addresses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Response, make_response, request

from webapp.db import Unit
from webapp.engines.forms.viewing import views
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.i18n import label
from webapp.web import language, numbers, respond, scope
from webapp.web.htmx import htmx

#: Icon of a heading by the shape of its type.
SHAPE_ICONS = {
    "number": "hash",
    "duration": "hourglass-high",
    "boolean": "toggle-right",
    "date": "calendar",
    "datetime": "clock",
    "choice": "tag",
    "choices": "tags",
    "member": "user",
    "department": "users",
    "record": "link",
    "records": "link",
    "files": "paperclip",
}
_MOST_FIELDS = 500
VIEW_ICONS = {"grid": "table", "kanban": "layout-kanban"}


def form(app: str, key: str) -> Scope:
    """The form the address names, for who asks; raises `NotFound`. With the view that looks into the form's pool it is
    the pool that he sees."""
    at = views.scope(scope.unit(), scope.actor(), app, key, language.locale())
    said = at.form.settings.get("pool")
    if said is None:
        return at
    view = request.args.get("view")
    if view is None and request.method == "GET" and request.path == f"/{app}/{key}":
        view = at.shelf.default
    return (views.into_pool(at) or at) if view == said["view"] else at


def form_in(unit: Unit, app: str, key: str) -> Scope:
    """The same in another unit than the request's own."""
    return views.scope(unit, scope.actor(), app, key, language.locale())


def asked(at: Scope) -> Asked:
    """What the query string asks of the list."""
    return views.ask(
        at,
        view=request.args.get("view"),
        written=request.args.getlist("w"),
        sort=request.args.get("sort"),
        search=request.args.get("q"),
        after=request.args.get("after"),
        filter=request.args.get("f"),
        changes={
            name: ",".join(request.args.getlist(key)) for name, key in views.CHANGES.items() if key in request.args
        },
    )


def stood() -> list[str]:
    """Keys of the fields that stood on the form that was sent: a box nobody ticked is not sent itself."""
    return [key for key in request.form.get("m__fields", "").split(",") if key][:_MOST_FIELDS]


def version() -> int | None:
    """The version of the record that the page had, if it sent one."""
    return numbers.sent("version", numbers.MOST_VERSIONS)


def is_phone() -> bool:
    """Whether the browser says that it runs on a phone. Only for what comes first, never for what there is."""
    return request.headers.get("Sec-CH-UA-Mobile") == "?1" or "Mobi" in request.user_agent.string


def part_for(**parts: str) -> str | None:
    """The template HTMX is answered with when it fills the element of that id (`list`, `panel`); None: the content."""
    return parts.get(htmx.target_id or "")


def lead_to_list(address: str) -> Response:
    """Lead on to a list: HTMX fetches it into its place, a browser follows."""
    if not htmx.wants_part:
        return respond.redirect(address)
    response = make_response("", 200)
    # htmx names the target of such a request only when told to
    where = {"path": address, "target": "#list", "swap": "outerMorph", "headers": {"HX-Target": "div#list"}}
    response.headers["HX-Location"] = respond.ascii_json(where)
    return response


class Links:
    """Addresses of one form's pages, keeping what the list asks."""

    def __init__(self, at: Scope, asked: Asked | None = None) -> None:
        self.base = f"/{at.form.app}/{at.form.key}"
        self.asked = asked

    @cached_property
    def _kept(self) -> str:
        return self.asked.address() if self.asked else ""

    def query(self) -> str:
        """What the list asks, as the query of an address."""
        return self._kept

    def pairs(self, without: str | None = None) -> list[tuple[str, str]]:
        """What the list asks, as hidden inputs of a form that adds to it, or that says `without` anew."""
        return [pair for pair in parse_qsl(self._kept, keep_blank_values=True) if pair[0] != without]

    def _with(self, path: str, kept: str, **more: Any) -> str:
        extra = urlencode({k: v for k, v in more.items() if v is not None}) if more else ""
        query = "&".join(part for part in (kept, extra) if part)
        return f"{self.base}{path}?{query}" if query else self.base + path

    def list(
        self,
        *,
        after: str | None = None,
        part: str | None = None,
        start: int | None = None,
        path: Sequence[str] = (),
        **changes: Any,
    ) -> str:
        """The list with `changes` (sort, search, conditions, view …), or a further piece of it.

        path   values of the heads below which the piece stands
        """
        kept = self.asked.address(**changes) if self.asked and changes else self._kept
        if path:
            kept = "&".join(filter(None, (kept, urlencode([("in", value) for value in path]))))
        return self._with("", kept, after=after, part=part, start=start)

    def piece(self, path: str, **more: Any) -> str:
        """A helper of the list (`/totals`, `/heads`, `/filter`) under the same conditions."""
        return self._with(path, self._kept, **more)

    def record(self, id_: int, path: str = "") -> str:
        return f"{self.base}/{id_}{path}"

    def new(self, **values: str) -> str:
        return self._with("/new", "", **values)


def form_label(at: Scope) -> str:
    return label(at.form.label, at.locale) or at.form.key
