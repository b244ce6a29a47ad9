"""Answers that fit both a browser and htmx: the whole page or the part of it that was asked for."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from flask import Response, make_response, render_template
from flask import redirect as flask_redirect

from webapp.web import scope
from webapp.web.htmx import htmx


def page(
    template: str, *, part: str | None = None, status: int = 200, push: str | None = None, **context: Any
) -> Response:
    """Render `template`; for htmx the template `part`, or where none is given the block `content` of `template`.

    push  address to show instead of the request's own
    """
    if not htmx.wants_part:
        text = render_template(template, **context)
    elif part is not None:
        text = render_template(part, **context)
    else:
        text = render_block(template, "content", **context)
    response = make_response(text, status)
    if push and htmx.wants_part:
        response.headers["HX-Push-Url"] = push
    return response


def part(template: str, *, status: int = 200, **context: Any) -> Response:
    """Render a part alone, whoever asks."""
    return make_response(render_template(template, **context), status)


def render_block(template: str, block: str, **context: Any) -> str:
    app = scope.app()
    app.update_template_context(context)
    found = app.jinja_env.get_template(template)
    if block not in found.blocks:
        return found.render(context)
    return "".join(found.blocks[block](found.new_context(context)))


def redirect(url: str, *, whole: bool = False) -> Response:
    """Go to `url` (an address of ours). Under htmx the page is fetched and swapped; `whole` loads it anew."""
    if not htmx:
        return make_response(flask_redirect(url, 303))
    response = make_response("", 200)
    if whole or not htmx.wants_part:
        response.headers["HX-Redirect"] = url
    else:
        response.headers["HX-Location"] = ascii_json({"path": url, "target": "#main"})
    return response


def trigger(response: Response, event: str, **detail: Any) -> Response:
    """Let the page hear `event` with `detail` after the swap. Several may be set on one answer."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    events[event] = detail
    response.headers["HX-Trigger"] = ascii_json(events)
    return response


def nothing() -> Response:
    """An answer that changes nothing of the page by itself: its triggers say what has happened."""
    response = make_response("", 200)
    response.headers["HX-Reswap"] = "none"
    return response


def retarget(response: Response, target: str | None = None, swap: str = "innerHTML") -> Response:
    """Let the answer go to another place of the page than was asked for, or with the swap `none` nowhere."""
    if target is not None:
        response.headers["HX-Retarget"] = target
    response.headers["HX-Reswap"] = swap
    return response


def ascii_json(value: Any) -> str:
    """Headers are latin-1: everything else is escaped."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def local(url: str | None, fallback: str = "/") -> str:
    """`url` if it is an address of this server (`/crm/deal?view=board`), else `fallback`. For `next`."""
    if not url or not url.startswith("/") or url[1:2] in ("/", "\\") or any(ord(c) < 33 or c == "\\" for c in url):
        return fallback
    parts = urlsplit(url)
    return url if not parts.scheme and not parts.netloc else fallback
