"""`deploy/vps` as a keeper runs it, below a folder of its own: installed, updated, and back when the newer one fails.

What needs a whole machine (systemd, users, Caddy) is played by small scripts; the product is the real one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.conftest import free_port

SOURCE = Path(__file__).parents[2] / "deploy"
PLAYED = {
    "caddy": "exit 0",
    "adduser": "exit 0",
    "chown": "exit 0",
    "runuser": 'shift 3; exec "$@"',
    "install": 'set --; for word in $ALL; do case $word in -o|-g) skip=1;; *) [ "$skip" ] || set -- "$@" "$word"; skip=;; esac; done; exec /usr/bin/install "$@"',
    "systemctl": """
pid=$MORTISE_ROOT/pid
case "$*" in
*caddy*|daemon-reload) ;;
"enable --now mortise"|"start mortise")
	set -a; . "$MORTISE_ROOT/etc/mortise.env"; set +a
	"$MORTISE_ROOT/opt/mortise/.venv/bin/mortise" serve --port "$MORTISE_PORT" >>"$MORTISE_ROOT/log" 2>&1 &
	echo $! >"$pid" ;;
"stop mortise") [ ! -e "$pid" ] || { kill "$(cat "$pid")" && while kill -0 "$(cat "$pid")"; do sleep 0.05; done; } 2>/dev/null || true ;;
"is-active --quiet mortise") kill -0 "$(cat "$pid")" 2>/dev/null ;;
esac""",
}


class Machine:
    """A folder that plays a machine. `vps` runs the script of a release."""

    def __init__(self, root: Path) -> None:
        self.root = root
        tools = root / "tools"
        tools.mkdir(parents=True)
        for name, body in PLAYED.items():
            body = body.replace("$ALL", '"$@"') if name != "install" else f'ALL="$*"\n{body}'
            (tools / name).write_text(f"#!/bin/bash\n{body}\n")
            (tools / name).chmod(0o755)
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("MORTISE_")},
            "PATH": f"{tools}:{os.environ['PATH']}",
            "MORTISE_ROOT": str(root),
            "MORTISE_PORT": str(free_port()),
            "MORTISE_PASSWORD_MEMORY": "8",
        }

    def release(self, version: str, serve: str = "") -> Path:
        """A folder of the product; `serve` is done instead of serving."""
        folder = self.root / "opt" / f"mortise-{version}"
        shutil.copytree(SOURCE, folder / "deploy")
        (folder / ".venv" / "bin").mkdir(parents=True)
        (folder / "bootstrap.py").touch()
        (folder / "Makefile").write_text("setup:\n\t@true\n")
        program = folder / ".venv" / "bin" / "mortise"
        special = f'case "$1" in serve) {serve};; esac\n' if serve else ""
        program.write_text(f'#!/bin/bash\n{special}exec {sys.executable} -m webapp.cli "$@"\n')
        program.chmod(0o755)
        return folder

    def vps(self, release: Path, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(release / "deploy" / "vps"), *words]
        env = {**self.env, "PYTHONPATH": str(SOURCE.parent)}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)

    @property
    def current(self) -> str:
        return (self.root / "opt" / "mortise").resolve().name


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    pid = tmp_path / "pid"
    if pid.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGTERM)


@pytest.mark.soak  # half a minute, most of it four starts
def test_installed_updated_and_back_when_the_newer_one_does_not_start(machine: Machine) -> None:
    old = machine.release("1")
    done = machine.vps(old, "install", "crm.lanchuan.example")
    assert done.returncode == 0, done.stderr
    assert "/setup/" in done.stdout and "https://crm.lanchuan.example" in done.stdout
    assert "crm.lanchuan.example {" in (machine.root / "etc/caddy/Caddyfile").read_text()
    settings = machine.root / "etc/mortise.env"
    assert "MORTISE_BASE_URL=https://crm.lanchuan.example" in settings.read_text()
    assert (machine.root / "etc/systemd/system/mortise.service").is_file()
    settings.write_text(settings.read_text() + "MORTISE_LOG=json\n")

    new = machine.release("2")
    done = machine.vps(new, "update", str(new))
    assert done.returncode == 0, done.stderr
    assert machine.current == "mortise-2" and "MORTISE_LOG=json" in settings.read_text()
    (saved,) = (machine.root / "var/backups/mortise").glob("mortise-*.tar")
    assert f"back {old} {saved}" in done.stderr

    broken = machine.release("3", serve="exit 1")
    done = machine.vps(broken, "update", str(broken))
    assert done.returncode == 1 and "Everything is as it was" in done.stderr
    assert machine.current == "mortise-2"
    assert list((machine.root / "var/lib/mortise").glob("before-restore-*"))
    refused = machine.vps(new, "update", str(new))
    assert refused.returncode == 1 and "in use already" in refused.stderr
    assert machine.vps(new, "remove").returncode == 2
