"""Entry forms: WTForms fields made from a form's definition and one person's rights, in one language.

An `EntryForm` takes what a browser sent, gives raw values to the door, and is drawn again with what was typed; the
door alone judges. Made once per epoch, form, rights and language. Templates `templates/fields/<template>.html` draw a
field; they read these attributes of it:

key, id, name      the field's key; id of its input; name under which it is sent
label, help        in the person's language
template, type     which partial; the input's `type`
attributes         further attributes of the input (inputmode, autocomplete, min, max, maxlength, decimals …)
picks              options of a choice: `value`, `label`, `tone`
typed, value       what stands in it: all texts, and the first ("" when empty)
title              what a link, member or department in it is called
error              what to mend, "" when nothing
is_hidden          its condition does not hold now: it stands there unseen, so that nothing typed is lost
is_quick           one of the few that a new record is entered with on the phone
is_picked          chosen by the builder for that: its options are buttons, those taken last first
is_sometimes       shown only under a condition
known              address that tells what is already there of what is typed, "" where nobody looks
joined, tones      of tags: all in one text, and colours of the known ones
theirs             what somebody else saved meanwhile where both changed it, else None; `theirs_typed` and
                   `theirs_title` as it would stand in the input
is_required, is_disabled, is_amount (it counts money: the page says large ones in words)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wtforms.fields.core import Field as WtField
from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm
from wtforms.meta import DefaultMeta

from webapp.definitions.model import Definitions, Field, Form
from webapp.engines.forms.display import name_of, tone
from webapp.engines.forms.fields import choices
from webapp.errors import Problem
from webapp.i18n import label, language_of

_KEPT = 500  # sets of inputs kept of one epoch
#: Of an option list: so many stand as buttons, more as a drop-down.
MOST_BUTTONS = 5
#: The same in quick entry, where the first few are shown and the others one press away.
MOST_PICKED = 24


@dataclass(frozen=True)
class Pick:
    """One option of a choice; `tone` is the name of its pale colour."""

    value: str
    label: str
    tone: str


class _Meta(DefaultMeta):
    """No CSRF and no translations of WTForms: pages protect themselves, and texts come from our catalogs."""

    csrf = False
    locales = False


class Sent(Mapping[str, list[str]]):
    """What a browser sent, as name → texts, in the shape WTForms reads."""

    def __init__(self, sent: Mapping[str, Sequence[str]]) -> None:
        self._sent = {name: list(texts) for name, texts in sent.items()}

    def __getitem__(self, name: str) -> list[str]:
        return self._sent[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sent)

    def __len__(self) -> int:
        return len(self._sent)

    def getlist(self, name: str) -> list[str]:
        return self._sent.get(name, [])


class EntryField(WtField):
    """One input. `data` is the raw value for the door: a text, a list of texts, True or False, or None."""

    def __init__(self, *, field: Field, language: str, is_disabled: bool = False, **more: Any) -> None:
        super().__init__(id=f"f-{more.get('_prefix', '')}{field.key}", **more)
        widget = field.kind.widget(field)
        attributes = dict(widget.attributes or {})
        attributes |= {k: v for k in ("inputmode", "autocomplete") if (v := getattr(widget, k))}
        self.field, self.key, self.language = field, field.key, language
        self.label, self.help = name_of(field, language), label(field.help, language)
        self.style, self.widget_template = attributes.pop("show", None), widget.template
        self.type, self.attributes = widget.type, attributes
        self.is_required, self.is_disabled = field.is_required, is_disabled
        self.is_amount = "currency" in field.settings
        self.typed: tuple[str, ...] = ()
        self.title = ""
        self.theirs: str | None = None
        self.theirs_typed: tuple[str, ...] = ()
        self.theirs_title = ""
        self.is_met = True
        self.known = ""
        self.is_hidden = self.is_quick = self.is_picked = self.is_sometimes = False
        self.data: Any = None

    @property
    def value(self) -> str:
        return self.typed[0] if self.typed else ""

    @property
    def joined(self) -> str:
        """All that stands in it as one text, with labels: several words with marks between them."""
        mark = "、" if self.language == "zh" else ", "
        return mark.join(choices.shown(self.field, text, self.language) for text in self.typed)

    @property
    def tones(self) -> dict[str, str]:
        """Label → colour of the options."""
        return {label(o.label, self.language): tone(o, i, self.field) for i, o in enumerate(self.field.type.options)}

    @property
    def error(self) -> str:
        return str(self.errors[0]) if self.errors else ""

    @property
    def template(self) -> str:
        """Few options stand as buttons, unless the builder wants a list."""
        if self.widget_template not in ("select", "radio") or self.style in ("list", "select"):
            return self.widget_template
        return "radio" if len(self.picks) <= (MOST_PICKED if self.is_picked else MOST_BUTTONS) else "select"

    @property
    def picks(self) -> tuple[Pick, ...]:
        """Options that are still offered, and the ones chosen before they were archived."""
        return tuple(
            Pick(o.value, label(o.label, self.language) or o.value, tone(o, i, self.field))
            for i, o in enumerate(self.field.type.options)
            if not o.attributes.get("archived") or o.value in self.typed
        )

    @property
    def _is_box(self) -> bool:
        """Boxes that are not ticked are not sent; their absence says no."""
        return self.field.kind.is_multi or self.field.type.name == "boolean"

    def process_data(self, value: Any) -> None:
        """From a record's Python value, a default, or a text from an address."""
        self.typed = self.typed_as(value)
        self.data = self._raw(list(self.typed))

    def process_formdata(self, valuelist: list[str]) -> None:
        if not self.is_disabled and (valuelist or self._is_box):
            self.typed = tuple(v for v in valuelist if v != "")
            self.data = self._raw(valuelist)

    def typed_as(self, value: Any) -> tuple[str, ...]:
        """How a Python value of the field stands in its input."""
        if value is None or isinstance(value, str):
            return (value,) if value else ()
        if isinstance(value, bool):
            return ("true",) if value else ()
        if isinstance(value, list | tuple) and self.field.kind.is_multi:
            return tuple(str(one) for one in value)
        return (self.field.kind.typed(self.field, value, self.language),)

    def _raw(self, texts: list[str]) -> Any:
        if self.field.kind.is_multi:
            return [text for text in texts if text != ""]
        last = texts[-1] if texts else None
        if self.field.type.name == "boolean":
            return last if last is not None else False
        return last


class EntryForm(BaseForm):
    """Bound inputs by field key, in the order of the definition."""

    def __init__(
        self,
        inputs: Mapping[str, UnboundField[Any]],
        *,
        values: Mapping[str, Any] | None = None,
        sent: Mapping[str, Sequence[str]] | None = None,
        stood: Iterable[str] | None = None,
        problems: Iterable[Problem] = (),
        language: str = "zh",
        prefix: str = "",
    ) -> None:
        super().__init__(inputs, prefix=prefix, meta=_Meta())
        given = None if sent is None else Sent(sent)
        wanted = None if stood is None else set(stood)
        for key, field in self._fields.items():
            was_there = wanted is None or key in wanted
            field.process(given if was_there else None, (values or {}).get(key))
        for problem in problems:
            if (found := self._fields.get(problem.path)) is not None:
                found.errors = [*found.errors, problem.text(language)]

    def __iter__(self) -> Iterator[EntryField]:
        return iter(self._fields.values())

    def raw(self, keys: Iterable[str] | None = None) -> dict[str, Any]:
        """Field key → raw value for the door, of the inputs that may be filled in.

        keys   only of these: the inputs that stood on the page (a box that is not ticked is not sent)
        """
        wanted = None if keys is None else set(keys)
        return {
            field.key: field.data for field in self if not field.is_disabled and (wanted is None or field.key in wanted)
        }


def inputs(
    definitions: Definitions, form: Form, rights: Mapping[str, str], locale: str
) -> Mapping[str, UnboundField[Any]]:
    """The inputs of `form` for somebody with `rights` (field key → hidden, masked, read or write).

    What he may write can be filled in, what he may read stands there disabled, the rest is absent. Kept per epoch.
    """
    language = language_of(locale)
    shown = tuple((k, rights.get(k, "hidden")) for k in form.fields if rights.get(k) in ("read", "write"))
    kept = definitions.kept("entry forms", _KEPT)
    return kept.get((form.name, shown, language), lambda: _inputs(form, shown, language))


def _inputs(form: Form, shown: tuple[tuple[str, str], ...], language: str) -> Mapping[str, UnboundField[Any]]:
    return {
        name: EntryField(
            field=form.fields[name],
            language=language,
            is_disabled=right != "write" or not form.fields[name].kind.is_input,
        )
        for name, right in shown
        if form.fields[name].type.name != "records"
    }


def make(
    definitions: Definitions,
    form: Form,
    rights: Mapping[str, str],
    locale: str,
    *,
    values: Mapping[str, Any] | None = None,
    sent: Mapping[str, Sequence[str]] | None = None,
    stood: Iterable[str] | None = None,
    problems: Iterable[Problem] = (),
    prefix: str = "",
) -> EntryForm:
    """An entry form: empty, of a record's `values`, or as it was `sent`, with the door's `problems` beside the inputs.

    What was sent stands exactly as it was typed; a field that was not sent keeps the record's value.

    stood   keys of the inputs that were on the page that was sent (None: all); a box there that was not sent was
            left empty, a box that was not there keeps its value
    prefix  stands before the names of the inputs, where one page has those of several forms
    """
    return EntryForm(
        inputs(definitions, form, rights, locale),
        values=values,
        sent=sent,
        stood=stood,
        problems=problems,
        language=language_of(locale),
        prefix=prefix,
    )


def of_field(field: Field, locale: str) -> EntryField:
    """An empty input of one field by itself, also of a system field that stands on no entry form."""
    language = language_of(locale)
    return next(iter(EntryForm({field.key: EntryField(field=field, language=language)}, language=language)))
