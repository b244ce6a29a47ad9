"""A second process works ahead: in order, with its errors told here, and gone when nobody wants it any more."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import pytest

from webapp.engines.forms.transfer.ahead import ahead
from webapp.errors import Invalid, Problem
from webapp.i18n import N_


def test_what_the_child_makes_comes_in_order_and_whole():
    with ahead(lambda: ({"n": n, "text": "长" * 100_000} for n in range(50))) as items:
        found = list(items)
    assert [item["n"] for item in found] == list(range(50)) and len(found[-1]["text"]) == 100_000


def test_a_refusal_in_the_child_is_raised_here_with_all_it_says():
    def items():
        yield 1
        text = N_("There is nothing in this file.")
        raise Invalid(text, problems=[Problem("a", text, "empty", "b")], code="nothing", reason="x")

    with pytest.raises(Invalid) as caught, ahead(items) as found:
        assert next(found) == 1
        next(found)
    error = caught.value
    assert (str(error.message), error.code, error.detail) == (
        "There is nothing in this file.",
        "nothing",
        {"reason": "x"},
    )
    assert [(p.path, p.code, p.near) for p in error.problems] == [("a", "empty", "b")]


def test_a_fault_in_the_child_is_a_fault_here():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"), ahead(lambda: (1 // n for n in range(1))) as items:
        next(items)


def test_a_child_that_is_killed_is_told_from_the_end():
    with ahead(lambda: (os.getpid() for _ in itertools.count())) as items:
        os.kill(next(items), 9)
        with pytest.raises(RuntimeError, match="too early"):
            list(items)


def test_the_child_ends_with_the_block():
    with ahead(lambda: (os.getpid() for _ in itertools.count())) as items:
        child = next(items)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_the_child_keeps_no_file_of_this_process_but_those_it_is_given(tmp_path):
    with (tmp_path / "a").open("w") as a, (tmp_path / "b").open("w") as b:

        def items():
            for file in (a, b):
                try:
                    os.fstat(file.fileno())
                    yield True
                except OSError:
                    yield False

        with ahead(items, b.fileno()) as found:
            assert list(found) == [False, True]


def test_a_child_whose_parent_is_gone_ends():
    source, sink = os.pipe()
    parent = os.fork()
    if parent == 0:
        os.close(source)
        with ahead(lambda: (os.getpid() for _ in itertools.count())) as items:
            os.write(sink, str(next(items)).encode())
            os.kill(os.getpid(), 9)
    os.close(sink)
    with os.fdopen(source, "rb") as said:
        child = int(said.read())
    os.waitpid(parent, 0)
    told = Path(f"/proc/{child}/stat")
    while told.exists() and " Z " not in told.read_text():
        time.sleep(0.01)
