"""Folding: the form in which texts are compared, so that case and width make no difference."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """NFKC and casefold: ``ＡＣＭＥ Ｃｏ`` and ``acme co`` fold to the same text. Keeps spaces as they are."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
