"""Static files. Built ones carry a hash of their content in their name, so browsers keep them for ever; a compressed
copy beside a file is sent to those who take it."""

from __future__ import annotations

import json
import mimetypes
import threading
import time
from pathlib import Path

from flask import Response, abort, request, send_file
from werkzeug.security import safe_join

from webapp.web import scope
from webapp.web.signing import public

ROOT = Path(__file__).parent.parent / "static"
_FOREVER = "public, max-age=31536000, immutable"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))

for _suffix, _type in (
    (".js", "text/javascript"),
    (".mjs", "text/javascript"),
    (".svg", "image/svg+xml"),
    (".webmanifest", "application/manifest+json"),
    (".wasm", "application/wasm"),
):
    mimetypes.add_type(_type, _suffix)


class Manifest:
    """Plain name → built name, read again when a build has replaced it; a page asks a hundred times for one."""

    _LOOKS_EVERY = 0.5  # seconds

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._read_at = 0
        self._looked = -1.0
        self._names: dict[str, str] = {}
        self._built: frozenset[str] = frozenset()

    def name(self, plain: str) -> str | None:
        self._refresh()
        return self._names.get(plain)

    def is_built(self, name: str) -> bool:
        self._refresh()
        return name in self._built

    def _refresh(self) -> None:
        now = time.monotonic()
        if 0 <= now - self._looked < self._LOOKS_EVERY and self._names:
            return
        self._looked = now
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if changed == self._read_at:
            return
        with self._lock:
            self._names = json.loads(self._path.read_text("utf-8"))
            self._built = frozenset(self._names.values())
            self._read_at = changed


manifest = Manifest(ROOT / "build" / "manifest.json")


def install(app: scope.App) -> None:
    app.add_url_rule("/static/<path:name>", "static", public(serve))
    app.jinja_env.globals["static"] = url


def url(name: str) -> str:
    """The address of a file: of its built form where there is one."""
    built = manifest.name(name)
    return f"/static/build/{built}" if built else f"/static/{name}"


def serve(name: str) -> Response:
    found = safe_join(str(ROOT), name)
    if found is None or not Path(found).is_file():
        abort(404)
    kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
    encoding, path = _smallest(found)
    response = send_file(path, mimetype=kind, conditional=True)
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.vary.add("Accept-Encoding")
    is_built = name.startswith("build/") and manifest.is_built(name.removeprefix("build/"))
    response.headers["Cache-Control"] = _FOREVER if is_built else "no-cache"
    return response


def _smallest(path: str) -> tuple[str | None, str]:
    for encoding, suffix in _ENCODINGS:
        if request.accept_encodings[encoding] > 0 and Path(path + suffix).is_file():
            return encoding, path + suffix
    return None, path
