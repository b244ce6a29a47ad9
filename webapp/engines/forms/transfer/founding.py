"""A new form made from a file: what its columns could be, the document that comes of it, and the import of its rows."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.definitions.document import FORMAT, RESERVED_KEYS
from webapp.definitions.model import Form
from webapp.engines.forms.transfer import guessing, heads, profiling, references, wizard
from webapp.engines.forms.transfer.guessing import Guess
from webapp.engines.forms.transfer.looking import Facts
from webapp.engines.forms.transfer.maps import FileMap
from webapp.engines.forms.transfer.profiling import Profile, Profiler
from webapp.engines.forms.transfer.sheets import Chunk, Reading, Source
from webapp.engines.forms.transfer.synonyms import meanings
from webapp.errors import Denied, Invalid, Problem
from webapp.i18n import N_, label

#: Values of a column that are looked up in other forms, and the share that must be found.
LOOKED_UP, FOUND = 100, 0.8
#: Forms whose records are tried.
FORMS = 40
#: Kinds to choose from for a column, in the order of the list.
KINDS = (
    "text", "long_text", "person_name", "select", "multi_select", "switch", "integer", "number", "money", "percent",
    "date", "datetime", "phone", "email", "url", "member", "link",
)  # fmt: skip


def require(actor: Actor) -> None:
    if not actor.may_build():
        raise Denied(N_("Only a builder can make a form."), action="build")


def apps(unit: Unit, actor: Actor) -> list[tuple[str, str]]:
    """The apps the actor may add a form to: key and label."""
    known = versions.current(unit).apps
    return [(k, label(a.label, actor.locale) or k) for k, a in known.items() if actor.builds(k)]


@dataclass(frozen=True)
class Looked:
    """A file read to its end: the row of its headings, the headings, and a profile of each column."""

    header: int
    headings: list[str]
    profiles: list[Profile]
    rows: int


def profile(path: Path, reading: Reading, header: int | None) -> Looked:
    """Read the whole file; needs no unit, and takes a second for some ten thousand rows."""
    with Source(path, reading) as source:
        chunks = source.chunks()
        first = next(chunks, None)
        if first is None:
            raise Invalid(N_("There is nothing in this file."), code="empty_file")
        row, headings = heads.head_of(first, meanings(), FileMap(header=header))
        start = next((i for i, n in enumerate(first.numbers) if n > row), len(first))
        profiler = Profiler(len(first.columns))
        if start < len(first):
            profiler.take(Chunk(first.numbers[start:], [column[start:] for column in first.columns]))
        for chunk in chunks:
            profiler.take(chunk)
    return Looked(row, headings, profiler.profiles, profiler.rows)


def propose(unit: Unit, actor: Actor, name: str, looked: Looked, currency: str) -> dict[str, Any]:
    """The draft of a form: its label (the file's name), where it goes, and a field for each column."""
    found = guessing.guess(looked.headings, looked.profiles, looked.rows, currency=currency, find=_finder(unit, actor))
    called = " ".join(name.rsplit(".", 1)[0].replace("_", " ").split())[:60] or N_("List").text(actor.locale)
    known = apps(unit, actor)
    return {
        "label": called,
        "app": known[0][0] if known and not actor.may_found else "",
        "app_label": called,
        "roles": [],
        "title": guessing.title_of(found, looked.profiles),
        "fields": [g.json() for g in found],
        "profiles": [p.json() for p in looked.profiles],
        "rows": looked.rows,
    }


def _finder(unit: Unit, actor: Actor) -> guessing.Finder:
    """Looks for a form whose records, as far as the actor sees them, are called like the values; or for members."""
    definitions = versions.current(unit)
    forms = [f for a in definitions.apps.values() for f in a.forms.values() if policy.may(unit, actor, f, "see")]
    kept: dict[str, references.Names] = {}

    def names(form: Form | None) -> references.Names:
        key = form.name if form else ""
        if key not in kept:
            kept[key] = (
                references.Records(unit, actor, form, None) if form else references.People(unit, actor, "member")
            )
        return kept[key]

    def find(values: Sequence[str]) -> dict[str, Any] | None:
        some = [v for v in values if not v.isdigit()][:LOOKED_UP]
        if len(some) < 3:
            return None
        for form in (None, *forms[:FORMS]):
            known = names(form)
            known.learn(unit, some)
            if sum(isinstance(known.found(v), int) for v in some) >= FOUND * len(some):
                return {"to": form.name} if form else {}
        return None

    return find


# --- from the draft to the document -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Founded:
    """The document to publish, the new form's name, and the map that brings the rows in."""

    document: dict[str, Any]
    form: str
    map: dict[str, Any]
    expect_version: int


def compose(unit: Unit, actor: Actor, draft: Mapping[str, Any], facts: Facts, header: int) -> Founded:
    """What the corrected draft means; raises `Invalid` with everything that is wrong with it."""
    require(actor)
    wanted = [f for f in draft["fields"] if f["is_on"]]
    problems = [] if wanted else [Problem("fields", N_("Choose one column at least."), "required")]
    if not str(draft.get("label") or "").strip():
        problems.append(Problem("label", N_("The form needs a name."), "required"))
    fields: dict[str, Any] = {}
    uses: set[str] = set()
    app_key, source, version = _app(unit, actor, draft)
    for one in wanted:
        profile_ = profiling.of_json(draft["profiles"][one["index"]])
        made = _field(app_key, one, profile_, problems)
        if one["kind"] == "link" and "to" in made:
            other = str(made["to"]).partition(".")[0]
            if other == app_key:
                made["to"] = str(made["to"]).partition(".")[2]
            else:
                uses.add(other)
        fields[one["key"]] = made
    if problems:
        raise Invalid(N_("The form needs mending."), problems=problems)
    key = _form_key(str(draft["label"]), set(source["forms"]))
    title = next((f["key"] for f in wanted if f["index"] == draft.get("title")), None)
    form: dict[str, Any] = {"label": str(draft["label"]).strip(), "fields": fields}
    form["title"] = title or next(
        (k for k, f in fields.items() if f["kind"] in ("text", "person_name")), next(iter(fields))
    )
    source["forms"][key] = form
    if uses - set(source.get("uses") or ()):
        source["uses"] = sorted({*(source.get("uses") or ()), *uses})
    for role in draft.get("roles") or ():
        if role in (source.get("roles") or {}):
            every = {"see": True, "create": True, "edit": True, "delete": "own", "export": True}
            source["roles"][role].setdefault("forms", {})[key] = {"may": every}
    return Founded(source, f"{app_key}.{key}", _map(wanted, facts, header), version)


def _app(unit: Unit, actor: Actor, draft: Mapping[str, Any]) -> tuple[str, dict[str, Any], int]:
    """Key, document and version of the app the form goes into; a new one where none is chosen."""
    definitions = versions.current(unit)
    chosen = draft.get("app")
    if chosen:
        if chosen not in dict(apps(unit, actor)):
            raise Denied(N_("Only a builder of the app may publish it."), action="build")
        document = versions.document(unit, chosen)
        source: Any = copy.deepcopy(json.loads(json.dumps(document.source)))
        return str(chosen), source, definitions.apps[chosen].version
    if not actor.may_found:
        raise Denied(N_("Only a builder can make a form."), action="build")
    called = str(draft.get("app_label") or draft.get("label") or "").strip()
    key = _form_key(called, {*definitions.apps, *RESERVED_KEYS})
    user = {"label": {"en": "User", "zh": "使用者"}, "forms": {}}
    return key, {"mortise": FORMAT, "app": key, "label": called, "forms": {}, "roles": {"user": user}}, 0


def _form_key(called: str, taken: set[str]) -> str:
    key = guessing.key_of(called, {*taken, *RESERVED_KEYS})
    return key if key not in RESERVED_KEYS else f"{key}_1"


def _field(app: str, one: Mapping[str, Any], found: Profile, problems: list[Problem]) -> dict[str, Any]:
    """A field of the document; what cannot be is added to `problems`."""
    kind, settings = one["kind"], dict(one.get("settings") or {})
    place = f"fields.{heads.letters(one['index'])}"
    if kind not in KINDS:
        problems.append(Problem(place, N_("There is no such kind."), "unknown"))
        return {"kind": "text"}
    made: dict[str, Any] = {"kind": kind, "label": str(one["label"]).strip() or one["key"]}
    if kind in ("select", "multi_select"):
        options = (guessing.choices if kind == "select" else guessing.several)(found, is_asked=True)
        if options is None or len(options) > 500:
            text = N_("The column {name} has too many or too long values for a choice.", name=made["label"])
            problems.append(Problem(place, text, "too_many"))
        else:
            made["options"] = options
    elif kind == "number":
        made["decimals"] = settings.get("decimals", min(max(found.decimals, 1), 6))
    elif kind == "percent":
        made["decimals"] = settings.get("decimals", 2)
    elif kind == "money":
        made["currency"] = settings.get("currency", "CNY")
        if found.decimals > 2:
            made["decimals"] = min(found.decimals, 6)
    elif kind == "link":
        if not settings.get("to"):
            problems.append(Problem(place, N_("Choose the form that {name} links to.", name=made["label"]), "required"))
        else:
            made["to"] = settings["to"]
    if one.get("is_unique") and kind in ("text", "integer"):
        made["unique"] = True
    if one.get("is_required"):
        made["required"] = True
    return made


def _map(wanted: Sequence[Mapping[str, Any]], facts: Facts, header: int) -> dict[str, Any]:
    """How the rows come in: every column to its field, placeholders as empty."""
    said: dict[str, Any] = {
        **wizard.reading_of(facts),
        "header": header,
        "places": {heads.letters(f["index"]): f["key"] for f in wanted},
        "values": {f["key"]: dict.fromkeys(f["empties"]) for f in wanted if f.get("empties")},
    }
    return said


def publish(database: Database, actor: Actor, founded: Founded) -> None:
    """Put the document into force. Raises as `versions.apply` does."""
    versions.apply(database, actor, founded.document, expect_version=founded.expect_version, note="import")


def guesses(draft: Mapping[str, Any]) -> list[Guess]:
    return [Guess(**f) for f in draft["fields"]]


def fits(kind: str, found: Profile) -> bool:
    """Whether every value of the column would be taken by the kind, as far as that can be told here."""
    if kind in ("text", "long_text", "person_name", "link", "member"):
        return True
    if kind == "select":
        return guessing.choices(found, is_asked=True) is not None
    if kind == "multi_select":
        return guessing.several(found, is_asked=True) is not None
    return {"money": "number"}.get(kind, kind) in found.could
