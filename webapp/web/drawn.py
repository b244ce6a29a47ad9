"""Icons and attributes as templates draw them: `icon("filter")`. Functions, because a page has hundreds of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from webapp.web import assets, scope


def install(app: scope.App) -> None:
    app.jinja_env.globals.update(draw_icon=icon, draw_tick=tick, draw_attributes=attributes)


def icon(name: str, size: str = "", label: str = "", more: str = "", **also: Any) -> Markup:
    """An icon of the sprite. size: "" 16 px, "s" 14, "l" 20; `more` (or `class=`) are further classes.

    Alone it needs a `label` for those who cannot see it.
    """
    return _drawn(assets.url("icons.svg"), name, size, label, more or also.get("class", ""))


def tick() -> Markup:
    """Stands at what is chosen."""
    return icon("check", "", "", "tick")


@lru_cache(2048)
def _drawn(sprite: str, name: str, size: str, label: str, more: str) -> Markup:
    classes = " ".join(part for part in ("m-i", size, more) if part)
    said = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(f'<svg class="{escape(classes)}" {said}><use href="{sprite}#{escape(name)}"/></svg>')  # noqa: S704


def attributes(given: Mapping[str, Any], hyphens: bool = False) -> Markup:
    """` name="value"` of each; True has no value, None and False leave it out. `hyphens` makes them of underscores."""
    drawn = []
    for name, value in given.items():
        if value is not None and value is not False:
            shown = escape(name.replace("_", "-") if hyphens else name)
            drawn.append(f" {shown}" if value is True else f' {shown}="{escape(value)}"')
    return Markup("".join(drawn))  # noqa: S704 (every part is escaped)
