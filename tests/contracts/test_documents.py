"""What the documents for people say is true: files, commands, settings and make targets they name are there."""

from __future__ import annotations

import importlib.util
import re

import click
import pytest

from tests.contracts.sources import ROOT
from webapp import cli

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "STYLE.md", "DECISIONS.md")
_PATH = re.compile(r"`((?:webapp|tests|tasks|migrations)/[\w/.-]+)`")


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_are_named_exist(name: str) -> None:
    assert [path for path in _PATH.findall(text(name)) if not (ROOT / path).exists()] == []


def test_commands_that_are_named_exist() -> None:
    wrong = []
    for line in re.findall(r"^mortise ([a-z-]+)(?: ([a-z-]+))?", text("README.md"), re.MULTILINE):
        command = cli.mortise.get_command(None, line[0])  # type: ignore[arg-type]
        if command is None or (isinstance(command, click.Group) and line[1] and line[1] not in command.commands):
            wrong.append(" ".join(line))
    assert wrong == []


def test_every_command_of_the_table_is_there() -> None:
    for name in cli.COMMANDS:
        assert cli.mortise.get_command(None, name) is not None, name  # type: ignore[arg-type]


def test_settings_that_are_named_are_read() -> None:
    read = set(re.findall(r"MORTISE_[A-Z_]+", text("webapp/config.py")))
    assert set(re.findall(r"`(MORTISE_[A-Z_]+)`", text("README.md"))) <= read


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = {t for name in DOCUMENTS for t in re.findall(r"`make ([a-z-]+)", text(name))}
    assert named and named <= targets


def test_modules_that_make_calls_exist() -> None:
    called = re.findall(r"-m ((?:tests|migrations|webapp)[\w.]*)", text("Makefile"))
    assert called and [name for name in called if importlib.util.find_spec(name) is None] == []
