"""For process managers: is the process alive, and can it serve."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Response

from webapp.definitions.tables import epoch
from webapp.web import scope
from webapp.web.signing import public


def install(app: scope.App) -> None:
    app.add_url_rule("/healthz", "healthz", public(healthz))
    app.add_url_rule("/readyz", "readyz", public(readyz))


def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


def readyz() -> Response:
    """The database answers and has its tables."""
    try:
        with scope.database().read() as unit:
            unit.execute(sa.select(epoch.c.epoch)).first()
    except sa.exc.SQLAlchemyError:
        return Response("the database does not answer\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")
