"""Whom to believe about who asks. Only a trusted proxy may speak for somebody else; what anybody else says is dropped.

Works on the request before anything reads it: afterwards `remote_addr`, the scheme and the host are those of the
person's browser. `Forwarded` and `X-Forwarded-Prefix` are not read.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any

from webapp.config import Network

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_SAID = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")


class Proxies:
    """WSGI around the application."""

    def __init__(self, app: Callable[..., Any], trusted: tuple[Network, ...]) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        said = [str(environ.pop(name, "")) for name in _SAID]
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            self._believe(environ, *said)
        return self._app(environ, start_response)

    def _is_trusted(self, text: str) -> bool:
        """An empty address is a socket of this machine."""
        address = _address(text)
        return any(address in network for network in self._trusted) if address is not None else not text

    def _believe(self, environ: dict[str, Any], chain: str, scheme: str, host: str) -> None:
        asks = self._who_asks(chain.split(","))
        if asks is not None:
            environ["REMOTE_ADDR"] = asks
        if (scheme := _last(scheme).lower()) in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        if _HOST.fullmatch(host := _last(host)):
            environ["HTTP_HOST"] = host

    def _who_asks(self, chain: Iterable[str]) -> str | None:
        """The nearest address that is no trusted proxy; what stands before it was sent by whoever asks."""
        found = None
        for text in reversed([part.strip() for part in chain]):
            address = _address(text)
            if address is None:
                return found
            found = str(address)
            if not self._is_trusted(found):
                return found
        return found


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as proxies write it: plain, with a port, in brackets; an IPv4 one within IPv6 is that one."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def _last(text: str) -> str:
    """What the nearest proxy said, where several have added to it."""
    return text.rpartition(",")[2].strip()
