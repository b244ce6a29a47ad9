"""Pages live under a strict content security policy: no inline style, no inline script, no handler attributes."""

from __future__ import annotations

import re

import jinja2
import pytest

from tests.contracts.sources import ROOT, STATIC, TEMPLATES, modules, templates

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_WRONG = {
    "an inline style": re.compile(r"""\sstyle\s*=\s*["'{]""", re.IGNORECASE),
    "a style element": re.compile(r"<style[\s>]", re.IGNORECASE),
    "a handler attribute": re.compile(r"""\son[a-z]+\s*=\s*["']""", re.IGNORECASE),
    "a javascript: address": re.compile(r"""["']\s*javascript:""", re.IGNORECASE),
    "code for htmx to evaluate": re.compile(r"""\shx-(?:on|vals\s*=\s*["']js:|headers\s*=\s*["']js:)"""),
    "an address of another host": re.compile(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""", re.IGNORECASE),
    "a translation block": re.compile(r"\{%-?\s*trans\b"),
}
_SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.IGNORECASE | re.DOTALL)


def lines(pattern: re.Pattern[str], text: str) -> list[int]:
    return [text.count("\n", 0, found.start()) + 1 for found in pattern.finditer(text)]


@pytest.mark.parametrize("what", _WRONG)
def test_no_template_has(what):
    wrong = []
    for path in templates():
        text = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), path.read_text("utf-8"))
        wrong += [f"{path.relative_to(TEMPLATES)}:{line}" for line in lines(_WRONG[what], text)]
    assert wrong == []


def test_scripts_are_files_or_data():
    wrong = []
    for path in templates():
        for attributes, body in _SCRIPT.findall(path.read_text("utf-8")):
            is_data = re.search(r"""type\s*=\s*["']application/(?:ld\+)?json["']""", attributes)
            if body.strip() and not is_data:
                wrong.append(str(path.relative_to(TEMPLATES)))
    assert wrong == []


def test_no_html_is_made_with_inline_style_in_python_or_javascript():
    wrong = []
    for path in [*(STATIC / "js").rglob("*.js")]:
        text = path.read_text("utf-8")
        wrong += [
            f"{path.name}:{line}" for line in lines(re.compile(r"""style=\\?["']|setAttribute\(["']style"""), text)
        ]
    for name in modules():
        path = ROOT / (name.replace(".", "/") + ".py")
        if path.exists():
            wrong += [f"{name}:{line}" for line in lines(re.compile(r"<[a-z]+[^>]*\sstyle="), path.read_text("utf-8"))]
    assert wrong == []


def test_every_template_can_be_read():
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), extensions=["jinja2.ext.do"])
    for path in templates():
        environment.parse(path.read_text("utf-8"), filename=str(path))


def test_every_included_template_exists():
    names = {str(path.relative_to(TEMPLATES)) for path in templates()}
    called = re.compile(r"""\{%-?\s*(?:extends|include|import|from)\s+["']([^"']+)["']""")
    wrong = []
    for path in templates():
        wrong += [f"{path.relative_to(TEMPLATES)} → {name}" for name in called.findall(path.read_text("utf-8"))
                  if name not in names]  # fmt: skip
    assert wrong == []
