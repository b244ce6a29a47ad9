"""What a browser asks for to install the product: the web manifest and the service worker."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from flask import Response, make_response

from webapp.blueprints.phone import blueprint
from webapp.engines.forms.entering import quick
from webapp.i18n import N_
from webapp.web import assets, language, respond, scope
from webapp.web.signing import public

_PAPER = "#f6f6f4"
_ACCENT = "#1661ab"
#: In every release's shell, besides what the offline page names itself.
_FILES = ("icons.svg", "app-192.png")
_PAGE = Path(__file__).parent.parent.parent / "templates" / "phone" / "offline.html"


@blueprint.get("/offline/app.webmanifest")
@public
def manifest() -> Response:
    """The firm's app: its name and colour, in the language of whoever asks; with shortcuts to his quick forms."""
    firm = language.current_firm()
    name = firm.name if firm.name != "Mortise" else "Mortise 榫卯"
    described = {
        "id": "/",
        "name": name,
        "short_name": name[:12],
        "description": N_("Customers, deals and tasks of {firm}", firm=name).text(language.locale()),
        "lang": "en" if language.locale() == "en" else "zh-CN",
        "dir": "ltr",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": firm.accent or _ACCENT,
        "background_color": _PAPER,
        "categories": ["business", "productivity"],
        "icons": [
            _icon("app-192.png", 192),
            _icon("app-512.png", 512),
            _icon("app-whole-512.png", 512, "maskable"),
            {"src": assets.url("app.svg"), "sizes": "any", "type": "image/svg+xml"},
        ],
        "shortcuts": _shortcuts(),
        "share_target": {
            "action": "/share",
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {
                "title": "title",
                "text": "text",
                "url": "url",
                "files": [
                    {"name": "file", "accept": ["text/vcard", "text/x-vcard", "text/directory", ".vcf", "text/plain"]}
                ],
            },
        },
    }
    response = make_response(json.dumps(described, ensure_ascii=False))
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "private, max-age=600"  # its address names who asks
    return response


def _icon(name: str, size: int, purpose: str = "any") -> dict[str, Any]:
    return {"src": assets.url(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}


def _shortcuts() -> list[dict[str, Any]]:
    visitor = scope.visitor()
    if visitor is None:
        return []
    icon = _icon("app-new-96.png", 96)
    found = []
    for form in quick.forms(scope.unit(), visitor)[:4]:
        label = language.label(form.label) or form.key
        name = N_("New {form}", form=label).text(language.locale())
        found.append({"name": name, "short_name": name[:12], "url": quick.address(form), "icons": [icon]})
    return found


@blueprint.get("/offline/sw.js")
@public
def worker() -> Response:
    """The service worker of the whole site. Another text is another release: the browser compares."""
    about = {
        "release": _release(),
        "pages": ["/offline/page/zh", "/offline/page/en"],
        "files": [assets.url(name) for name in _FILES],
    }
    built = assets.manifest.name("sw.js")
    script = (assets.ROOT / "build" / built).read_text("utf-8") if built else ""
    response = make_response(f"self.mortise = {respond.ascii_json(about)};\n{script}")
    response.mimetype = "text/javascript"
    response.headers["Service-Worker-Allowed"] = "/"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _release() -> str:
    """Changes with whatever the shell is made of."""
    firm = language.current_firm()
    parts = [assets.url(name) for name in ("app.css", "app.js", "early.js", "htmx.js", "icons.svg", "sw.js")]
    parts += [firm.name, firm.accent or "", _PAGE.read_text("utf-8")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
