"""The firm's accent colour as a stylesheet: from one colour the eight of both themes, each readable (WCAG AA).

A colour is kept as it is where it can be; else its lightness moves, never its hue, until texts in it and on it have
the contrast they need. Lightness is that of OKLCH, which is even to the eye.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response, abort

from webapp.web import scope
from webapp.web.signing import public

OURS = "#1661ab"
#: Of a text, and of a text that should be read at ease.
AA, EASE = 4.5, 7.0
#: Raised when the derivation changes: the addresses change with it, because browsers keep them.
_EDITION = 1
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LIGHT, _DARK = ("#ffffff", "#f6f6f4", "#f0f0ed"), ("#1a1b1e", "#131416", "#232529", "#222428")


@dataclass(frozen=True)
class Shades:
    """One theme's: `accent` for links and buttons, `ink` for texts on `soft`, `on` for texts on the accent."""

    accent: str
    ink: str
    soft: str
    on: str
    second: str
    third: str
    is_moved: bool = False  # the firm's own colour could not be read here and was made lighter or darker

    def contrast(self) -> float:
        return min(ratio(self.on, self.accent), ratio(self.ink, self.soft))


def install(app: scope.App) -> None:
    app.add_url_rule("/static/accent/<edition>/<colour>.css", "accent", public(serve))
    app.jinja_env.globals["accent_css"] = url


def url(colour: str | None) -> str | None:
    """The address of the stylesheet; None where the product's own colour does."""
    return f"/static/accent/{_EDITION}/{colour[1:]}.css" if colour and colour != OURS else None


def serve(edition: str, colour: str) -> Response:
    if edition != str(_EDITION) or not _COLOUR.fullmatch("#" + colour):
        abort(404)
    response = Response(css("#" + colour), mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@functools.lru_cache(64)
def css(colour: str) -> str:
    light, dark = shades(colour)
    return f":root, [data-bs-theme=light] {{ {_tokens(light)} }}\n[data-bs-theme=dark] {{ {_tokens(dark)} }}\n"


def _tokens(found: Shades) -> str:
    named = {
        "accent": found.accent,
        "accent-ink": found.ink,
        "accent-soft": found.soft,
        "on-accent": found.on,
        "c2": found.second,
        "c3": found.third,
    }
    return " ".join(f"--m-{name}: {value};" for name, value in named.items())


def shades(colour: str) -> tuple[Shades, Shades]:
    """The shades of the light and of the dark theme."""
    lightness, chroma, hue = _oklch(colour)
    return _light(colour, lightness, chroma, hue), _dark(colour, lightness, chroma, hue)


def _light(colour: str, lightness: float, chroma: float, hue: float) -> Shades:
    soft = _hex(0.955, min(chroma, 0.022), hue)
    accent = _first((colour, *_steps(lightness, 0.2, chroma, hue)), (*_LIGHT, soft), AA)
    ink = _first(_steps(min(_oklch(accent)[0] - 0.06, 0.45), 0.1, chroma, hue), (soft, *_LIGHT), EASE)
    return Shades(
        accent, ink, soft, "#ffffff",
        _hex(0.76, min(chroma, 0.08), hue), _hex(0.87, min(chroma, 0.025), hue), accent != colour,
    )  # fmt: skip


def _dark(colour: str, lightness: float, chroma: float, hue: float) -> Shades:
    soft = _hex(0.3, min(chroma, 0.05), hue)
    on = _hex(0.2, min(chroma, 0.035), hue)
    accent = _first(_steps(max(lightness, 0.7), 0.95, min(chroma, 0.14), hue), (*_DARK, soft, on), AA)
    ink = _first(_steps(min(_oklch(accent)[0] + 0.08, 0.9), 0.97, min(chroma, 0.11), hue), (soft, *_DARK), EASE)
    return Shades(
        accent, ink, soft, on, _hex(0.49, min(chroma, 0.08), hue), _hex(0.37, min(chroma, 0.025), hue), lightness > 0.95
    )


def _steps(start: float, end: float, chroma: float, hue: float) -> Iterator[str]:
    step = 0.01 if end > start else -0.01
    for n in range(int(abs(end - start) / 0.01) + 1):
        yield _hex(start + n * step, chroma, hue)


def _first(candidates: Iterator[str] | tuple[str, ...], against: tuple[str, ...], least: float) -> str:
    """The first that has enough contrast with all of `against`; else the best."""
    best, most = "#000000", 0.0
    for candidate in candidates:
        least_here = min(ratio(candidate, other) for other in against)
        if least_here >= least:
            return candidate
        if least_here > most:
            best, most = candidate, least_here
    return best


def ratio(a: str, b: str) -> float:
    """Contrast of two colours by WCAG 2, from 1 to 21."""
    first, second = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(colour: str) -> tuple[float, ...]:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)


def _oklch(colour: str) -> tuple[float, float, float]:
    """Lightness 0 to 1, chroma, hue as an angle (the matrices are those of the OKLab definition)."""
    r, g, b = _linear(colour)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    middle = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b_ = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return lightness, math.hypot(a, b_), math.atan2(b_, a)


def _hex(lightness: float, chroma: float, hue: float) -> str:
    """The colour; where a screen cannot show it, with less chroma."""
    while True:
        parts = _rgb(lightness, chroma, hue)
        if chroma < 0.001 or all(-0.0005 <= p <= 1.0005 for p in parts):
            break
        chroma *= 0.94
    return "#" + "".join(f"{round(_shown(p) * 255):02x}" for p in parts)


def _rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _shown(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
