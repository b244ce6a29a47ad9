"""The command `mortise`. A command's module is imported only when the command is called, so that help is quick.

Each module exports `commands`, a list of click commands. What they print goes through `Console`: data as JSON with
`--json`, else as lines for people; a `MortiseError` becomes its text on standard error and exit code 1.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from webapp.cli.console import Console
from webapp.errors import MortiseError
from webapp.i18n import N_, Message

#: name → (module, what it does in one line)
COMMANDS: dict[str, tuple[str, Message]] = {
    "serve": ("serve", N_("Start web and worker together")),
    "web": ("serve", N_("Start the web server alone")),
    "worker": ("serve", N_("Start a worker alone")),
    "migrate": ("serve", N_("Bring the database up to date")),
    "init": ("init", N_("Make the database, the first administrator and starter apps")),
    "user": ("people", N_("Add, list and disable members, reset a password")),
    "token": ("people", N_("Make a token for the API")),
    "app": ("app", N_("Plan, apply and export app documents")),
    "import": ("transfer", N_("Read records from a table file")),
    "export": ("transfer", N_("Write records to a table file")),
    "change-set": ("jobs", N_("List and undo what was done together")),
    "jobs": ("jobs", N_("List and cancel background jobs")),
    "backup": ("backup", N_("Make, check, list and restore backups")),
    "doctor": ("doctor", N_("Look at everything and say what to do")),
    "audit": ("audit", N_("Seal and verify the journal, read what was done to people and rights")),
}


class Commands(click.Group):
    """The table above."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"webapp.cli.{COMMANDS[name][0]}")
        return next((command for command in module.commands if command.name == name), None)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Without importing the commands, which the help of click would do."""
        locale = context.obj.locale
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1].text(locale)) for name in self.list_commands(context)])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "is_json", is_flag=True, help="Print data as JSON (may stand anywhere).")
def mortise(is_json: bool) -> None:
    """Mortise: shape your own customer system and run it on one machine."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and end the process: 0 done, 1 failed with a message on standard error, 2 usage."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """The same without ending the process."""
    arguments, is_json = _without_json(list(sys.argv[1:] if arguments is None else arguments))
    console = Console(is_json=is_json)
    try:
        result: Any = mortise.main(args=arguments, prog_name="mortise", standalone_mode=False, obj=console)
        return result if isinstance(result, int) and not isinstance(result, bool) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except MortiseError as error:
        console.fail(error)
        return 1
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:  # `mortise … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if (told := _trouble(error)) is None:
            raise
        console.fail(told)
        return 1


def _trouble(error: Exception) -> MortiseError | None:
    """What is wrong with the database, if that is it. Nothing is imported that the command has not needed."""
    if "webapp.db" not in sys.modules:
        return None
    from webapp import db

    return db.trouble(error)


def _without_json(arguments: list[str]) -> tuple[list[str], bool]:
    """`--json` is understood wherever it stands (before a `--`)."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [argument for argument in arguments[:end] if argument != "--json"]
    return options + arguments[end:], len(options) < end
