"""The app's icon as pictures, for home screens that take no SVG: drawn by resvg (a WebAssembly package of npm, the same
on every machine) from `webapp/static/icons/`."""

from __future__ import annotations

import json
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
