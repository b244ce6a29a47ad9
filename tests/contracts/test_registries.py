"""Every registered kind is named for people in both languages and has its test."""

import importlib

import pytest

from tests.contracts.sources import ROOT
from tests.contracts.test_translations import catalog
from webapp.definitions.kinds import field_kinds
from webapp.journal import due, keeping, periodic
from webapp.serving import worker


@pytest.fixture(scope="module", autouse=True)
def _all_kinds():
    for package in ("webapp.engines.forms.fields", "webapp.engines.forms.records"):
        importlib.import_module(package)
    worker.load_handlers()


def test_every_field_kind_is_named_in_both_languages():
    known = catalog()
    assert field_kinds.keys()
    assert [kind.key for kind in field_kinds if not known.get(kind.label.id, ("", ""))[0]] == []


def test_every_field_kind_is_tested():
    """Its key stands in a test of the fields."""
    texts = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests" / "fields").rglob("*.py"))
    assert [kind.key for kind in field_kinds if f'"{kind.key}"' not in texts] == []


def test_every_periodic_work_has_its_handler():
    assert keeping.seal and [work.key for work in periodic.works if f"periodic.{work.key}" not in due.handlers] == []


def test_the_worker_loads_every_handler():
    """Wherever a handler is registered, `webapp.serving.worker` names the module: else its rows would wait for ever."""
    missing = []
    for path in (ROOT / "webapp").rglob("*.py"):
        text = path.read_text("utf-8")
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if ("@due.handler(" in text or "@periodic.every(" in text) and name not in worker.HANDLERS:
            missing.append(name)
    assert missing == []
