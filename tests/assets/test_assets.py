"""The build of what pages load: purge, bundle, sprite, lock, weights; and house rules of templates."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import build_assets
from tests import missing

ROOT = Path(build_assets.ROOT)
TEMPLATES = ROOT / "webapp" / "templates"
CLASS = re.compile(r"""\bclass="([^"]*)\"""")


@pytest.fixture(scope="module")
def built() -> dict[str, str]:
    """Plain name → content of what was built."""
    try:
        build_assets.build()
    except SystemExit as problem:
        missing.report("the built assets", str(problem))
    manifest = json.loads((build_assets.BUILD / "manifest.json").read_text("utf-8"))
    texts = {plain: name for plain, name in manifest.items() if not plain.endswith(".png")}
    return {plain: (build_assets.BUILD / name).read_text("utf-8") for plain, name in texts.items()}


def packed(plain: str) -> int:
    manifest = json.loads((build_assets.BUILD / "manifest.json").read_text("utf-8"))
    return (build_assets.BUILD / f"{manifest[plain]}.br").stat().st_size


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def classes_in(text: str) -> set[str]:
    """Classes written out in a template; what Jinja makes is left out."""
    found: set[str] = set()
    for value in CLASS.findall(text):
        found.update(re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", value).split())
    return {name for name in found if re.fullmatch(r"-?[A-Za-z_][\w-]*", name)}


def all_classes(css: str) -> set[str]:
    names: set[str] = set()
    for prelude, body in build_assets.split_blocks(css):
        if prelude.startswith("@") and body and "{" in body:
            names |= all_classes(body)
        elif body is not None:
            names.update(re.findall(r"\.(-?[A-Za-z_][\w-]*)", prelude))
    return names


def test_every_class_of_the_kit_that_a_template_uses_survives_the_purge(built: dict[str, str]) -> None:
    whole = all_classes((build_assets.VENDOR / "tabler.css").read_text("utf-8"))
    kept = all_classes(built["app.css"])
    used = set().union(*(classes_in(p.read_text("utf-8")) for p in templates()))
    assert len(used & whole) > 10
    assert (used & whole) - kept == set()


def own_classes(built: dict[str, str]) -> set[str]:
    return set().union(*(all_classes(built[f"{sheet}.css"]) for sheet in build_assets.sheets()))


def test_every_own_class_in_a_template_has_a_rule_or_a_script(built: dict[str, str]) -> None:
    known = own_classes(built)

    def is_known(name: str) -> bool:  # `m-tone-{{ … }}` is known by its beginning
        return any(one.startswith(name) for one in known) if name.endswith("-") else name in known

    strange = {
        name: path.name
        for path in templates()
        for name in classes_in(path.read_text("utf-8"))
        if name.startswith("m-") and not is_known(name) and name not in built["app.js"]
    }
    # Names by which tests and partials find a place; they have no look of their own.
    hooks = {"m-problem", "m-progress", "m-reach", "m-known"}
    assert {name: where for name, where in strange.items() if name not in hooks} == {}


def test_no_page_carries_the_styles_of_a_screen_that_does_not_exist() -> None:
    texts = [*templates(), *(ROOT / "webapp").rglob("*.py"), *(ROOT / "webapp" / "static" / "js").glob("*.js")]
    words = set().union(*(re.findall(r"-?[A-Za-z_][\w-]*", path.read_text("utf-8")) for path in texts))
    made = {word for word in words if re.fullmatch(r"m-\w[\w-]*-", word)}  # `m-tone-{{ … }}`
    own = set().union(*(all_classes(build_assets.shrink_css(build_assets.own_css(s))) for s in build_assets.sheets()))
    unused = {name for name in own - words if name.startswith("m-") and not name.startswith(tuple(made))}
    assert unused == set()


def test_what_only_an_area_needs_is_in_its_own_sheet(built: dict[str, str]) -> None:
    """A page outside the area would stand there without it."""
    of_app = all_classes(built["app.css"])
    for sheet, folders in {"settings": ("settings", "docs"), "transfer": ("transfer",)}.items():
        only = {name for name in all_classes(built[f"{sheet}.css"]) - of_app if name.startswith("m-")}
        assert only
        for path in templates():
            if path.relative_to(TEMPLATES).parts[0] not in folders and f"static('{sheet}.css')" not in path.read_text():
                used = classes_in(path.read_text("utf-8")) & only
                assert not used or 'extends "settings/base.html"' in path.read_text("utf-8"), (path, used)


def test_purge_keeps_what_may_match_and_drops_the_rest() -> None:
    css = (
        "@charset 'x';.a{x:1}.b,.a .c{y:1}.a:not(.z){n:1}p{e:1}.d::after{content:'}'}"
        "@media (min-width:1px){.d{z:1}.a{w:1}}@media print{.d{q:1}}"
        "@keyframes go{to{x:1}}@keyframes gone{to{x:1}}.a.run{animation:go 1s}"
    )
    assert build_assets.purge(css, {"a", "run"}) == (
        "@charset 'x';.a{x:1}.a:not(.z){n:1}p{e:1}@media (min-width:1px){.a{w:1}}"
        "@keyframes go{to{x:1}}.a.run{animation:go 1s}"
    )


def test_bundle_joins_modules_in_order_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text('import { one as first } from "./part.js";\nimport "./part.js";\nfirst();\n')
    (tmp_path / "part.js").write_text("/** Why. */\nexport function one() { return 1; }\n")
    joined = build_assets.bundle(tmp_path, "app")
    assert joined.index("function one") < joined.index("const { one: first } = m_part;")
    assert joined.count("function one") == 1
    (tmp_path / "part.js").write_text("export default 1;\n")
    with pytest.raises(SystemExit, match="does not know this form"):
        build_assets.bundle(tmp_path, "app")
    (tmp_path / "part.js").write_text('import "./app.js";\n')
    with pytest.raises(SystemExit, match="cycle"):
        build_assets.bundle(tmp_path, "app")


def test_a_second_build_does_nothing(built: dict[str, str]) -> None:
    assert build_assets.build() is False


def test_every_icon_a_page_names_is_in_the_sprite(built: dict[str, str]) -> None:
    symbols = set(re.findall(r'<symbol id="([^"]+)"', built["icons.svg"]))
    assert set(build_assets.used_icons()) <= symbols
    named = set()
    for path in templates():
        named.update(re.findall(r"""icons\.svg'\) \}\}#([a-z0-9-]+)""", path.read_text("utf-8")))
        named.update(re.findall(r"""\bicon\(\s*["']([a-z0-9-]+)["']""", path.read_text("utf-8")))
    assert named <= symbols


def test_the_first_visit_of_a_list_weighs_less_than_200_kb(built: dict[str, str]) -> None:
    assert sum(packed(name) for name in ("app.css", "app.js", "early.js", "htmx.js", "icons.svg", "logo.svg")) < 120_000


def test_the_lock_names_no_host() -> None:
    lock = (ROOT / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert "://" not in lock
    config = (ROOT / ".npmrc").read_text("utf-8")
    assert "omit-lockfile-registry-resolved=true" in config
    assert "ignore-scripts=true" in config
    assert "registry=" not in config


def test_what_the_build_makes_is_not_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    assert {"node_modules/", "/webapp/static/vendor/", "/webapp/static/build/"} <= set(ignored)


@pytest.mark.parametrize("path", templates(), ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_no_template_has_inline_style_script_or_handler(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"""\sstyle\s*=""", text)
    assert not re.search(r"<style\b", text)
    markup = re.sub(r"{%.*?%}|{{.*?}}", "", text, flags=re.DOTALL)
    assert not re.search(r"\s(?:on[a-z]+|hx-on[:\w-]*)\s*=", markup)
    for attributes in re.findall(r"<script([^>]*)>", text):
        assert "src=" in attributes or "application/json" in attributes
    assert "hx-disabled-elt" not in text  # htmx 2's names
    assert "hx-swap-oob" not in text or "hx-ext" not in text


def test_every_text_that_scripts_speak_is_given_to_them() -> None:
    given = set(re.findall(r'"(\w+)": _\(', (TEMPLATES / "_frame" / "texts.html").read_text("utf-8")))
    spoken = set()
    for path in (ROOT / "webapp" / "static" / "js").glob("*.js"):
        text = path.read_text("utf-8")
        spoken.update(re.findall(r'\bsay\((?:SENTENCES\[[^]]*\] \|\| )?"(\w+)"', text))
        if found := re.search(r"const SENTENCES = \{(.*?)\}", text):
            spoken.update(re.findall(r'"(\w+)"', found[1]))
    assert spoken <= given
    assert given <= spoken


def test_no_script_builds_html_from_text_or_runs_text() -> None:
    for path in (ROOT / "webapp" / "static" / "js").glob("*.js"):
        text = path.read_text("utf-8")
        assert not re.search(r"\beval\(|new Function|document\.write|insertAdjacentHTML|setAttribute\(\"style", text), (
            path.name
        )
        for line in re.findall(r".*\.innerHTML\s*\+?=[^=].*", text):
            assert "panel-waiting" in line, path.name  # a template of our own page
