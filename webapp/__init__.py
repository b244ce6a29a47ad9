"""Mortise 榫卯: a small business shapes its own customer system on one machine that it owns."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webapp.config import Settings
    from webapp.db import Database
    from webapp.web.scope import App

#: Packages with a `blueprint`, in the order in which addresses are tried; those of forms (`/{app}/{form}`) come last.
BLUEPRINTS = (
    "webapp.blueprints.gate",
    "webapp.blueprints.api",
    "webapp.blueprints.docs",
    "webapp.blueprints.settings",
    "webapp.blueprints.phone",
    "webapp.blueprints.workbench",
    "webapp.blueprints.live",
    "webapp.blueprints.files",
    "webapp.blueprints.boards",
    "webapp.blueprints.transfer",
    "webapp.blueprints.records",
)


def create_app(settings: Settings | None = None, database: Database | None = None) -> App:
    """The web application over one firm's database."""
    from webapp import config, db
    from webapp.web import (
        accent,
        assets,
        csrf,
        drawn,
        errors,
        grids,
        headers,
        health,
        language,
        limits,
        live,
        metrics,
        proxies,
        scope,
        seeing,
        signing,
        texts,
        zones,
    )
    from webapp.web.htmx import htmx

    settings = settings or config.Settings.from_env()
    app = scope.App("webapp", static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=64 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=5000,
    )
    app.wsgi_app = proxies.Proxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    scope.install(app, database or db.Database(settings))
    texts.install(app)
    headers.install(app)
    assets.install(app)
    accent.install(app)
    health.install(app)
    metrics.install(app)
    limits.install(app)
    csrf.install(app)
    signing.install(app)
    seeing.install(app)
    zones.install(app)
    language.install(app)
    drawn.install(app)
    grids.install(app)
    live.install(app)
    errors.install(app)
    htmx.init_app(app)
    app.context_processor(language.person)
    for package in BLUEPRINTS:
        app.register_blueprint(importlib.import_module(package).blueprint)
    return app
