"""Icons: the sprite of what pages name, and the app's icon as pictures for home screens that take no SVG, drawn by
resvg (a WebAssembly package of npm, the same on every machine) from `webapp/static/icons/`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

#: Plain name of the picture → drawing, width in pixels. `whole` fills its square: the device cuts the shape.
PICTURES = {
    "app-192.png": ("app.svg", 192),
    "app-512.png": ("app.svg", 512),
    "app-whole-512.png": ("app-whole.svg", 512),
    "app-apple-180.png": ("app-whole.svg", 180),
    "app-new-96.png": ("app-new.svg", 96),
}

_DRAW = """
const fs = require("fs"), { initWasm, Resvg } = require("@resvg/resvg-wasm");
initWasm(fs.readFileSync(require.resolve("@resvg/resvg-wasm/index_bg.wasm"))).then(() => {
  for (const [target, source, width] of JSON.parse(process.argv[1])) {
    const drawing = new Resvg(fs.readFileSync(source, "utf8"), { fitTo: { mode: "width", value: width } });
    fs.writeFileSync(target, drawing.render().asPng());
  }
}).catch((error) => { console.error(error); process.exit(1); });
"""


def draw(node: list[str], root: Path, drawings: Path, into: Path) -> dict[str, bytes]:
    """Plain name → PNG, each drawn into the folder `into` first."""
    wanted = [[str(into / name), str(drawings / source), width] for name, (source, width) in PICTURES.items()]
    done = subprocess.run([*node, "-e", _DRAW, json.dumps(wanted)], check=False, cwd=root)  # noqa: S603 (our own command)
    if done.returncode:
        sys.exit("The icons could not be drawn; see Node's message above.")
    found = {}
    for name in PICTURES:
        found[name] = (into / name).read_bytes()
        (into / name).unlink()
    return found


def sprite(modules: Path, names: list[str]) -> str:
    """One SVG with a symbol for each icon."""
    symbols = []
    missing = []
    for name in names:
        path = modules / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg"
        if not path.exists():
            missing.append(name)
            continue
        inner = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text("utf-8"), re.S)
        shapes = re.sub(r'<path stroke="none"[^>]*/>', "", re.sub(r">\s+<", "><", inner[1].strip() if inner else ""))
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    if missing:
        sys.exit(f"no such icon in @tabler/icons: {', '.join(missing)}")
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'
