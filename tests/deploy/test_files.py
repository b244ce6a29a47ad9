"""What lies under `deploy/` fits the product: settings, commands, options and paths it names are there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from tests import missing
from webapp import cli

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
SETTINGS = set(re.findall(r"MORTISE_[A-Z_]+", (ROOT / "webapp" / "config.py").read_text("utf-8")))
#: Of the scripts alone: for tests, and the name in compose.
OWN = {"MORTISE_ROOT", "MORTISE_PORT", "MORTISE_NAME", "MORTISE_BACKUP_DIR", "MORTISE_DATA_DIR"}


def command_of(words: list[str]) -> None:
    """Fails unless `mortise WORDS…` is a command with such options."""
    group: click.Command = cli.mortise
    context = click.Context(group, obj=None)
    while words and isinstance(group, click.Group):
        found = group.get_command(context, words.pop(0))
        assert found is not None
        group = found
    options = {name for one in group.params for name in one.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_settings_that_are_named_are_read() -> None:
    for path in DEPLOY.iterdir():
        assert set(re.findall(r"MORTISE_[A-Z_]+", path.read_text("utf-8"))) <= SETTINGS | OWN, path.name


@pytest.mark.parametrize("path", UNITS, ids=[path.name for path in UNITS])
def test_services_start_commands_that_exist(path: Path, tmp_path: Path) -> None:
    (line,) = re.findall(r"^ExecStart=(.*)$", path.read_text("utf-8"), re.MULTILINE)
    program, *words = shlex.split(line)
    assert program == "/opt/mortise/.venv/bin/mortise"
    command_of(words)
    if shutil.which("systemd-analyze"):
        copy = tmp_path / path.name
        copy.write_text(path.read_text("utf-8").replace(program, "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True)
        assert (done.returncode, [line for line in done.stderr.splitlines() if path.name in line]) == (0, [])


def test_the_settings_file_is_read_alike_by_a_shell_and_by_systemd() -> None:
    from webapp.config import Settings

    plain = dict(re.findall(r"^#?(MORTISE_\w+)=(.*)$", (DEPLOY / "mortise.env").read_text("utf-8"), re.MULTILINE))
    values = {key: shlex.split(value)[0] for key, value in plain.items()}
    assert all(shlex.split(value) == [value.strip('"')] for value in plain.values())
    found = Settings.from_env({**values, "MORTISE_SECRET_KEY": "x", "MORTISE_DATABASE_URL": ""})
    assert (found.is_https, found.mail is not None, str(found.backup_dir)) == (True, True, "/var/backups/mortise")


def test_containers_name_what_exists() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    (shown,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    command_of(yaml.safe_load(shown)[1:])
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    services = found["services"]
    assert set(services) == {"mortise", "caddy", "postgres", "redis"}
    build = services["mortise"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    for service in services.values():
        assert {volume.split(":")[0] for volume in service.get("volumes", ())} <= set(found["volumes"])
    assert (
        services["mortise"]["environment"]["MORTISE_TRUSTED_PROXIES"]
        == (found["networks"]["inside"]["ipam"]["config"][0]["subnet"])
    )
    assert "mortise:8000" in services["caddy"]["command"] and "8000" in shown


def test_caddy_takes_its_file() -> None:
    if shutil.which("caddy") is None:
        missing.report("Caddy", "apt-get install caddy")
    asked = ["caddy", "validate", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile"]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_scripts_are_read_by_their_shells_and_call_what_exists() -> None:
    subprocess.run(["bash", "-n", str(DEPLOY / "vps")], check=True)
    subprocess.run(["sh", "-n", str(DEPLOY / "mortise")], check=True)
    text = (DEPLOY / "vps").read_text("utf-8")
    called = re.findall(r"\bask ((?:[a-z-]+ ?)+)", text.replace("$2", ""))
    assert len(called) >= 4
    for words in called:
        command_of([word for word in words.split() if word not in ("create)",)])
    for path in re.findall(r"\$(?:HERE|new|old)\"?/(deploy/[\w.]+)", text):
        assert (ROOT / path).exists(), path


def test_the_chapter_for_a_server_names_files_that_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"\b(deploy/[\w.]+\w)", text))
    assert {"deploy/vps", "deploy/compose.yaml", "deploy/Containerfile"} <= named
    assert [name for name in named if not (ROOT / name).exists()] == []
