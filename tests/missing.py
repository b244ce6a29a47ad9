"""What a machine lacks. Such tests are named as not run; with MORTISE_TEST_ALL=1 they fail instead."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def report(what: str, how: str) -> NoReturn:
    """Skip the test for want of `what` (fail it when everything must run), saying how to get it."""
    text = f"not run: {what} is missing; {how}"
    if os.environ.get("MORTISE_TEST_ALL") == "1":
        pytest.fail(text, pytrace=False)
    pytest.skip(text)
