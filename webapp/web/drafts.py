"""What somebody typed on the steps before, kept by his own browser in a signed cookie until the last step."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from flask import Response, request
from itsdangerous import BadSignature, URLSafeSerializer

from webapp.web import scope, signing

_LASTS = 86400


def read(name: str, about: str) -> dict[str, str]:
    """Field → text; nothing where there is none, or it is of something else than `about`."""
    try:
        found = _serializer(name, about).loads(request.cookies.get(name, ""))
    except BadSignature:
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def keep(response: Response, name: str, about: str, values: Mapping[str, str], path: str) -> None:
    text = _serializer(name, about).dumps(dict(values))
    response.set_cookie(
        name, str(text), max_age=_LASTS, path=path, secure=signing.is_secure(), httponly=True, samesite="Lax"
    )


def drop(response: Response, name: str, path: str) -> None:
    response.delete_cookie(name, path=path, secure=signing.is_secure(), httponly=True, samesite="Lax")


def _serializer(name: str, about: str) -> URLSafeSerializer:
    salt = hashlib.sha256(f"{name}:{about}".encode("utf-8", "surrogatepass")).hexdigest()
    return URLSafeSerializer(scope.app().settings.secret_key, salt=salt)
