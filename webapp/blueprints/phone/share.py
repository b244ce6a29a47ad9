"""What another app of the phone shares, a contact or a text, becomes the draft of a record.

It comes by POST from the phone itself, with no token of ours, and changes nothing: what is understood of it goes into
a signed cookie and so survives a sign-in. It stands in no address, because it is about people.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from flask import Response, request

from webapp.blueprints.phone import blueprint
from webapp.definitions.model import Form
from webapp.engines.forms import contacts
from webapp.engines.forms.contacts import Contact, places
from webapp.engines.forms.entering import quick
from webapp.engines.forms.viewing import views
from webapp.web import csrf, language, respond, scope, shared
from webapp.web.signing import public

_TEXTS = ("title", "text", "url")


@blueprint.post("/share")
@public
@csrf.from_elsewhere
@scope.reading
def take() -> Response:
    files = [file.stream.read(contacts.LONGEST) for file in request.files.getlist("file")[:3]]
    return _keep([*files, *_texts(request.form)])


@blueprint.get("/share")
@public
def show() -> Response:
    """Leads on to the form it goes into; with several, or several contacts, one chooses."""
    if given := _texts(request.args):
        return _keep(given)
    if scope.visitor() is None:
        return respond.redirect("/login?next=/share")
    found = shared.read()
    forms = quick.forms(scope.unit(), scope.actor())
    if len(found) == 1 and (form := _fitting(forms, found[0])) is not None:
        return respond.redirect(_address(form, 0))
    named = [(language.label(form.label) or form.key, form.icon or "file-text", form) for form in forms]
    choices = [
        (one, [(label, icon, _address(form, place)) for label, icon, form in named]) for place, one in enumerate(found)
    ]
    return respond.page("phone/share.html", choices=choices, has_forms=bool(forms))


def _fitting(forms: list[Form], contact: Contact) -> Form | None:
    """The one form there is, or the one that has more places for this contact than all others."""
    if len(forms) < 2:
        return forms[0] if forms else None
    unit, actor, locale = scope.unit(), scope.actor(), language.locale()
    scopes = [views.scope(unit, actor, form.app, form.key, locale) for form in forms]
    fits = sorted(((places.fits(at, contact), at.form) for at in scopes), key=lambda one: -one[0])
    (most, form), (next_, _) = fits[:2]
    return form if most > next_ else None


def _texts(given: Any) -> list[str]:
    return [text for name in _TEXTS if (text := given.get(name, "").strip())]


def _keep(given: Iterable[str | bytes]) -> Response:
    response = respond.redirect("/share")
    shared.keep(response, [asdict(one) for one in contacts.read(given)])
    return response


def _address(form: Form, place: int) -> str:
    return f"{quick.address(form)}&shared={place}"
