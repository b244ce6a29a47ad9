"""What a request works with: its unit of work, its turn, and who asks.

A request that only reads has one read unit, any other one write unit, opened when first asked for. The unit ends
before the answer leaves: it commits when the answer is good and rolls back when it is an error or something raised.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Response, current_app, g, has_request_context, request
from flask.templating import Environment
from flask.typing import ResponseReturnValue

from webapp.access.actor import Actor
from webapp.config import Settings
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.errors import Busy, Unauthenticated
from webapp.i18n import N_
from webapp.web.aside import Aside
from webapp.web.turns import Turns

if TYPE_CHECKING:
    from webapp.web.live import Hub

SAFE = ("GET", "HEAD", "OPTIONS")
#: Answered without waiting for a turn: they touch no data, or must answer when all turns are taken.
_WITHOUT_TURN = ("/static/", "/healthz")
_LARGEST_BODY_IN_MEMORY = 2 * 1024 * 1024
#: Bytes of what programs send.
_LARGEST_BODY = 16 * 1024 * 1024
#: Bytes of a form with files: where nothing more is said, and before sign-in. What is larger than the second is read
#: only once it is known who sends it.
_LARGEST_WITH_FILES, _LARGEST_OF_STRANGERS = 16 * 1024 * 1024, 4 * 1024 * 1024


class Templates(Environment):
    """Templates that share one plain dictionary of what all of them know: Jinja lays a `ChainMap` over it for each,
    which costs every import and include of a page some ten microseconds."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


class App(Flask):
    """Flask with the unit of work and the turn around each request."""

    jinja_environment = Templates
    database: Database
    settings: Settings
    turns: Turns
    aside: Aside
    arriving: Aside
    live: Hub

    def full_dispatch_request(self) -> Response:
        try:
            with _admitted(self):
                _take_body()  # a slow sender must not hold the turn
        except Exception as error:
            return self.finalize_request(self.handle_user_exception(error))
        if request.path.startswith(_WITHOUT_TURN):
            return super().full_dispatch_request()
        try:
            _take_turn(self)
        except Busy as error:
            return self.finalize_request(self.handle_user_exception(error))
        try:
            return super().full_dispatch_request()
        finally:
            _give_turn(self)

    def handle_user_exception(self, e: Exception) -> Any:
        end_unit(commit=False)
        return super().handle_user_exception(e)

    def handle_exception(self, e: Exception) -> Response:
        end_unit(commit=False)
        return super().handle_exception(e)

    def finalize_request(self, rv: ResponseReturnValue | Any, from_error_handler: bool = False) -> Response:
        response = self.make_response(rv)
        end_unit(commit=response.status_code < 400)
        return super().finalize_request(response, from_error_handler)


def install(app: App, database: Database) -> None:
    app.database = database
    app.settings = database.settings
    app.turns = Turns(1 if database.is_sqlite else 4)
    app.aside = Aside()
    app.arriving = Aside(places=4)
    app.teardown_request(lambda _error: end_unit(commit=False))


def app() -> App:
    return cast(App, current_app)


def database() -> Database:
    return app().database


def unit() -> Unit:
    """The request's unit of work. Writing when the method is not a safe one."""
    if "unit" not in g:
        stack = contextlib.ExitStack()
        is_reading = request.method in SAFE or g.get("is_over", False) or _is_marked("is_reading")
        if not is_reading:
            versions.warm(database())
        opened = stack.enter_context(database().read() if is_reading else database().write())
        opened.origin = origin()
        g.unit, g.unit_stack = opened, stack
    return cast(Unit, g.unit)


def origin() -> str:
    """The network address that asks, for the journal of people and rights."""
    from webapp.web import signing

    return signing.address()[:100]


def reading(view: Any) -> Any:
    """Mark a view that changes nothing through the request's unit although its method may (a search sent by POST)."""
    view.is_reading = True
    return view


def large(most: int) -> Any:
    """Mark a view that takes a body of up to `most` bytes: a file that somebody uploads."""

    def mark(view: Any) -> Any:
        view.most_bytes = most
        return view

    return mark


def _is_marked(mark: str) -> bool:
    return bool(_marked(mark, False))


def _marked(mark: str, otherwise: Any) -> Any:
    return getattr(app().view_functions.get(request.endpoint or ""), mark, otherwise)


@contextlib.contextmanager
def writing() -> Iterator[Unit]:
    """A writing unit of a request whose own has ended: after something long that needed none."""
    if "unit" in g:
        raise RuntimeError("a unit of work is open")
    with database().write() as unit:
        unit.origin = origin()
        yield unit


class _RolledBack(Exception):
    pass


def end_unit(*, commit: bool) -> None:
    """End the unit if there is one. Nothing is written any more in this request: `unit()` now opens a reading one."""
    g.is_over = True
    stack = g.pop("unit_stack", None)
    g.pop("unit", None)
    if stack is None:
        return
    if commit:
        stack.close()
        return
    with contextlib.suppress(_RolledBack):
        stack.__exit__(_RolledBack, _RolledBack(), None)


def settle() -> None:
    """Commit what was written, before the answer is drawn: drawing takes longer than a save, and nobody waits for it.

    What was read until now belongs to the unit that ended; the page is drawn from a new one.
    """
    end_unit(commit=True)


def actor() -> Actor:
    """Who asks. Raises `Unauthenticated`."""
    found = visitor()
    if found is None:
        raise Unauthenticated(N_("Please sign in."))
    return found


def visitor() -> Actor | None:
    """Who asks, or None before sign-in."""
    if not has_request_context():
        return None
    from webapp.web import signing

    return signing.actor()


@contextlib.contextmanager
def without_turn() -> Iterator[None]:
    """A part that takes long and touches no data (Argon2, a call to the outside): others may go on meanwhile.

    No unit may be open.
    """
    if "unit" in g:
        raise RuntimeError("a unit of work is open")
    _give_turn(app())
    try:
        yield
    finally:
        _take_turn(app())


@contextlib.contextmanager
def aside(member: int) -> Iterator[None]:
    """As `without_turn`, for work that takes much memory or time: a few at once, one of each member.

    Raises `TooMany`.
    """
    with without_turn(), app().aside.place(member):
        yield


def _take_turn(app: App) -> None:
    if not app.turns.take(timeout=30):
        raise Busy(N_("The server is busy; try again in a moment."))
    g.has_turn = True


def _give_turn(app: App) -> None:
    if g.pop("has_turn", False):
        app.turns.give()


@contextlib.contextmanager
def _admitted(app: App) -> Iterator[None]:
    """Read nothing large from somebody who has not signed in: files go to the disk while they arrive, all else stays
    in memory, a few bodies at a time."""
    is_form = request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")
    most = _LARGEST_OF_STRANGERS if is_form else _LARGEST_BODY_IN_MEMORY
    is_small = (request.content_length or 0) <= most and "Transfer-Encoding" not in request.headers
    if request.method in SAFE or is_small or _is_marked("is_public"):
        yield
        return
    _take_turn(app)
    try:
        member = actor().member
    finally:
        end_unit(commit=False)
        _give_turn(app)
        for name in ("known", "is_over"):  # the request itself begins afresh
            g.pop(name, None)
    is_held = not is_form and _marked("most_bytes", None) is None
    with app.arriving.place(member) if is_held else contextlib.nullcontext():
        yield


def _take_body() -> None:
    if request.method in SAFE:
        return
    is_public = _is_marked("is_public")
    if request.mimetype == "application/x-www-form-urlencoded":
        _limit(request.max_form_memory_size)  # it is all held in memory
        _ = request.form
    elif request.mimetype == "multipart/form-data":
        _limit(_LARGEST_OF_STRANGERS if is_public else _marked("most_bytes", _LARGEST_WITH_FILES))
        _ = request.form
    elif (most := _marked("most_bytes", None)) is not None:
        _limit(most)
        if (request.content_length or most) <= _LARGEST_BODY_IN_MEMORY:
            request.get_data(cache=True)  # else the view puts it on the disk while it arrives
    else:
        _limit(_LARGEST_BODY_IN_MEMORY if is_public else _LARGEST_BODY)
        request.get_data(cache=True)


def _limit(most: int | None) -> None:
    """No view takes more than is configured but one that is marked `large`."""
    usual = None if _marked("most_bytes", None) else app().config["MAX_CONTENT_LENGTH"]
    request.max_content_length = min((n for n in (most, usual) if n is not None), default=None)
