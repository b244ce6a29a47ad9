"""How the machine and the firm are: what `mortise doctor` finds, for those who look after the system."""

from __future__ import annotations

from flask import Response, request

from webapp.blueprints.settings import blueprint
from webapp.web import respond, scope, sections


@blueprint.get("/settings/health")
def show_health() -> Response:
    """The page comes at once; what is looked at follows."""
    sections.enter("health")
    return sections.show("health", "settings/health.html")


@blueprint.get("/settings/health/checks")
def list_checks() -> Response:
    """Takes some seconds, in which others go on."""
    sections.enter("health")
    scope.end_unit(commit=False)
    with scope.without_turn():
        from webapp.serving import doctor

        found = doctor.run(scope.database(), seen_at=request.host_url.rstrip("/"))
    return respond.part("settings/_checks.html", checks=found)
