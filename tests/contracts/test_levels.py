"""Who may import whom: downwards only. The picture is printed, and stands in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import re

from tests.contracts.sources import ROOT, imports, modules

#: From the top; within one row nobody imports a neighbour.
ROWS: list[list[str]] = [
    ["webapp", "webapp.web", "webapp.blueprints", "webapp.cli", "webapp.serving", "tasks"],
    ["webapp.engines.flows", "webapp.engines.rules", "webapp.engines.reports"],
    ["webapp.channels", "webapp.connectors", "webapp.backups"],
    ["webapp.engines.forms"],
    ["webapp.access", "webapp.catalog"],
    ["webapp.definitions"],
    ["webapp.expressions"],
    ["webapp.migrating"],
    ["webapp.journal", "webapp.files"],
    ["webapp.registry", "webapp.errors", "webapp.clock", "webapp.i18n", "webapp.outbound", "webapp.config", "webapp.db",
     "webapp.schema"],
]  # fmt: skip
#: Rows whose members work together: the edges are wired to each other, and the ground is one piece.
TOGETHER = (0, len(ROWS) - 1)
#: Data classes and tables that stand below their users; read by those above the row they are put in here.
SHAPES = {
    "webapp.access.actor": "webapp.expressions",
    "webapp.definitions.kept": "webapp.expressions",
    "webapp.definitions.kinds": "webapp.expressions",
    "webapp.definitions.model": "webapp.expressions",
    "webapp.definitions.spec": "webapp.expressions",
}
#: Imports against the direction, each with its reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}
#: Libraries that stay in their place.
HOMES = {
    "flask": ("webapp", "webapp.web", "webapp.blueprints", "webapp.cli"),
    "huey": ("tasks",),
    "gunicorn": ("webapp.serving",),
    "click": ("webapp.cli",),
    "alembic": ("webapp.migrating",),
}


def row_of(module: str) -> int | None:
    """The row of a module: that of the longest name it lies under (`webapp` itself counts only for itself)."""
    module = SHAPES.get(module, module)
    best: tuple[int, int] | None = None
    for number, row in enumerate(ROWS):
        for name in row:
            is_under = module == name or (name != "webapp" and module.startswith(name + "."))
            if is_under and (best is None or len(name) > best[0]):
                best = (len(name), number)
    return best[1] if best else None


def package_of(module: str) -> str:
    names = [name for row in ROWS for name in row if module == name or module.startswith(name + ".")]
    return max(names, key=len)


def upward() -> list[str]:
    wrong = []
    for module in modules():
        here = row_of(module)
        if here is None:
            continue
        for other, line in imports(module):
            if not other.startswith(("webapp", "tasks")) or (module, other) in EXCEPTIONS:
                continue
            there = row_of(other)
            if there is None or package_of(SHAPES.get(module, module)) == package_of(SHAPES.get(other, other)):
                continue
            if there < here or (there == here and here not in TOGETHER):
                wrong.append(f"{module}:{line} imports {other}")
    return wrong


def picture() -> str:
    return "\n".join("   ".join(name.removeprefix("webapp.") for name in row) for row in ROWS)


def test_imports_go_downwards_only():
    print(picture())
    assert upward() == []


def test_every_module_has_its_row():
    small = {"webapp.engines"}  # a package that only holds others
    assert [name for name in modules() if row_of(name) is None and name not in small] == []


def test_libraries_stay_in_their_place():
    wrong = []
    for module in modules():
        for other, line in imports(module):
            homes = HOMES.get(other.split(".")[0])
            if homes and not any(
                module == home or (home != "webapp" and module.startswith(home + ".")) for home in homes
            ):
                wrong.append(f"{module}:{line} imports {other}")
    assert wrong == []


def test_exceptions_are_still_needed():
    found = {(module, other) for module in modules() for other, _ in imports(module)}
    assert [pair for pair in EXCEPTIONS if pair not in found] == []


def test_what_begins_with_an_underscore_stays_in_its_module():
    """`records._load` in another module means that it should have a good name of its own."""
    wrong = []
    for module, tree in modules().items():
        known = {alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
                 for alias in node.names if f"{node.module}.{alias.name}" in modules()}  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
                if node.attr.startswith("_") and not node.attr.startswith("__"):
                    wrong.append(f"{module}:{node.lineno} uses {node.value.id}.{node.attr}")
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("webapp"):
                names = [alias.name for alias in node.names if re.match(r"_[a-z]", alias.name)]
                wrong += [f"{module}:{node.lineno} imports {name}" for name in names]
    assert wrong == []


def test_the_picture_in_the_guide_is_this_one():
    assert picture() in (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_the_clock_is_asked_in_one_place():
    """`datetime.now()` and its like are found in `webapp/clock.py` alone."""
    wrong = []
    for name, tree in modules().items():
        for node in ast.walk(tree):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and node.func.attr in ("now", "utcnow", "today") and name != "webapp.clock":
                owner = ast.unparse(node.func.value)
                if owner in ("datetime", "date", "datetime.datetime", "datetime.date"):
                    wrong.append(f"{name}:{node.lineno}")
    assert wrong == []
