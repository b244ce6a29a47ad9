"""Secrets that are shown once and kept as a hash: session cookies, tokens, links.

They are 256 random bits, so a plain SHA-256 is enough; passwords are another matter (`passwords.py`).
"""

from __future__ import annotations

import hashlib
import secrets


def new(prefix: str = "") -> str:
    return prefix + secrets.token_urlsafe(32)


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
