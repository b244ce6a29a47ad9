"""What htmx 4 tells about a request. It sends the element that asked and whether a part or the whole page is wanted."""

from __future__ import annotations

from flask import request
from flask_htmx import HTMX as Base


class HTMX(Base):
    @property
    def source(self) -> str | None:
        """Id of the element that asked; None if it has none."""
        return _id(request.headers.get("HX-Source"))

    @property
    def target_id(self) -> str | None:
        """Id of the element that will be swapped."""
        return _id(request.headers.get("HX-Target"))

    @property
    def wants_part(self) -> bool:
        """Whether the answer is swapped into a page: neither a whole page nor one restored from history."""
        return bool(self) and not self.history_restore_request and request.headers.get("HX-Request-Type") != "full"


htmx = HTMX()


def _id(described: str | None) -> str | None:
    """`button#save` → `save`."""
    return described.partition("#")[2] or None if described else None
