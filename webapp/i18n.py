"""Texts for people. A message is English text with `{named}` places; the catalogs translate it.

Engines build `Message`s and never choose a language; whoever speaks to a person calls `text(locale)`.
Catalogs are `translations/<language>/<area>.po`, one file an area, read once per process and language.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
_ROOT = Path(__file__).parent / "translations"


@functools.cache
def _catalog(language: str) -> dict[str, str]:
    """Message → translation of one language, from all its areas; a compiled file is preferred if it is newer."""
    texts: dict[str, str] = {}
    for source in sorted((_ROOT / language).glob("*.po")):
        built = source.with_suffix(".mo")
        if built.exists() and built.stat().st_mtime >= source.stat().st_mtime:
            with built.open("rb") as file:
                catalog = read_mo(file)
        else:
            with source.open("rb") as file:
                catalog = read_po(file)
        texts.update({str(m.id): str(m.string) for m in catalog if m.id and m.string})
    return texts


@functools.lru_cache(256)
def language_of(locale: str | None) -> str:
    """`zh-CN`, `zh_Hans`, `en-GB` … → one of LANGUAGES; what is unknown becomes English."""
    wanted = (locale or "").replace("_", "-").split("-")[0].lower()
    return wanted if wanted in LANGUAGES else "en"


def translate(locale: str | None, message: str, /, **params: Any) -> str:
    """`message` in the language of `locale` with its places filled; a `Message` or label in `params` too."""
    language = language_of(locale)
    text = _catalog(language).get(message, message)
    if not params:
        return text
    shown = {k: v.text(language) if isinstance(v, Message) else v for k, v in params.items()}
    return text.format_map(_Places(shown))


class _Places(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@dataclass(frozen=True)
class Message:
    """A text not yet in any language: the English original and the values of its places."""

    id: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self, locale: str | None) -> str:
        params = {k: label(v, locale) if isinstance(v, Mapping) else v for k, v in self.params.items()}
        return translate(locale, self.id, **params)

    def __str__(self) -> str:
        return self.text("en")


def N_(text: str, /, **params: Any) -> Message:
    """Mark `text` for translation and keep its values: ``N_("{field} is empty", field=…)``."""
    return Message(text, params)


def label(value: str | Mapping[str, str] | None, locale: str | None, firm: str = "zh") -> str:
    """A builder's label in the language of `locale`, else the firm's, else whatever there is."""
    if value is None or isinstance(value, str):
        return value or ""
    for language in (language_of(locale), firm, *LANGUAGES):
        if value.get(language):
            return value[language]
    return next(iter(value.values()), "")
