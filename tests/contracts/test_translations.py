"""Every text for people is there in both languages, with the same places."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

import jinja2
from babel.messages.pofile import read_po

from tests.contracts.sources import ROOT, TEMPLATES, modules, templates

CATALOGS = ROOT / "webapp" / "translations"
_PLACE = re.compile(r"\{(\w+)\}")
_MARKS = ("N_", "_", "translate")  # translate(locale, "text")


def in_python() -> dict[str, list[str]]:
    """Text → where it is marked."""
    found = defaultdict(list)
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) in _MARKS and node.args:
                text = node.args[-1] if _called(node) == "translate" else node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found[text.value].append(f"{name}:{node.lineno}")
    return found


def _called(node: ast.Call) -> str | None:
    return node.func.id if isinstance(node.func, ast.Name) else None


def in_templates() -> dict[str, list[str]]:
    environment = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.i18n"])
    found = defaultdict(list)
    for path in templates():
        tree = environment.parse(path.read_text("utf-8"))
        for node in tree.find_all(jinja2.nodes.Call):
            if isinstance(node.node, jinja2.nodes.Name) and node.node.name == "_" and node.args:
                text = node.args[0]
                if isinstance(text, jinja2.nodes.Const) and isinstance(text.value, str):
                    found[text.value].append(f"{path.relative_to(TEMPLATES)}:{node.lineno}")
    return found


def marked() -> dict[str, list[str]]:
    both = defaultdict(list)
    for found in (in_python(), in_templates()):
        for text, places in found.items():
            both[text] += places
    return both


def catalog(language: str = "zh") -> dict[str, tuple[str, str]]:
    """Text → (translation, area)."""
    texts = {}
    for path in sorted((CATALOGS / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id:
                    texts[str(message.id)] = (str(message.string), path.stem)
    return texts


def test_every_text_has_its_chinese():
    known = catalog()
    words = {text: places for text, places in marked().items() if _PLACE.sub("", text).strip()}
    missing = {text: places for text, places in words.items() if not known.get(text, ("", ""))[0]}
    assert not missing, "\n" + "\n".join(f"{text!r} ({places[0]})" for text, places in sorted(missing.items()))


def test_translations_have_the_same_places():
    wrong = {
        text: translation
        for text, (translation, _) in catalog().items()
        if translation and set(_PLACE.findall(text)) != set(_PLACE.findall(translation))
    }
    assert wrong == {}


def strings() -> set[str]:
    """All texts in Python: some are chosen at run time and translated then (`translate(locale, words[n])`)."""
    nodes = (node for tree in modules().values() for node in ast.walk(tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_no_translation_is_left_over():
    used = marked().keys() | strings()
    left = [f"{area}: {text!r}" for text, (_, area) in catalog().items() if text not in used]
    assert not left, "\n" + "\n".join(left)


def test_one_text_has_one_translation():
    """Two areas may share a text only if they agree on it."""
    seen = defaultdict(set)
    for path in sorted((CATALOGS / "zh").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id:
                    seen[str(message.id)].add(str(message.string))
    assert {text: found for text, found in seen.items() if len(found) > 1} == {}


def test_texts_are_marked_as_they_stand():
    """A text put together at run time would never be found in a catalog."""
    wrong = []
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) == "N_" and node.args:
                text = node.args[0]
                if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                    wrong.append(f"{name}:{node.lineno}")
    assert wrong == []


def test_chinese_says_you_in_one_way():
    polite = [text for text, (translation, _) in catalog().items() if "您" in translation]
    documents = [str(path) for path in (ROOT / "webapp").rglob("*.yaml") if "您" in path.read_text("utf-8")]
    assert polite + documents == []
