"""Which language a page speaks: the member's; before sign-in what was chosen on the gate, what the browser asks for,
else the firm's."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request
from markupsafe import Markup

from webapp import i18n
from webapp.access import firm
from webapp.i18n import Message
from webapp.web import assets, scope, signing

COOKIE = "mortise-language"
NAMES = {"zh": "简体中文", "en": "English"}


def install(app: scope.App) -> None:
    app.jinja_env.globals.update(_=translate, label=label, fixed=fixed)
    app.jinja_env.filters["say"] = say
    app.context_processor(lambda: {"locale": locale()})


def locale() -> str:
    if "locale" not in g:
        g.locale = _find()
    found: str = g.locale
    return found


def choose(response: Response, wanted: str) -> None:
    """Speak this language on the gate pages of this browser."""
    from webapp.web import signing

    response.set_cookie(COOKIE, wanted, max_age=365 * 86400, secure=signing.is_secure(), httponly=True, samesite="Lax")


def translate(text: str, /, **params: Any) -> str:
    """`_("…")` of the templates."""
    return i18n.translate(locale(), text, **params)


def fixed(template: str) -> Markup:
    """A part of pages that says the same to everybody who speaks the language: drawn once for each."""
    app = scope.app()
    kept: dict[tuple[str, str, str], Markup] = app.extensions.setdefault("mortise-fixed", {})
    key = template, locale(), assets.url("icons.svg")
    if key not in kept or app.jinja_env.auto_reload:
        kept[key] = Markup(app.jinja_env.get_template(template).render())  # noqa: S704 (drawn by a template)
    return kept[key]


def label(value: Any) -> str:
    """A builder's label in the page's language."""
    return i18n.label(value, locale(), current_firm().locale)


def say(message: Message | str) -> str:
    """A `Message` of the core in the page's language."""
    return message.text(locale()) if isinstance(message, Message) else message


def current_firm() -> firm.Firm:
    if "firm" not in g:
        # a request that changes something may have changed the firm itself
        known = signing.firm() if request.method in scope.SAFE else None
        g.firm = known or firm.get(scope.unit())
    found: firm.Firm = g.firm
    return found


def person() -> dict[str, Any]:
    """For every template: who reads it (None before sign-in), his theme, and the firm."""
    visitor = scope.visitor()
    return {"actor": visitor, "theme": visitor.theme if visitor else "system", "firm": current_firm()}


def _find() -> str:
    visitor = scope.visitor()
    if visitor is not None:
        return i18n.language_of(visitor.locale)
    chosen = request.cookies.get(COOKIE)
    if chosen in i18n.LANGUAGES:
        return chosen
    for wanted in request.accept_languages.values():
        if wanted.replace("_", "-").split("-")[0].lower() in i18n.LANGUAGES:
            return i18n.language_of(wanted)
    return i18n.language_of(current_firm().locale)
