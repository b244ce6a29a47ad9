"""The firm: name, logo, colour, language, currency. The time zone is the server's."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, abort, make_response, request

from webapp import clock
from webapp.access import firm
from webapp.blueprints.settings import blueprint
from webapp.engines.forms.days import emptying
from webapp.errors import Invalid, Stale
from webapp.i18n import N_
from webapp.web import accent, currencies, language, numbers, respond, scope, sections, signing, stamps, zones

_KEYS = ("name", "locale", "currency", "accent")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
#: Offered beside a free choice: colours with names that people here know.
COLOURS = ("#1661ab", "#0f766e", "#1c7a3e", "#8f5600", "#b3261e", "#9d2f6f", "#643a9a", "#3b469f", "#3f4650")


@blueprint.get("/settings/firm")
def show_firm() -> Response:
    sections.enter("firm")
    saved = N_("Saved") if "saved" in request.args else None
    return _page(firm.get(scope.unit()), saved=saved)


@blueprint.get("/settings/firm/accent")
def show_accent() -> Response:
    """How a colour would look in both themes."""
    sections.enter("firm")
    return respond.part("settings/_accent.html", **_shades(request.args.get("accent", "")))


@blueprint.post("/settings/firm")
def change_firm() -> Response:
    actor, unit = sections.enter("firm"), scope.unit()
    now = firm.get(unit)
    given: dict[str, Any] = {key: request.form.get(key, "").strip()[:200] for key in _KEYS}
    given["accent"] = given["accent"].lower()
    values = {**given, "accent": None if given["accent"] in ("", accent.OURS) else given["accent"]}
    picture = request.files.get("logo")
    try:
        stamps.require(_stamp(now))
        firm.change(unit, actor, values)
        if "bin_days" in request.form:
            emptying.choose(unit, actor, numbers.sent("bin_days", 99_999))
        if request.form.get("no_logo"):
            firm.set_logo(unit, actor, None)
        elif picture is not None and picture.filename:
            firm.set_logo(unit, actor, picture.stream.read(firm.LOGO_MOST + 1))
    except (Invalid, Stale) as error:
        scope.end_unit(commit=False)
        problems = {p.path: language.say(p.message) for p in error.problems}
        return _page(now, given=given, problems=problems, stale=error if isinstance(error, Stale) else None)
    return respond.redirect("/settings/firm?saved=1", whole=True)


@blueprint.get("/settings/firm/logo")
@signing.public
def show_logo() -> Response:
    """The picture, before sign-in too; its address carries its hash."""
    found = firm.logo(scope.unit())
    if found is None:
        abort(404)
    response = make_response(found[1])
    response.mimetype = found[0]
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _page(
    now: firm.Firm,
    *,
    given: dict[str, Any] | None = None,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    **more: Any,
) -> Response:
    shown = given or {"name": now.name, "locale": now.locale, "currency": now.currency, "accent": now.accent}
    return sections.show(
        "firm",
        "settings/firm.html",
        status=412 if stale else 422 if problems else 200,
        now=now,
        given=shown,
        problems=problems or {},
        stale=language.say(stale.message) if stale else None,
        seen=_stamp(now),
        languages=list(language.NAMES.items()),
        currencies=currencies.choices(language.locale()),
        bins=[(n or "", language.say(N_("After {n} days", n=n) if n else N_("Never"))) for n in (0, *emptying.CHOICES)],
        bin_days=emptying.chosen(scope.unit()).days,
        zone=clock.firm_zone(),
        zone_name=zones.named(clock.firm_zone(), language.locale()),
        colours=COLOURS,
        **_shades(shown["accent"]),
        **more,
    )


def _stamp(now: firm.Firm) -> str:
    return stamps.stamp(now.name, now.locale, now.currency, now.accent, now.logo)


def _shades(colour: str | None) -> dict[str, Any]:
    colour = (colour or accent.OURS).lower()
    if not _COLOUR.fullmatch(colour):
        return {"colour": colour, "light": None, "dark": None}
    light, dark = accent.shades(colour)
    return {"colour": colour, "light": light, "dark": dark}
