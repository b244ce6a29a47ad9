"""The web server: gunicorn, set up here and not by files or variables of its own.

Threads are many because streams hold one each and cost nothing while they wait; how many requests work at the same
time is decided by the turns of `webapp.web.scope`.
"""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from webapp.backups import presence
from webapp.config import Settings
from webapp.errors import Conflict
from webapp.i18n import N_

log = logging.getLogger(__name__)
THREADS = 300


class Logs(Logger):
    """Gunicorn's words go where all logs go."""

    def setup(self, cfg: Any) -> None:
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)
        self.access_log.disabled = True


class Server(BaseApplication):
    def __init__(self, settings: Settings, listener: socket.socket, processes: int) -> None:
        self._settings = settings
        self._options = {
            "bind": f"fd://{listener.fileno()}",
            "workers": processes,
            "forwarded_allow_ips": "",  # whom to believe is decided in one place, `webapp.web.proxies`
            "worker_class": "gthread",
            "threads": THREADS,
            "worker_connections": 2000,
            "preload_app": True,
            "timeout": 60,
            "graceful_timeout": 4,
            "keepalive": 30,
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
            "control_socket_disable": True,
            "logger_class": Logs,
            "post_fork": self._after_fork,
            "proc_name": "mortise web",
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        import gc

        from webapp import create_app

        self.app = create_app(self._settings)
        gc.collect()
        gc.freeze()
        return self.app

    def _after_fork(self, server: Any, worker: Any) -> None:
        import tasks
        from webapp.journal import signals

        self.app.database.dispose()
        tasks.connect(self.app.database)
        signals.connect(self.app.database)
        self.app.live.is_ending = lambda: not worker.alive


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, made before any process starts: a port in use is said at once and in plain words."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Conflict(
            N_(
                "Cannot listen at {host}:{port}: {reason}. Is Mortise running already? Another port: --port 8001",
                host=host,
                port=port,
                reason=os.strerror(error.errno or 0) if error.errno else str(error),
            )
        ) from None
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def run(settings: Settings, listener: socket.socket, processes: int = 2) -> None:
    """Serve until SIGTERM or SIGINT."""
    presence.hold(settings)
    Server(settings, listener, processes).run()
