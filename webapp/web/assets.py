"""Where built files are: `static('app.css')` in templates, and `/static/build/…` served compressed and for ever.

`build_assets.py` writes `static/build/manifest.json` (plain name → name with a hash of the content). Without it names
stay plain, so that pages can still be rendered by tests on a machine without Node.
"""

from __future__ import annotations

import json
import mimetypes
from pathlib import Path

from flask import Flask, Response, abort, request, send_file

from webapp.web.signing import public

FOLDER = Path(__file__).resolve().parent.parent / "static" / "build"
_FOR_EVER = "public, max-age=31536000, immutable"
_PACKED = (("br", ".br"), ("gzip", ".gz"))
_read: tuple[int, dict[str, str]] = (0, {})


def manifest() -> dict[str, str]:
    """Plain name → built name; read again whenever a build replaced it."""
    global _read
    path = FOLDER / "manifest.json"
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    if _read[0] != changed:
        _read = (changed, json.loads(path.read_text("utf-8")))
    return _read[1]


def static(name: str) -> str:
    """The address of a built file, root-relative."""
    return f"/static/build/{manifest().get(name, name)}"


def serve(name: str) -> Response:
    """A built file, in the best encoding that was asked for and that exists."""
    path = FOLDER / name
    if "/" in name or not path.is_file() or name.endswith((".br", ".gz")):
        abort(404)
    accepted = {part.split(";")[0].strip() for part in request.headers.get("Accept-Encoding", "").split(",")}
    encoding, packed = None, path
    for known, suffix in _PACKED:
        if known in accepted and (FOLDER / f"{name}{suffix}").is_file():
            encoding, packed = known, FOLDER / f"{name}{suffix}"
            break
    answer = send_file(packed, mimetype=mimetypes.guess_type(name)[0] or "application/octet-stream", etag=False)
    if encoding:
        answer.headers["Content-Encoding"] = encoding
    answer.headers["Vary"] = "Accept-Encoding"
    is_hashed = name in manifest().values()
    answer.headers["Cache-Control"] = _FOR_EVER if is_hashed else "no-cache"
    return answer


def install(app: Flask) -> None:
    """Give templates `static()` and serve what was built."""
    app.jinja_env.globals["static"] = static
    app.add_url_rule("/static/build/<name>", "static", public(serve))
