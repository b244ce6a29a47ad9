"""Running Mortise: the web server, the worker, and the supervisor that keeps both alive."""

from webapp.migrating import migrate

__all__ = ["migrate"]
