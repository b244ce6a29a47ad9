"""The product and the bare application as processes, started and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.firm import Firm

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def running(arguments: list[str], port: int, path: str, environment: Mapping[str, str]) -> Iterator[int]:
    """A process that answers at `port`; its id. It is asked to end afterwards."""
    env = {**os.environ, **environment, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=env, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}{path}", process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode}")
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing answers at {url}")


def product(firm: Firm, port: int, command: str = "web") -> contextlib.AbstractContextManager[int]:
    return running(["-m", "webapp.cli", command, "--port", str(port)], port, "/healthz", firm.environment)


def bare(script: Path, port: int) -> contextlib.AbstractContextManager[int]:
    return running(["-m", "tests.bench.bare", str(script), str(port)], port, "/list-admin", {})
