"""The project's own source files, as the contract tests read them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = ROOT / "webapp" / "templates"
STATIC = ROOT / "webapp" / "static"


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Dotted name → parsed source of everything in webapp and tasks."""
    found = {}
    for package in ("webapp", "tasks"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text("utf-8"))
    return found


def is_package(name: str) -> bool:
    return (ROOT / Path(*name.split("."))).is_dir()


def templates() -> list[Path]:
    return sorted(path for path in TEMPLATES.rglob("*") if path.suffix in (".html", ".svg", ".txt"))


def imports(name: str) -> Iterator[tuple[str, int]]:
    """Modules that `name` imports anywhere at run time (not for type checking alone), with their lines."""
    for node in _at_run_time(modules()[name]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = name.split(".") if is_package(name) else name.split(".")[:-1]
                base = ".".join([*parent[: len(parent) - node.level + 1], *([base] if base else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield (inner if inner in modules() else base), node.lineno


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _at_run_time(child)
