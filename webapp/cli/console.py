"""What every command is given: settings, the database, the keeper's language, and how to print."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from webapp.config import Settings
from webapp.errors import Conflict, MortiseError, Problem
from webapp.i18n import LANGUAGES, N_, Message, language_of, translate

if TYPE_CHECKING:
    from webapp.db import Database


class Console:
    """Commands take it with `@click.pass_obj`. Nothing is opened before it is asked for."""

    def __init__(self, *, is_json: bool = False) -> None:
        self.is_json = is_json

    @functools.cached_property
    def settings(self) -> Settings:
        return Settings.from_env()

    @functools.cached_property
    def database(self) -> Database:
        """The firm's database, brought up to date if it is older than this program; work made due wakes the worker,
        and open pages hear of what is written."""
        from webapp import migrating
        from webapp.backups import presence
        from webapp.db import Database
        from webapp.journal import due, signals

        held = presence.hold(self.settings)
        click.get_current_context().call_on_close(lambda: os.close(held))
        found = Database(self.settings)
        say = functools.partial(self.say, is_error=True)
        migrating.migrate(found, say=say, before=self.backing_up(self.settings))

        def wake(count: int) -> None:
            import tasks

            tasks.Queue(found).wake(count)

        due.on_added(wake)
        context = click.get_current_context()
        context.call_on_close(lambda: due.off_added(wake))
        told = signals.tell_at_once(found)
        if told is not None:
            context.call_on_close(lambda: signals.off_written(told))
        context.call_on_close(found.dispose)
        return found

    def backing_up(self, settings: Settings) -> Callable[[], None]:
        """For `migrate`: an update begins with a backup. Where none can be made it does not begin."""

        def make() -> None:
            from webapp.backups import making

            try:
                made = making.create(settings, making.Order(reason="update"))
            except MortiseError as error:
                why = N_(
                    "The update was not begun, because no backup could be made first: {error}", error=error.message
                )
                how = N_("Mend that, or update without one: mortise migrate --without-backup")
                raise Conflict(why, problems=[Problem("mortise", how)]) from error
            self.say(N_("Before the update a backup was made: {file}", file=str(made.path)), is_error=True)

        return make

    @functools.cached_property
    def locale(self) -> str:
        return self.locale_of_environment()

    @staticmethod
    def locale_of_environment() -> str:
        """`MORTISE_LOCALE` if set, else the terminal's language if we speak it, else Chinese (as `Settings`)."""
        given = os.environ.get("MORTISE_LOCALE")
        if given in LANGUAGES:
            return given
        terminal = (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "")[:2]
        return language_of(terminal) if terminal.lower() in LANGUAGES else "zh"

    def text(self, message: Message | str, /, **params: Any) -> str:
        if isinstance(message, Message):
            return message.text(self.locale)
        return translate(self.locale, message, **params)

    def say(self, message: Message, *, is_error: bool = False) -> None:
        """A line for people; with `--json` it goes to standard error, so that the output stays data."""
        click.echo(message.text(self.locale), err=is_error or self.is_json)

    def fail(self, error: MortiseError) -> None:
        """An error in the keeper's words, on standard error."""
        click.echo(error.message.text(self.locale), err=True)
        for problem in error.problems:
            click.echo(f"  {problem.path}: {problem.text(self.locale)}", err=True)

    def data(self, value: Any, lines: Iterable[str] = ()) -> None:
        """`value` as JSON with `--json`, else the `lines`."""
        if self.is_json:
            from webapp.journal.events import dumps

            click.echo(dumps(value))
            return
        for line in lines:
            click.echo(line)

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Message]) -> None:
        """Rows as JSON objects with `--json`, else as columns under their headings."""
        heads = [message.text(self.locale) for message in columns.values()]
        cells = [[self._cell(row.get(key)) for key in columns] for row in rows]
        widths = [max(map(_width, column)) for column in zip(heads, *cells, strict=True)]
        self.data(list(rows), (_line(line, widths) for line in [heads, *cells]))

    def _cell(self, value: Any) -> str:
        """Moments are shown in the firm's time."""
        if isinstance(value, datetime):
            return value.astimezone(ZoneInfo(self.settings.timezone)).strftime("%Y-%m-%d %H:%M")
        return "" if value is None else str(value)


def _width(text: str) -> int:
    """Places on a terminal: Chinese characters take two."""
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()
