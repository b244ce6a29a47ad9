"""`mortise init`: the database, the first administrator and starter apps."""

from __future__ import annotations

import click

from webapp.cli.console import Console
from webapp.errors import Invalid
from webapp.i18n import N_


@click.command("init")
@click.option("--email", help="Address of the first administrator; without it a set-up link is printed.")
@click.option("--name", default="Admin", show_default=True, help="The administrator's name.")
@click.option("--firm", help="The firm's name.")
@click.option("--locale", type=click.Choice(["zh", "en"]), help="The firm's language; without it MORTISE_LOCALE.")
@click.option("--currency", help="The firm's currency, such as CNY or EUR.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--app", "apps", multiple=True, help="A starter app to put in place, such as crm; may be repeated.")
@click.option("--demo", is_flag=True, help="Fill the starter apps with a demo firm; one button takes it out again.")
@click.pass_obj
def init(
    console: Console,
    email: str | None,
    name: str,
    firm: str | None,
    locale: str | None,
    currency: str | None,
    password_stdin: bool,
    apps: tuple[str, ...],
    demo: bool,
) -> None:
    """Make the database, the first administrator and starter apps. What is there already stays."""
    from webapp import catalog
    from webapp.access import setup

    for app in apps:
        catalog.text(app)  # a wrong name is told before anything is made
    database = console.database
    if email is not None:
        settings = {"name": firm, "locale": locale or console.settings.locale, "currency": currency}
        _administrator(console, email, name, {key: value for key, value in settings.items() if value}, password_stdin)
    for app in apps:
        start_app(console, app)
    for app in apps if demo else ():
        load_demo(console, app)
    with database.write() as unit:
        secret = setup.issue(unit)
    if secret is not None:
        link = console.settings.base_url + setup.path(secret)
        told = N_("Open this link within a day to set the system up: {link}", link=link)
        console.data({"link": link}, [console.text(told)])


def _administrator(console: Console, email: str, name: str, given: dict[str, str], password_stdin: bool) -> None:
    """`given` are the firm's name, language and currency, as far as they were said."""
    import webapp.engines.forms  # noqa: F401  (knows how names sort)
    from webapp.access import firm, members, setup
    from webapp.cli.people import read_password

    with console.database.read() as unit:
        if not members.is_empty(unit):
            console.say(N_("There are members already; nobody was added."), is_error=True)
            return
    if wrong := firm.problems(given):
        raise Invalid(N_("The settings need mending."), problems=wrong)
    hashed = read_password(console, password_stdin, unlike=(name, email, given.get("name", "")))
    with console.database.write() as unit:
        unit.origin = "shell"
        setup.begin(
            unit,
            email=email,
            name=name,
            password=hashed,
            firm_name=given.get("name"),
            locale=given["locale"],
            currency=given.get("currency"),
        )
    console.say(N_("{name} is the first administrator.", name=name))


def start_app(console: Console, app: str) -> None:
    """Publish a starter app unless it is there."""
    from webapp import catalog
    from webapp.access import firm
    from webapp.cli.people import acting
    from webapp.definitions import versions

    with console.database.read() as unit:
        actor = acting(unit, None, or_system=True)
        if app in versions.current(unit).apps:
            console.say(N_("The app “{key}” is there already.", key=app), is_error=True)
            return
        currency = firm.get(unit).currency
    versions.start(console.database, actor, catalog.document(app, currency))
    console.say(N_("The app “{key}” is in place.", key=app))


def load_demo(console: Console, app: str) -> None:
    """Enter the demo firm of a starter app as the first administrator, in the firm's language."""
    from webapp import catalog
    from webapp.access import firm, members
    from webapp.cli.people import acting
    from webapp.engines.forms.days import demo
    from webapp.i18n import language_of

    if not catalog.has_demo(app):
        console.say(N_("The app “{key}” has no demo data.", key=app), is_error=True)
        return
    with console.database.read() as unit:
        if members.is_empty(unit):
            console.say(N_("Demo data waits for the first administrator, who finds a button for it."), is_error=True)
            return
        actor, language = acting(unit, None), language_of(firm.get(unit).locale)
    done = demo.load(console.database, actor, app, catalog.demo(app, language), N_("Demo firm").text(language))
    console.say(N_("The demo firm is in place: {n} records.", n=done.made))
    for form, name, reason in done.left:
        console.say(N_("Left out: {form} “{name}”: {reason}", form=form, name=name, reason=reason), is_error=True)


commands = [init]
