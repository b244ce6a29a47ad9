"""Static files: addresses carry a hash of all of them, so browsers may keep them for ever; served compressed if built.

The hash stands in the path (`/static/~1a2b3c/js/app.js`): modules that import each other by relative addresses stay
within one build.
"""

from __future__ import annotations

import functools
import hashlib
import mimetypes
from pathlib import Path

from flask import Response, abort, request, send_file
from werkzeug.security import safe_join

from webapp.web import scope
from webapp.web.signing import public

ROOT = Path(__file__).parent.parent / "static"
_FOREVER = "public, max-age=31536000, immutable"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("image/svg+xml", ".svg")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("application/wasm", ".wasm")


def install(app: scope.App) -> None:
    app.add_url_rule("/static/<path:name>", "static", public(serve))
    app.jinja_env.globals["static"] = url


def url(name: str) -> str:
    """The address of a file in `static/`."""
    return f"/static/~{build()}/{name}"


@functools.cache
def build() -> str:
    """A short hash of all static files, taken once per process."""
    total = hashlib.sha256()
    for path in sorted(p for p in ROOT.rglob("*") if p.is_file() and p.suffix not in (".br", ".gz")):
        total.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:12]


def serve(name: str) -> Response:
    stamp, _, rest = name.partition("/")
    is_stamped = stamp.startswith("~")
    found = safe_join(str(ROOT), rest if is_stamped else name)
    if found is None or not Path(found).is_file():
        abort(404)
    kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
    encoding, path = _smallest(found)
    response = send_file(path, mimetype=kind, conditional=True)
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.vary.add("Accept-Encoding")
    # An old build's address may be asked for during an update: it gets today's file, but is not to be kept.
    response.headers["Cache-Control"] = _FOREVER if is_stamped and stamp == f"~{build()}" else "no-cache"
    return response


def _smallest(path: str) -> tuple[str | None, str]:
    for encoding, suffix in _ENCODINGS:
        if request.accept_encodings[encoding] > 0 and Path(path + suffix).is_file():
            return encoding, path + suffix
    return None, path
